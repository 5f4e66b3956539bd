import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TupleTable } from "../../src/labels/tuple_table.ts";
import { buildWindows, type LevelWindows, WindowScratch } from "../../src/labels/windows.ts";

type Input = Parameters<typeof buildWindows>[0];

/** The k x k window of each pixel as text, in raster order over the batch. */
function windowsByHand(values: Int32Array, { images, h, w, k }: Input, outside: number): string[] {
  const r = (k - 1) / 2;
  const found: string[] = [];
  for (let n = 0; n < images; n++) {
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        const window: number[] = [];
        for (let i = y - r; i <= y + r; i++) {
          for (let j = x - r; j <= x + r; j++) {
            window.push(i < 0 || i >= h || j < 0 || j >= w ? outside : values[(n * h + i) * w + j]);
          }
        }
        found.push(window.join());
      }
    }
  }
  return found;
}

/** Distinct windows in order of first appearance, and the number of each pixel's window. */
function dictionaryByHand(windows: string[]): { distinct: string[]; ids: number[] } {
  const number = new Map<string, number>();
  const ids = windows.map((key) => {
    if (!number.has(key)) number.set(key, number.size);
    return number.get(key)!;
  });
  return { distinct: [...number.keys()], ids };
}

const rows = (table: Int32Array, k: number): string[] =>
  Array.from({ length: table.length / (k * k) }, (_, i) => table.subarray(i * k * k, (i + 1) * k * k).join());

function check(input: Input, result: LevelWindows): void {
  const { k } = input;
  const inner = dictionaryByHand(windowsByHand(input.codes, input, -1));
  expect([...result.innerIds]).toEqual(inner.ids.map((id) => id + 1));
  expect(result.innerCount).toBe(inner.distinct.length + 1);
  expect(rows(result.innerWindows, k)).toEqual([
    Array(k * k)
      .fill(-2)
      .join(),
    ...inner.distinct,
  ]);
  const outer = dictionaryByHand(windowsByHand(result.innerIds, input, 0));
  expect([...result.outerIds]).toEqual(outer.ids);
  expect(result.outerCount).toBe(outer.distinct.length);
  expect(rows(result.outerWindows, k)).toEqual(outer.distinct);
  expect(result).toMatchObject({ h: input.h, w: input.w, k, images: input.images });
}

/** Code maps from noise to large patches: `cell` is the side of squares of one value. */
const inputs: fc.Arbitrary<Input> = fc
  .record({
    images: fc.integer({ min: 1, max: 3 }),
    h: fc.integer({ min: 1, max: 12 }),
    w: fc.integer({ min: 1, max: 12 }),
    k: fc.constantFrom(1, 3, 5, 7),
    values: fc.integer({ min: 1, max: 6 }),
    cell: fc.integer({ min: 1, max: 6 }),
    seed: fc.integer(),
  })
  .map(({ images, h, w, k, values, cell, seed }) => {
    const codes = Int32Array.from({ length: images * h * w }, (_, i) => {
      const [n, y, x] = [Math.floor(i / (h * w)), Math.floor(i / w) % h, i % w];
      const mixed = Math.imul(seed ^ (n * 7919 + Math.floor(y / cell) * 104729 + Math.floor(x / cell) * 31), 0x45d9f3b);
      return ((mixed ^ (mixed >>> 13)) >>> 3) % values;
    });
    return { codes, images, h, w, k };
  });

describe("the dictionary of windows", () => {
  it("gives pixels the same id exactly where their windows are the same, numbered by first appearance", () => {
    fc.assert(
      fc.property(inputs, (input) => check(input, buildWindows(input))),
      { numRuns: 150 },
    );
  });

  it("gives equal results with a scratch used before, for larger and smaller maps", () => {
    const scratch = new WindowScratch();
    fc.assert(
      fc.property(inputs, (input) => {
        expect(buildWindows(input, scratch)).toEqual(buildWindows(input));
      }),
      { numRuns: 60 },
    );
  });

  it("allocates nothing but views when warm", () => {
    const codes = Int32Array.from({ length: 40 * 30 }, (_, i) => (i * i) % 7);
    const input = { codes, images: 1, h: 30, w: 40, k: 3 };
    const scratch = new WindowScratch();
    const cold = buildWindows(input, scratch);
    const warm = buildWindows(input, scratch);
    for (const key of ["innerIds", "innerWindows", "outerIds", "outerWindows"] as const) {
      expect(warm[key].buffer).toBe(cold[key].buffer);
    }
    expect(warm.codes).toBe(codes);
  });

  it("finds 9 inner and 25 outer windows in a large map of one label", () => {
    const result = buildWindows({ codes: new Int32Array(20 * 17).fill(6), images: 1, h: 20, w: 17, k: 3 });
    expect(result.innerCount).toBe(1 + 9);
    expect(result.outerCount).toBe(25);
  });

  it("finds a window a pixel where every pixel differs, beyond several growths of the table", () => {
    const [h, w] = [90, 110];
    const codes = Int32Array.from({ length: h * w }, (_, i) => i * 2);
    const input = { codes, images: 1, h, w, k: 3 };
    const result = buildWindows(input);
    check(input, result);
    expect(result.innerCount).toBe(1 + h * w);
    expect(result.outerCount).toBe(h * w);
  });

  it("shares windows among the images of a batch, which do not see each other", () => {
    const one = Int32Array.from({ length: 48 }, (_, i) => (i % 5) * 2);
    const two = new Int32Array(96);
    two.set(one);
    two.set(one, 48);
    const single = buildWindows({ codes: one, images: 1, h: 6, w: 8, k: 5 });
    const batch = buildWindows({ codes: two, images: 2, h: 6, w: 8, k: 5 });
    expect(batch.outerWindows).toEqual(single.outerWindows);
    expect([...batch.outerIds]).toEqual([...single.outerIds, ...single.outerIds]);
  });

  it("refuses an even kernel, an empty size and too few codes", () => {
    const codes = new Int32Array(16);
    expect(() => buildWindows({ codes, images: 1, h: 4, w: 4, k: 2 })).toThrow(/odd kernel/);
    expect(() => buildWindows({ codes, images: 1, h: 0, w: 4, k: 3 })).toThrow(/whole sizes/);
    expect(() => buildWindows({ codes, images: 2, h: 4, w: 4, k: 3 })).toThrow(/16 codes/);
  });
});

describe("the table of tuples", () => {
  it("numbers tuples as a map of strings does, strided or not, for any int32", () => {
    const table = new TupleTable();
    const values = fc.array(fc.oneof(fc.integer({ min: -2, max: 3 }), fc.integer()), { minLength: 1, maxLength: 400 });
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 3 }), (list, arity, stride) => {
        const source = Int32Array.from(list);
        const numbers = new Map<string, number>();
        table.reset(arity);
        for (let at = 0; at + (arity - 1) * stride < source.length; at++) {
          const tuple = Array.from({ length: arity }, (_, j) => source[at + j * stride]);
          const known = numbers.get(tuple.join());
          if (known === undefined) numbers.set(tuple.join(), numbers.size);
          expect(table.idOf(source, at, stride)).toBe(known ?? numbers.size - 1);
        }
        expect(rowsOf(table, arity)).toEqual([...numbers.keys()]);
      }),
      { numRuns: 60 },
    );
  });

  it("stays right where its generation stamps start again", () => {
    const table = new TupleTable();
    const source = Int32Array.from({ length: 5000 }, (_, i) => i);
    const fill = (): void => {
      table.reset(3);
      for (let at = 0; at + 2 < source.length; at++) expect(table.idOf(source, at, 1)).toBe(at);
    };
    fill();
    (table as unknown as { base: number }).base = 2 ** 30 - 3000; // slots of that many uses later
    fill();
    expect((table as unknown as { base: number }).base).toBeLessThan(2 ** 20);
    fill();
  });
});

function rowsOf(table: TupleTable, arity: number): string[] {
  return Array.from({ length: table.count }, (_, i) => table.keys.subarray(i * arity, (i + 1) * arity).join());
}
