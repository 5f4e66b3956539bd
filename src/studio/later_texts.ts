// The texts of what is loaded later: files that are opened, nets that take a style for each region.

export const texts = {
  files: {
    longLink: "The map is too large for a link. Save the picture and send the file: it carries the map.",
    brokenLink: "The link is damaged or was cut off. Ask for it again, or for the saved picture.",
    brokenMap: (problem: string) => `This file can't be read: ${problem}. Save it again as a PNG.`,
    otherMap: "None of the ids or colours in this map is one of this net. Choose the net that it was made for.",
    unknownIds: (pixels: number, ids: readonly number[]) =>
      `${pixels === 1 ? "1 pixel has" : `${pixels} pixels have`} no label of this net (${ids.length > 8 ? `${ids.slice(0, 8).join(", ")} ...` : ids.join(", ")}): ${pixels === 1 ? "it is" : "they are"} unknown now.`,
    resized: (width: number, height: number, to: number, toHeight: number) =>
      `The map was ${width} x ${height} and is ${to} x ${toHeight} now.`,
    otherFile:
      "This is no file that can be opened here. Drop a label map (PNG), a picture saved here, a photo, or a net (.safetensors, .pth).",
  },
  mean: "mean",
  regions: "Labels that a style feeds",
  all: "All",
  allTitle: "Select all labels, or none",
  reset: "Reset",
  resetTitle: "Take the selected labels back to the first style",
  alpha: "How far the selected labels move towards their style",
  feedHint: "Click: it feeds the selected labels",
  fed: (label: string, style: string, alpha: number) =>
    `${label}: ${style}${alpha < 1 ? ` ${Math.round(100 * alpha)} %` : ""}`,
  lacks: (style: string) => `${style} has none of the selected labels: nothing has changed.`,
  byOpenMap: (file: string) => `The regions of ${file} are read by the map that is open.`,
} as const;
