// Every text that the studio shows, in English; one file, so that it can be translated.

export const texts = {
  tools: {
    brush: "Brush",
    fill: "Fill",
    line: "Line",
    rectangle: "Rectangle",
    picker: "Pick a label",
  },
  shapes: { round: "Round", square: "Square", diamond: "Diamond" },
} as const;
