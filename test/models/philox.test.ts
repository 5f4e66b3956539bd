import { expect, test } from "vitest";
import { normalValues, philox4x32 } from "../../src/models/philox.ts";

// The known-answer vectors that come with Random123 (kat_vectors, philox4x32 10).
test.each([
  { counter: [0, 0, 0, 0], key: [0, 0], want: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8] },
  {
    counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    key: [0xffffffff, 0xffffffff],
    want: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  },
  {
    counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    key: [0xa4093822, 0x299f31d0],
    want: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  },
])("philox4x32-10 of counter $counter, key $key", ({ counter, key, want }) => {
  expect(philox4x32(counter as [number, number, number, number], key as [number, number])).toEqual(want);
});

test("normal values have mean 0, deviation 1, and depend on the seed alone", () => {
  const v = normalValues(7, 20001);
  const mean = v.reduce((a, b) => a + b) / v.length;
  const variance = v.reduce((a, b) => a + (b - mean) ** 2, 0) / v.length;
  expect(Math.abs(mean)).toBeLessThan(0.03);
  expect(Math.abs(variance - 1)).toBeLessThan(0.04);
  expect(normalValues(7, 10)).toEqual(v.slice(0, 10));
  expect(normalValues(8, 10)).not.toEqual(v.slice(0, 10));
});
