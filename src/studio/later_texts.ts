// The texts of what few people see, loaded with it: nets that take a style for each region.

export const texts = {
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
