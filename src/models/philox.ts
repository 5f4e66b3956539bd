// Random numbers by counter: Philox4x32-10 (Salmon et al., SC 2011) and normal values from it (Box and Muller 1958). The same seed
// gives the same numbers on every machine, in any order of asking.

/** High and low 32 bits of a*b. */
function mulHiLo(a: number, b: number): [number, number] {
  const lo = Math.imul(a, b) >>> 0;
  const [ah, al, bh, bl] = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff];
  const mid = ah * bl + ((al * bl) >>> 16);
  const mid2 = al * bh + (mid & 0xffff);
  return [(ah * bh + Math.floor(mid / 0x10000) + Math.floor(mid2 / 0x10000)) >>> 0, lo];
}

/** One block of four 32-bit words for a 128-bit counter and a 64-bit key. */
export function philox4x32(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
): [number, number, number, number] {
  let [a, b, c, d] = counter.map((x) => x >>> 0);
  let [k0, k1] = key.map((x) => x >>> 0);
  for (let round = 0; round < 10; round++) {
    const [hi0, lo0] = mulHiLo(0xd2511f53, a);
    const [hi1, lo1] = mulHiLo(0xcd9e8d57, c);
    [a, b, c, d] = [(hi1 ^ b ^ k0) >>> 0, lo1, (hi0 ^ d ^ k1) >>> 0, lo0];
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [a, b, c, d];
}

/** `n` normal values N(0,1) of a seed (an integer, up to 2^53 in size). */
export function normalValues(seed: number, n: number): Float32Array {
  const out = new Float32Array(n);
  const key: [number, number] = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0];
  // (0, 1]: the logarithm is finite.
  const unit = (x: number): number => (x + 1) / 2 ** 32;
  for (let i = 0; i < n; i += 4) {
    const w = philox4x32([i / 4, 0, 0, 0], key);
    for (const j of [0, 2]) {
      const radius = Math.sqrt(-2 * Math.log(unit(w[j])));
      const angle = 2 * Math.PI * unit(w[j + 1]);
      if (i + j < n) out[i + j] = radius * Math.cos(angle);
      if (i + j + 1 < n) out[i + j + 1] = radius * Math.sin(angle);
    }
  }
  return out;
}
