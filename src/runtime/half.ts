// IEEE half precision on the host (Node 20 has no Float16Array).

const word = new ArrayBuffer(4);
const f32 = new Float32Array(word);
const u32 = new Uint32Array(word);

/** Nearest half of a float, ties to even, as its 16 bits; overflow becomes infinity. */
export function halfFromFloat(value: number): number {
  f32[0] = value;
  const x = u32[0];
  const sign = (x >>> 16) & 0x8000;
  const abs = x & 0x7fffffff;
  if (abs > 0x7f800000) return sign | 0x7e00;
  if (abs >= 0x477ff000) return sign | 0x7c00;
  if (abs < 0x38800000) {
    // Below the smallest normal half, 2^-14: adding 0.5 in float32 rounds to a multiple of 2^-24.
    f32[0] = Math.abs(Math.fround(value)) + 0.5;
    return sign | (u32[0] - 0x3f000000);
  }
  return sign | ((abs - 0x38000000 + 0xfff + ((abs >>> 13) & 1)) >>> 13);
}

export function floatFromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

export function toHalf(values: Float32Array): Uint16Array {
  const out = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) out[i] = halfFromFloat(values[i]);
  return out;
}

export function fromHalf(bits: Uint16Array): Float32Array {
  const out = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) out[i] = floatFromHalf(bits[i]);
  return out;
}
