// The published generic colour map: the bits of id + 1 spread over red, green and blue, highest first.

/** Red, green, blue (0..255) of a label. */
export function labelColor(id: number): [number, number, number] {
  const n = id + 1;
  const rgb: [number, number, number] = [0, 0, 0];
  for (let j = 0; j < 7; j++) for (let c = 0; c < 3; c++) rgb[c] |= ((n >> (3 * j + c)) & 1) << (7 - j);
  return rgb;
}

/** The same as #rrggbb. */
export function labelHex(id: number): string {
  return `#${labelColor(id)
    .map((v) => v.toString(16).padStart(2, "0"))
    .join("")}`;
}
