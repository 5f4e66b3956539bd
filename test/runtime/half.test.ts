import fc from "fast-check";
import { expect, test } from "vitest";
import { floatFromHalf, fromHalf, halfFromFloat, toHalf } from "../../src/runtime/half.ts";

// IEEE 754 binary16, table of the standard's corner values.
test.for([
  [0, 0x0000],
  [-0, 0x8000],
  [1, 0x3c00],
  [-2, 0xc000],
  [1 / 3, 0x3555],
  [65504, 0x7bff],
  [2 ** -14, 0x0400],
  [2 ** -14 - 2 ** -24, 0x03ff],
  [2 ** -24, 0x0001],
  [Infinity, 0x7c00],
  [-Infinity, 0xfc00],
])("%d is 0x%s", ([value, bits]) => {
  expect(halfFromFloat(value)).toBe(bits);
  if (value !== 1 / 3) expect(floatFromHalf(bits)).toBe(value);
});

test("all 65536 halves come back from float as they were; every NaN as the quiet one", () => {
  const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const back = toHalf(fromHalf(bits));
  const wrong = [...bits].filter((b) => {
    const nan = (b & 0x7c00) === 0x7c00 && (b & 0x3ff) !== 0;
    return back[b] !== (nan ? 0x7e00 : b) && !(nan && back[b] === (0x7e00 | (b & 0x8000)));
  });
  expect(wrong).toEqual([]);
});

test("between two neighbours the nearer half wins, and a tie goes to the even one", () => {
  const wrong: number[] = [];
  for (let b = 0; b < 0x7bff; b++) {
    const [low, high] = [floatFromHalf(b), floatFromHalf(b + 1)];
    const middle = (low + high) / 2; // exact in float32
    const step = middle * 2 ** -23;
    if (halfFromFloat(middle) !== (b % 2 ? b + 1 : b)) wrong.push(b);
    if (halfFromFloat(middle - step) !== b || halfFromFloat(middle + step) !== b + 1) wrong.push(b);
    if (halfFromFloat(-middle) !== (0x8000 | (b % 2 ? b + 1 : b))) wrong.push(-b);
  }
  expect(wrong).toEqual([]);
});

test("what is beyond the range becomes infinite, from halfway past the largest half on", () => {
  expect(halfFromFloat(65519.996)).toBe(0x7bff);
  expect(halfFromFloat(65520)).toBe(0x7c00);
  expect(halfFromFloat(-1e30)).toBe(0xfc00);
  expect(halfFromFloat(2 ** -25)).toBe(0);
  expect(halfFromFloat(2 ** -25 * (1 + 2 ** -23))).toBe(1);
  expect(halfFromFloat(-1e-44)).toBe(0x8000);
});

test("rounding never goes further than half a step", () =>
  fc.assert(
    fc.property(fc.float({ min: -65504, max: 65504, noNaN: true }), (x) => {
      const step = Math.max(2 ** -24, 2 ** (Math.floor(Math.log2(Math.abs(x) || 1e-30)) - 10));
      expect(Math.abs(floatFromHalf(halfFromFloat(x)) - x)).toBeLessThanOrEqual(step / 2);
    }),
  ));
