// Ops with lists: ALL computes what the op without a list does, bit for bit; a list, the listed parts alone; an empty one, nothing.

import { describe, expect, test } from "vitest";
import { activation, conv2d, modulate } from "../../kernels/index.ts";
import { deriveWeights } from "../../kernels/conv/conv2d.ts";
import { ALL, countOf, extentInput, stripPixels, type Extent } from "../../kernels/parts/extent.ts";
import { Graph, product, Program, type DType, type Tensor } from "../../src/runtime/index.ts";
import { noise, testDevice } from "../support/device.ts";
import { variantCases } from "../support/variants.ts";

interface Case {
  /** Of x, [1,H,W,C]. */
  x: number[];
  out: number[];
  /** Width and height of a part, in pixels of the result. */
  part: [w: number, h: number];
  /** More inputs of those shapes; those that begin with "ids" are row numbers below 7. */
  more?: Record<string, number[]>;
  dtype?: DType;
  variants?: Record<string, string>;
  record: (g: Graph, x: Tensor, extent: Extent | undefined, more: Record<string, Tensor>) => Tensor;
}

/** Runs the op without a list on two values of x, and one with a list: all parts of the first, then some, then none, of the second. */
async function check({ x, out, part, more = {}, dtype = "f32", variants = {}, record }: Case): Promise<void> {
  const device = await testDevice();
  const [, h, w, c] = out;
  const wide = Math.ceil(w / part[0]);
  const parts = Math.ceil(h / part[1]) * wide;
  const program = async (listed: boolean): Promise<Program> => {
    const g = new Graph({ ...device.target, variants });
    const others = Object.entries(more).map(([name, shape]): [string, Tensor] => [name, g.input(name, shape, name.startsWith("ids") ? "i32" : dtype)]); // prettier-ignore
    const y = record(g, g.input("x", x, dtype), listed ? extentInput(g, "list", parts) : undefined, Object.fromEntries(others)); // prettier-ignore
    g.keep("y", y);
    g.output("y", y);
    return Program.compile(g, device, { name: listed ? "listed" : "whole" });
  };
  const [whole, listed] = [await program(false), await program(true)];
  for (const [name, shape] of Object.entries(more)) {
    const values = name.startsWith("ids") ? Int32Array.from({ length: product(shape) }, (_, i) => (i * 5 + (i >> 4)) % 7) : noise(product(shape), 7 + name.length); // prettier-ignore
    for (const p of [whole, listed]) p.setInput(name, values);
  }
  const xs = [noise(product(x), 1), noise(product(x), 2)];
  const wholes: Float32Array[] = [];
  for (const value of xs) {
    await whole.run({ inputs: { x: value } });
    wholes.push(await whole.read("y"));
  }
  const run = async (value: Float32Array, list: number[]): Promise<Float32Array> => {
    const count = list[0] === ALL ? parts : list.length - 1;
    await listed.run({ inputs: { x: value, list: Int32Array.from(list) }, counts: { list: countOf(count) } });
    return listed.read("y");
  };
  expect(await run(xs[0], [ALL])).toEqual(wholes[0]);
  // The first and the last part, and every fifth.
  const some = Array.from({ length: parts }, (_, i) => i).filter((i) => i % 5 === 0 || i === parts - 1);
  const chosen = new Set(some);
  const expected = wholes[0].map((old, i) => {
    const [px, py] = [Math.floor(i / c) % w, Math.floor(i / c / w)];
    return chosen.has(Math.floor(py / part[1]) * wide + Math.floor(px / part[0])) ? wholes[1][i] : old;
  });
  expect(await run(xs[1], [some.length, ...some])).toEqual(expected);
  expect(wholes[0].some((v, i) => v !== wholes[1][i] && expected[i] === v)).toBe(true);
  await listed.run({ inputs: { x: xs[0], list: Int32Array.of(0) }, counts: { list: 0 } });
  expect(await listed.read("y")).toEqual(expected);
  whole.dispose();
  listed.dispose();
}

const conv =
  (k: number, how: { residual?: boolean; act?: "tanh" } = {}): Case["record"] =>
  (g, x, extent, { w, bias, residual, sigma }) =>
    conv2d(g, {
      ...{ x, w, bias, sigma, extent, kh: k, kw: k, pad: k >> 1, ...how },
      ...deriveWeights(g, w, { k, h: x.shape[1], w: x.shape[2] }),
      residual: how.residual ? residual : undefined,
    });

describe.each(variantCases("conv2d"))("$name conv2d", ({ name, variants, test, fits }) => {
  // More tiles than a slice of Winograd's has, odd sides; a few tiles; a residual of half the size.
  const sizes: [h: number, w: number, cin: number, cout: number, residual: boolean][] = [
    [47, 63, 20, 36, true],
    [3, 4, 8, 12, false],
    [16, 24, 12, 3, true],
  ];
  const cases = (name === "gemm" ? [1] : [1, 3]).flatMap((k) =>
    sizes.map(([h, w, cin, cout, residual]) => ({ k, h, w, cin, cout, residual: residual && name !== "gemm" })),
  );
  test.each(cases.filter(({ k, h, w, cin, cout }) => fits({ kh: k, kw: k, stride: 1, cin, cout, h, w, copies: true })))(
    "$k x $k, $cin -> $cout at $h x $w, residual $residual",
    async ({ k, h, w, cin, cout, residual }) => {
      const half = h % 2 === 0 && w % 2 === 0;
      await check({
        ...{ x: [1, h, w, cin], out: [1, h, w, cout], part: [2, 2], variants },
        more: {
          ...{ w: [k * k, cin, cout], bias: [cout], sigma: [1] },
          ...(residual && { residual: half ? [1, h / 2, w / 2, cout] : [1, h, w, cout] }),
        },
        record: conv(k, { residual, act: residual ? undefined : "tanh" }),
      });
    },
  );
});

const strip = async (): Promise<number> => stripPixels((await testDevice()).target);

test.each([
  [1, 9, 21],
  [2, 9, 21],
  [2, 4, 3],
])("modulate, x%d, %d x %d", async (up, h, w) => {
  const c = 20;
  await check({
    ...{ x: [1, h, w, c], out: [1, h * up, w * up, c], part: [(await strip()) * up, 1] },
    more: { mean: [c], rstd: [c], gamma: [7, c], beta: [7, c], ids: [1, h * up, w * up] },
    record: (g, x, extent, { mean, rstd, gamma, beta, ids }) =>
      modulate(g, { x, mean, rstd, gamma, beta, ids, slope: 0.2, extent }),
  });
});

test.each([
  [9, 21, 20],
  [4, 3, 8],
])("activation, %d x %d x %d", async (h, w, c) => {
  await check({
    ...{ x: [1, h, w, c], out: [1, h, w, c], part: [await strip(), 1] },
    record: (g, x, extent) => activation(g, { x, kind: "leaky", extent }),
  });
});

test("with f16 storage", async ({ skip }) => {
  if (!(await testDevice()).target.features.has("shader-f16")) skip();
  await check({
    ...{ x: [1, 18, 20, 40], out: [1, 18, 20, 40], part: [2, 2], dtype: "f16" },
    more: { w: [9, 40, 40] },
    record: conv(3),
  });
});
