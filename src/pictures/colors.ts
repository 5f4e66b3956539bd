// The published generic colour map: the bits of id + 1 spread over red, green and blue, highest first.

import type { LabelMap } from "../labels/label_map.ts";

/** Red, green, blue (0..255) of a label. */
export function labelColor(id: number): [number, number, number] {
  const n = id + 1;
  const rgb: [number, number, number] = [0, 0, 0];
  for (let j = 0; j < 7; j++) for (let c = 0; c < 3; c++) rgb[c] |= ((n >> (3 * j + c)) & 1) << (7 - j);
  return rgb;
}

/** Colours a map: RGB bytes [H,W,3]. */
export function coloredMap(
  map: LabelMap,
  colorOf: (id: number) => readonly [number, number, number] = labelColor,
): Uint8Array {
  const rgb = new Uint8Array(map.data.length * 3);
  const known = new Map<number, readonly [number, number, number]>();
  for (let p = 0; p < map.data.length; p++) {
    const id = map.data[p];
    let color = known.get(id);
    if (!color) known.set(id, (color = colorOf(id)));
    rgb.set(color, 3 * p);
  }
  return rgb;
}

/** The colour of a label as #rrggbb. */
export function labelHex(id: number): string {
  return `#${labelColor(id)
    .map((v) => v.toString(16).padStart(2, "0"))
    .join("")}`;
}
