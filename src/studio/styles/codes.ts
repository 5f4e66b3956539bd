// Styles of regions as one list of numbers: the codes of all regions, one after the other; zeros for a region without one.

import type { RegionStyles } from "../../index.ts";

/** The codes of a style's regions that have one. */
export function codes(z: Float32Array, length: number): Record<number, Float32Array> {
  const found: Record<number, Float32Array> = {};
  for (let at = 0; at < z.length; at += length) {
    const code = z.subarray(at, at + length);
    if (code.some((v) => v !== 0)) found[at / length] = code;
  }
  return found;
}

/** The style of some regions' codes. */
export function flat(styles: RegionStyles, labels: number, length: number): Float32Array {
  const z = new Float32Array(labels * length);
  for (const [label, code] of Object.entries(styles)) z.set(code as Float32Array, Number(label) * length);
  return z;
}
