// Counter-based random numbers: Philox4x32-10 (Salmon et al., SC 2011), and normal values from it (Box and Muller
// 1958). The same seed gives the same words on every machine, and each block depends only on seed and counter.

/** High 32 bits of a*b. */
function mulHi(a: number, b: number): number {
  const ah = a >>> 16;
  const al = a & 0xffff;
  const bh = b >>> 16;
  const bl = b & 0xffff;
  const mid = ah * bl + ((al * bl) >>> 16);
  const mid2 = al * bh + (mid & 0xffff);
  return (ah * bh + Math.floor(mid / 0x10000) + Math.floor(mid2 / 0x10000)) >>> 0;
}

/**
 * Writes the four words of a block, for a 128-bit counter a..d and a 64-bit key, to words[at ...]; drops words beyond
 * the end.
 */
function block(
  words: Uint32Array,
  at: number,
  a: number,
  b: number,
  c: number,
  d: number,
  k0: number,
  k1: number,
): void {
  for (let round = 0; round < 10; round++) {
    const hi0 = mulHi(0xd2511f53, a);
    const hi1 = mulHi(0xcd9e8d57, c);
    const lo0 = Math.imul(0xd2511f53, a) >>> 0;
    const lo1 = Math.imul(0xcd9e8d57, c) >>> 0;
    a = (hi1 ^ b ^ k0) >>> 0;
    b = lo1;
    c = (hi0 ^ d ^ k1) >>> 0;
    d = lo0;
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  words[at] = a;
  words[at + 1] = b;
  words[at + 2] = c;
  words[at + 3] = d;
}

/** Computes one block of four 32-bit words from a 128-bit counter and a 64-bit key. */
export function philox4x32(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
): [number, number, number, number] {
  const words = new Uint32Array(4);
  const [a, b, c, d] = counter.map((x) => x >>> 0);
  block(words, 0, a, b, c, d, key[0] >>> 0, key[1] >>> 0);
  return [words[0], words[1], words[2], words[3]];
}

/** A seed's low and high 32 bits, as signed words. */
export const keyOf = (seed: number): [number, number] => [seed | 0, Math.floor(seed / 2 ** 32) | 0];

/** The first `n` words for a seed. */
function seedWords(seed: number, n: number, layer = 0): Uint32Array {
  const words = new Uint32Array(n);
  const [low, high] = keyOf(seed);
  for (let i = 0; i < n; i += 4) block(words, i, i / 4, layer, 0, 0, low >>> 0, high >>> 0);
  return words;
}

/** `n` normal values N(0,1) for a seed (an integer of at most 2^53 in magnitude). @param layer u32: others have other values */
export function normalValues(seed: number, n: number, layer = 0): Float32Array {
  const words = seedWords(seed, (n + 1) & ~1, layer);
  const out = new Float32Array(n);
  // Map to (0, 1], so that the logarithm is finite.
  const unit = (x: number): number => (x + 1) / 2 ** 32;
  for (let i = 0; i < n; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(unit(words[i])));
    const angle = 2 * Math.PI * unit(words[i + 1]);
    out[i] = radius * Math.cos(angle);
    if (i + 1 < n) out[i + 1] = radius * Math.sin(angle);
  }
  return out;
}

/** `n` values for a seed, uniform in [-1, 1]. */
export function uniformValues(seed: number, n: number): Float32Array {
  return Float32Array.from(seedWords(seed, n), (x) => x / 2 ** 31 - 1);
}

/** 32-bit FNV-1a hash of a name's UTF-8 bytes. */
export function fnv1a32(name: string): number {
  let h = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) h = Math.imul(h ^ byte, 0x01000193);
  return h >>> 0;
}

/** A seed for a named stream of random numbers: the low 32 bits are `seed`, the high ones a hash of the name. */
export function keyedSeed(seed: number, name: string): number {
  // 21 bits of hash: together with the low 32 bits this is still an exact number.
  return (fnv1a32(name) >>> 11) * 2 ** 32 + (seed >>> 0);
}
