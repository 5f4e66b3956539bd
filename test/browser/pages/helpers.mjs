// What pages under test share.

/** Hex of the bytes' SHA-256. */
export async function sha256(bytes) {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (b) => b.toString(16).padStart(2, "0")).join("");
}

/** Stripes of labels, as in test/api/tiny.ts. */
export function stripes(width, height, labels, of = 8) {
  const data = Uint8Array.from({ length: width * height }, (_, i) => Math.floor((i % width) / of) % labels);
  return { width, height, data };
}

/** A photo of 64x64, as in test/api/tiny_sean.ts. */
export const photo = (seed) =>
  new ImageData(
    Uint8ClampedArray.from({ length: 4 * 64 * 64 }, (_, i) => (i % 4 === 3 ? 255 : (Math.imul(i, seed) >>> 3) % 256)),
    64,
    64,
  );
