// The published tensor2im: a value of a picture in [-1,1] as a byte, truncated, not rounded.

/** 0 for NaN. */
export function rgbByte(value: number): number {
  return Math.floor(Math.min(255, Math.max(0, ((value + 1) / 2) * 255))) || 0;
}
