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
