// A small map and a picture of it, for tests of files.

import type { Painting } from "../../../src/studio/files/code.ts";

/** Stripes of the labels 0 to labels - 1, with a disc. */
export function map(width: number, height: number, labels: number): Uint8Array {
  return Uint8Array.from({ length: width * height }, (_, p) => {
    const [x, y] = [p % width, Math.floor(p / width)];
    if ((x - width / 2) ** 2 + (y - height / 2) ** 2 < (height / 5) ** 2) return labels - 1;
    return Math.floor((y * labels) / height);
  });
}

/** A smooth picture with some grain. */
export function picture(width: number, height: number) {
  const data = new Uint8ClampedArray(4 * width * height);
  for (let p = 0; p < width * height; p++) {
    const [x, y] = [p % width, Math.floor(p / width)];
    data.set([2 * x + ((p * 7919) % 5), 2 * y, (x * y) % 256, 255], 4 * p);
  }
  return { data, width, height };
}

export const painting = (width = 32, height = 24): Painting => ({
  net: "landscape",
  sha256: "0123456789abcdef".repeat(4),
  width,
  height,
  ids: map(width, height, 9),
  style: { name: "Abend, größer", z: Float32Array.from({ length: 64 }, (_, i) => Math.sin(i) * 2) },
});
