// Converts a picture's value in [-1,1] to a byte like the published tensor2im: truncates, does not round.

/** 0 for NaN. */
export function rgbByte(value: number): number {
  return Math.floor(Math.min(255, Math.max(0, ((value + 1) / 2) * 255))) || 0;
}
