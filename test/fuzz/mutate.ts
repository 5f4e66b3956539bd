// Damages files: seeded, so that a reader's name, a seed and an index make the same bytes again.

import { crc32 } from "../../src/formats/crc.ts";
import { random } from "../support/random.ts";

export type Random = () => number;

/** Whole numbers from 0 to `below` - 1. */
export const whole = (random: Random, below: number): number => Math.floor(random() * below);

/** Draws seeded with a hash of the parts. */
export const randomOf = (...parts: readonly (string | number)[]): Random =>
  random(crc32(new TextEncoder().encode(parts.join("\n"))));

const pick = <T>(random: Random, list: readonly T[]): T => list[whole(random, list.length)];

function replaced(bytes: Uint8Array, from: number, to: number, middle: Uint8Array): Uint8Array {
  const out = new Uint8Array(from + middle.length + bytes.length - to);
  out.set(bytes.subarray(0, from));
  out.set(middle, from);
  out.set(bytes.subarray(to), from + middle.length);
  return out;
}

const EXTREMES = [
  0n,
  1n,
  0x7fn,
  0xffn,
  0x7fffn,
  0xffffn,
  0x7fffffffn,
  0xffffffffn,
  2n ** 53n,
  2n ** 63n - 1n,
  2n ** 64n - 1n,
];
const NUMBERS = [
  "0",
  "-1",
  "65536",
  "1e9",
  "4294967296",
  "9007199254740993",
  "1e308",
  "-0.5",
  "null",
  '"a"',
  "[]",
  "{}",
];
/** Bytes that open something in JSON, pickles and text. */
const OPENERS = [..."[{(}])\"'.,N0\n "].map((c) => c.charCodeAt(0));

type Mutation = (random: Random, bytes: Uint8Array, others: readonly Uint8Array[]) => Uint8Array;

const MUTATIONS: readonly Mutation[] = [
  // Bits.
  (random, bytes) => {
    const out = bytes.slice();
    for (let n = 1 + whole(random, 8); n > 0; n--) out[whole(random, out.length)] ^= 1 << whole(random, 8);
    return out;
  },
  // Bytes near the beginning, where headers are.
  (random, bytes) => {
    const out = bytes.slice();
    for (let n = 1 + whole(random, 4); n > 0; n--) out[whole(random, Math.min(out.length, 256))] = whole(random, 256);
    return out;
  },
  // The end.
  (random, bytes) => bytes.slice(0, whole(random, bytes.length)),
  // A part of it left out, twice, or from another file.
  (random, bytes) => {
    const from = whole(random, bytes.length);
    return replaced(bytes, from, Math.min(bytes.length, from + 1 + whole(random, 64)), new Uint8Array(0));
  },
  (random, bytes) => {
    const from = whole(random, bytes.length);
    const block = bytes.subarray(from, from + 1 + whole(random, 200));
    const times = 1 + whole(random, 50);
    const copies = new Uint8Array(block.length * times);
    for (let i = 0; i < times; i++) copies.set(block, i * block.length);
    return replaced(bytes, from, from, copies);
  },
  (random, bytes, others) => {
    const other = pick(random, others);
    return replaced(bytes, whole(random, bytes.length), bytes.length, other.subarray(whole(random, other.length)));
  },
  // A number of 1 to 8 bytes in either order.
  (random, bytes) => {
    const out = bytes.slice();
    const width = pick(random, [1, 2, 4, 8]);
    const at = whole(random, Math.max(1, out.length - width));
    const value = pick(random, EXTREMES);
    const little = random() < 0.5;
    for (let i = 0; i < width && at + i < out.length; i++)
      out[at + (little ? i : width - 1 - i)] = Number((value >> BigInt(8 * i)) & 255n);
    return out;
  },
  // A number in digits.
  (random, bytes) => {
    const start = whole(random, bytes.length);
    const isDigit = (at: number): boolean => bytes[at] >= 0x30 && bytes[at] <= 0x39;
    for (let at = start; at < Math.min(bytes.length, start + 500); at++) {
      if (!isDigit(at)) continue;
      let end = at;
      while (isDigit(end)) end++;
      return replaced(bytes, at, end, new TextEncoder().encode(pick(random, NUMBERS)));
    }
    return bytes;
  },
  // A run of one byte.
  (random, bytes) => {
    const run = new Uint8Array(1 << whole(random, 18)).fill(
      random() < 0.7 ? pick(random, OPENERS) : whole(random, 256),
    );
    const at = whole(random, bytes.length);
    return replaced(bytes, at, at, run);
  },
];

/** One to three mutations of one of the files. */
export function mutant(random: Random, files: readonly Uint8Array[]): Uint8Array {
  let bytes = pick(random, files);
  for (let n = 1 + whole(random, 3); n > 0 && bytes.length > 0; n--)
    bytes = pick(random, MUTATIONS)(random, bytes, files);
  return random() < 0.5 ? resealed(bytes) : bytes;
}

/** Makes the checksums of a PNG's chunks right again and those of a zip's directory 0, so that readers go on behind them. */
function resealed(bytes: Uint8Array): Uint8Array {
  const out = bytes.slice();
  const view = new DataView(out.buffer);
  if (out[0] === 0x89 && out[1] === 0x50) {
    for (let at = 8; at + 12 <= out.length;) {
      const end = at + 12 + view.getUint32(at);
      if (end > out.length) break;
      view.setUint32(end - 4, crc32(out.subarray(at + 4, end - 4)));
      at = end;
    }
  }
  if (out[0] === 0x50 && out[1] === 0x4b)
    for (let at = 0; at + 46 <= out.length; at++)
      if (view.getUint32(at, true) === 0x02014b50) view.setUint32(at + 16, 0, true);
  return out;
}
