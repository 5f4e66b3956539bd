// Whether maps, styles and pictures are equal.

import type { Painted } from "./picture.ts";

export function equal(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

export const isSameStyle = (a: Float32Array | undefined, b: Float32Array | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && equal(a, b));

export const isSame = (a: Painted, b: Painted): boolean => isSameStyle(a.style, b.style) && equal(a.ids, b.ids);
