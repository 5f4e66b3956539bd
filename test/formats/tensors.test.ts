import fc from "fast-check";
import { expect, test } from "vitest";

import { rangeSource } from "../../src/formats/ranges.ts";
import { blobAccess, bytesAccess, fromF32, itemSize, subAccess, toF32 } from "../../src/formats/tensors.ts";
import { DTYPES, failure } from "./helpers.ts";

const bytes = (a: ArrayBufferView): Uint8Array => new Uint8Array(a.buffer, a.byteOffset, a.byteLength);

test("every dtype becomes float32", () => {
  const cases: [Parameters<typeof toF32>[0], number[]][] = [
    [{ dtype: "F64", data: bytes(Float64Array.of(1.5, -2, 1e300)) }, [1.5, -2, Infinity]],
    [{ dtype: "F32", data: bytes(Float32Array.of(0.25, -0)) }, [0.25, -0]],
    [
      { dtype: "F16", data: bytes(Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7c00, 0x7bff)) },
      [1, -2, 2 ** -24, Infinity, 65504],
    ],
    [{ dtype: "BF16", data: bytes(Uint16Array.of(0x3f80, 0xc000, 0xff80, 0x0001)) }, [1, -2, -Infinity, 2 ** -133]],
    [{ dtype: "I64", data: bytes(BigInt64Array.of(-3n, 2n ** 62n)) }, [-3, 2 ** 62]],
    [{ dtype: "I32", data: bytes(Int32Array.of(-(2 ** 31), 7)) }, [-(2 ** 31), 7]],
    [{ dtype: "I16", data: bytes(Int16Array.of(-300, 300)) }, [-300, 300]],
    [{ dtype: "I8", data: bytes(Int8Array.of(-128, 127)) }, [-128, 127]],
    [{ dtype: "U8", data: Uint8Array.of(0, 255) }, [0, 255]],
    [{ dtype: "BOOL", data: Uint8Array.of(0, 1, 2) }, [0, 1, 1]],
  ];
  expect(cases.map(([t]) => t.dtype)).toEqual(DTYPES);
  for (const [tensor, expected] of cases) expect([...toF32(tensor)]).toEqual(expected);
});

test("bytes that are not aligned for their dtype are read all the same", () => {
  const odd = new Uint8Array(9);
  odd.set(bytes(Float32Array.of(3, -4)), 1);
  expect([...toF32({ dtype: "F32", data: odd.subarray(1) })]).toEqual([3, -4]);
});

test("f16 rounds to nearest, ties to even, and overflows to infinity", () => {
  const ulp = 2 ** -10;
  const values = [
    1 + ulp / 2,
    1 + (3 * ulp) / 2,
    1 + ulp / 2 + 2 ** -20,
    65519.99,
    65520,
    -1e9,
    2 ** -25,
    2 ** -25 * 1.001,
    2 ** -24 * 1.5,
    2 ** -14 - 2 ** -26,
  ];
  const back = toF32({ dtype: "F16", data: fromF32(Float32Array.from(values), "F16") });
  expect([...back]).toEqual([1, 1 + 2 * ulp, 1 + ulp, 65504, Infinity, -Infinity, 0, 2 ** -24, 2 ** -23, 2 ** -14]);
});

test("every f16 and bf16 goes through float32 and back unchanged", () => {
  const all = Uint16Array.from({ length: 65536 }, (_, i) => i);
  for (const [dtype, isNaN16] of [
    ["F16", (b: number): boolean => (b & 0x7fff) > 0x7c00],
    ["BF16", (b: number): boolean => (b & 0x7fff) > 0x7f80],
  ] as const) {
    const back = fromF32(toF32({ dtype, data: bytes(all) }), dtype);
    const bits = new Uint16Array(back.buffer, back.byteOffset, 65536);
    for (let b = 0; b < 65536; b++) {
      if (isNaN16(b)) expect(isNaN16(bits[b])).toBe(true);
      else if (bits[b] !== b) expect(bits[b]).toBe(b);
    }
  }
});

test("bf16 takes the nearest of its values, the even one of two", () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true, min: Math.fround(-1e38), max: Math.fround(1e38) }), (x) => {
      const [y] = toF32({ dtype: "BF16", data: fromF32(Float32Array.of(x), "BF16") });
      const gap = (way: number): number => {
        const b = Uint16Array.from(new Uint16Array(fromF32(Float32Array.of(y), "BF16").slice().buffer), (v) => v + way);
        return Math.abs(toF32({ dtype: "BF16", data: bytes(b) })[0] - x);
      };
      const error = Math.abs(y - x);
      return error <= gap(1) && (y === 0 || error <= gap(-1));
    }),
  );
});

test("a strided view reads as its row-major copy, whole or in pieces", async () => {
  const dimension = fc.record({ size: fc.integer({ min: 1, max: 4 }), stride: fc.integer({ min: 0, max: 7 }) });
  await fc.assert(
    fc.asyncProperty(
      fc.array(dimension, { maxLength: 4 }),
      fc.constantFrom(...DTYPES),
      fc.nat(9),
      fc.integer({ min: 1, max: 40 }),
      async (dims, dtype, offset, pieceBytes) => {
        const item = itemSize(dtype);
        const data = Uint8Array.from(
          { length: (offset + 1 + dims.reduce((n, d) => n + (d.size - 1) * d.stride, 0)) * item },
          (_, i) => (i * 7) & 255,
        );
        const shape = dims.map((d) => d.size);
        const range = {
          dtype,
          shape,
          strides: dims.map((d) => d.stride),
          start: offset * item,
          access: bytesAccess(data),
        };
        const source = rangeSource("test", new Map([["t", range]]), {});
        const expected: number[] = [];
        const walk = (d: number, at: number): void => {
          if (d === dims.length) expected.push(...data.subarray(at * item, (at + 1) * item));
          else for (let i = 0; i < dims[d].size; i++) walk(d + 1, at + i * dims[d].stride);
        };
        walk(0, offset);
        expect([...(await source.read("t")).data]).toEqual(expected);
        const pieces: number[] = [];
        for await (const piece of source.chunks("t", pieceBytes)) {
          expect(piece.length).toBeLessThanOrEqual(Math.max(8, pieceBytes));
          expect(piece.length % item).toBe(0);
          pieces.push(...piece);
        }
        expect(pieces).toEqual(expected);
      },
    ),
  );
});

test("ranges outside a file, and tensors that it does not hold, are refused", async () => {
  const access = bytesAccess(new Uint8Array(16), "x");
  for (const [offset, length] of [
    [0, 17],
    [-1, 2],
    [16, 1],
    [0.5, 1],
    [0, NaN],
    [2 ** 53, 1],
  ]) {
    expect((await failure(() => access.read(offset, length))).code).toBe("file");
  }
  expect((await failure(() => subAccess(access, 8, 9))).code).toBe("file");
  expect((await failure(() => subAccess(access, 8, 8).read(4, 5))).code).toBe("file");
  const source = rangeSource("x", new Map([["a", { dtype: "F32", shape: [4], start: 0, access }]]), {});
  expect((await failure(() => source.read("b"))).problem).toBe('holds no tensor "b"');
  for (const range of [
    { shape: [5], start: 0 },
    { shape: [4], start: 1 },
    { shape: [-1], start: 0 },
    { shape: [2 ** 30, 2 ** 30], strides: [0, 0], start: 0 },
    { shape: [1e8], strides: [0], start: 0 },
    { shape: [2, 2], strides: [4, 1], start: 0 },
    { shape: [2], strides: [2 ** 60], start: 0 },
  ]) {
    expect((await failure(() => rangeSource("x", new Map([["a", { dtype: "F32", access, ...range }]]), {}))).code).toBe(
      "file",
    );
  }
});

test("a Blob is read by range", async () => {
  const access = blobAccess(new Blob([Uint8Array.of(1, 2, 3, 4)]));
  expect([...(await access.read(1, 2))]).toEqual([2, 3]);
  expect((await failure(() => access.read(3, 2))).code).toBe("file");
});
