// Bytes of a picture and the nets' values in [-1,1]. To bytes like the published tensor2im: in float32 as numpy does, and truncated, not rounded.

const { fround } = Math;

/** 0 for NaN. */
export function rgbByte(value: number): number {
  return Math.floor(Math.min(255, Math.max(0, fround(fround(fround(value) + 1) * 127.5)))) || 0;
}

/** The value of each byte: upstream's (v / 255 - 0.5) / 0.5, in torch's order of float32 operations. */
export const NORMALISED = /* @__PURE__ */ Float32Array.from(
  { length: 256 },
  (_, v) => fround(fround(v / 255) - 0.5) / 0.5,
);
