// The worked examples of docs/kernels.md, computed: by the kernels where a kernel is explained, else by their formulas.

import { expect, test } from "vitest";
import { gradients } from "../../kernels/gradients.ts";
import { modulate, statistics } from "../../kernels/index.ts";
import { pixelLists, pixelListShapes } from "../../src/labels/lists.ts";
import { openNodeDevice } from "../../src/node/dawn.ts";
import { Graph, Program } from "../../src/runtime/index.ts";

const rounded = (values: ArrayLike<number>): number[] => Array.from(values, (v) => Math.round(v * 1e4) / 1e4 + 0);

test("modulate: the example's forward pass and gradients", async () => {
  const device = await openNodeDevice();
  const g = new Graph(device.target);
  const ids = Int32Array.of(0, 1, 0, 1);
  const host = pixelLists({ outerIds: ids, outerCount: 2, images: 1, h: 2, w: 2 });
  const shapes = pixelListShapes(4, 2);
  const list = (key: keyof typeof host) => g.input(key, shapes[key], "i32", true);
  const lists = { order: list("order"), rows: list("rows"), parts: list("parts") };
  const x = g.input("x", [1, 2, 2, 1]);
  const [gamma, beta] = [g.input("gamma", [2, 1]), g.input("beta", [2, 1])];
  const { mean, rstd } = statistics(g, { x, per: "batch", eps: 0 });
  const y = modulate(g, { x, mean, rstd, gamma, beta, ids: g.input("ids", [1, 2, 2], "i32"), slope: 0.2, lists });
  const dy = g.input("dy", y.shape);
  const made = gradients(g, new Map([[y, dy]]), [x, mean, rstd, gamma, beta]);
  const results = { y, dx: made.get(x), dmean: made.get(mean), drstd: made.get(rstd), dgamma: made.get(gamma), dbeta: made.get(beta) }; // prettier-ignore
  for (const [name, t] of Object.entries(results)) g.output(name, t!);
  const program = await Program.compile(g, device, { name: "example" });
  await program.run({
    inputs: {
      ...host,
      ids,
      x: Float32Array.of(2, 2, 6, 6),
      gamma: Float32Array.of(1, 0),
      beta: Float32Array.of(1, 0.5),
      dy: Float32Array.of(1, 2, 3, 4),
    },
  });
  const got: Record<string, number[]> = {};
  for (const name of Object.keys(results)) got[name] = rounded(await program.read(name));
  program.dispose();
  expect(got).toEqual({
    y: [-0.2, -0.1, 3, 1.5],
    dbeta: [3.2, 4.4],
    dgamma: [2.8, 3.6],
    dmean: [-5.4],
    drstd: [18.4],
    dx: [0, 0, 0.5, -0.5],
  });
});

test("Winograd: two results of four products", () => {
  const [d, w] = [[1, 2, 3, 4], [1, 2, 3]] as const; // prettier-ignore
  const m = [
    (d[0] - d[2]) * w[0],
    ((d[1] + d[2]) * (w[0] + w[1] + w[2])) / 2,
    ((d[2] - d[1]) * (w[0] - w[1] + w[2])) / 2,
    (d[1] - d[3]) * w[2],
  ];
  expect(m).toEqual([-2, 15, 1, -6]);
  const direct = [0, 1].map((i) => w.reduce((sum, v, k) => sum + v * d[i + k], 0));
  expect([m[0] + m[1] + m[2], m[1] - m[2] - m[3]]).toEqual(direct);
  expect(direct).toEqual([14, 20]);
});

test("spectral norm: the gradient of W / sigma, by its formula and by differences", () => {
  const [W, G, u, v] = [[3, 0, 0, 1], [1, 2, 3, 4], [1, 0], [1, 0]]; // prettier-ignore
  const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * b[i], 0);
  const uv = [0, 1, 2, 3].map((i) => u[i >> 1] * v[i & 1]);
  const loss = (w: readonly number[]): number => dot(G, w) / dot(uv, w);
  const sigma = dot(uv, W);
  const mean = dot(G, W) / sigma;
  const dW = G.map((value, i) => (value - mean * uv[i]) / sigma);
  expect(sigma).toBe(3);
  expect(rounded(dW)).toEqual(rounded([-4 / 9, 2 / 3, 1, 4 / 3]));
  const h = 1e-6;
  const differences = W.map((_, i) => {
    const at = (step: number) => loss(W.map((value, j) => (i === j ? value + step : value)));
    return (at(h) - at(-h)) / (2 * h);
  });
  expect(rounded(differences)).toEqual(rounded(dW));
});

test("f32: the order of a sum, and what E[x^2] - E[x]^2 keeps", () => {
  const f = Math.fround;
  expect([f(f(1e8 + 1) - 1e8), f(f(1e8 - 1e8) + 1)]).toEqual([0, 1]);
  // Neighbours of 1e6 in f32 are a sixteenth apart; the variance is 0.01.
  const bits = new Int32Array(Float32Array.of(1e6).buffer);
  bits[0]++;
  expect(new Float32Array(bits.buffer)[0] - 1e6).toBe(0.0625);
});
