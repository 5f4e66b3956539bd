import { expect, test } from "vitest";
import { adam, adamFactors, adamPlan } from "../../kernels/optim/adam.ts";
import { Graph, Program, unpadRows } from "../../src/runtime/index.ts";
import { fromHalf } from "../../src/runtime/half.ts";
import { external, noise, relativeError, testDevice } from "../support/device.ts";

test.each([
  [0, 0.9],
  [0.5, 0.999],
])("adam equals torch's formula over three steps: betas %d, %d", async (beta1, beta2) => {
  const device = await testDevice();
  const shape = [3, 5];
  const lr = 2e-4;
  const g = new Graph(device.target);
  const p0 = noise(15, 1);
  const [p, m, v] = await Promise.all(
    [p0, new Float32Array(15), new Float32Array(15)].map((x, i) => external(g, "pmv"[i], shape, x)),
  );
  adam(g, { p, m, v, grad: g.input("grad", shape), factors: g.input("factors", [4]), beta1, beta2 });
  const program = await Program.compile(g, device, { name: "adam" });
  const ref = { p: Float64Array.from(p0), m: new Float64Array(15), v: new Float64Array(15) };
  for (let t = 1; t <= 3; t++) {
    const grad = noise(15, 10 + t).map((x) => x * 10 ** (t - 2));
    grad[0] = 0;
    // A loss scale of 8.
    await program.run({ inputs: { grad: grad.map((x) => x * 8), factors: adamFactors(lr, t, beta1, beta2, 1 / 8) } });
    for (let i = 0; i < 15; i++) {
      ref.m[i] = beta1 * ref.m[i] + (1 - beta1) * grad[i];
      ref.v[i] = beta2 * ref.v[i] + (1 - beta2) * grad[i] ** 2;
      ref.p[i] -= ((lr / (1 - beta1 ** t)) * ref.m[i]) / (Math.sqrt(ref.v[i]) / Math.sqrt(1 - beta2 ** t) + 1e-8);
    }
  }
  const read = async (t: typeof p): Promise<Float32Array> =>
    unpadRows(new Float32Array(await device.download(t.storage!)), shape);
  expect(relativeError(await read(m), ref.m)).toBeLessThan(1e-6);
  expect(relativeError(await read(v), ref.v)).toBeLessThan(1e-6);
  const delta = (await read(p)).map((x, i) => x - p0[i]);
  expect(
    relativeError(
      delta,
      ref.p.map((x, i) => x - p0[i]),
    ),
  ).toBeLessThan(1e-3);
  program.dispose();
});

test("adam writes the copy that kernels read, and changes nothing after an overflow", async () => {
  const device = await testDevice();
  const g = new Graph(device.target);
  const shape = [3, 5];
  const start = noise(15, 1);
  const [p, m, v] = await Promise.all(["p", "m", "v"].map((name) => external(g, name, shape, start.map(Math.abs))));
  const copied = await external(g, "copied", shape, start, "f16");
  const overflow = g.input("overflow", [1]);
  const factors = g.input("factors", [4]);
  adam(g, { p, m, v, grad: g.input("grad", shape), copied, overflow, factors, beta1: 0.5, beta2: 0.9 });
  const program = await Program.compile(g, device, { name: "adam" });
  const run = async (flag: number): Promise<Uint8Array[]> => {
    const grad = noise(15, 9);
    await program.run({ inputs: { grad, factors: adamFactors(0.1, 1, 0.5, 0.9), overflow: Float32Array.of(flag) } });
    const tensors = [p, m, v, copied];
    return Promise.all(tensors.map(async (t) => new Uint8Array(await device.download(t.storage!))));
  };
  const before = await Promise.all(
    [p, m, v, copied].map(async (t) => new Uint8Array(await device.download(t.storage!))),
  );
  expect(await run(1)).toEqual(before);
  const after = await run(0);
  after.forEach((bytes, i) => expect(bytes).not.toEqual(before[i]));
  const master = unpadRows(new Float32Array(after[0].slice().buffer), shape);
  const half = unpadRows(fromHalf(new Uint16Array(after[3].slice().buffer)), shape);
  half.forEach((h, i) => expect(Math.abs(h - master[i])).toBeLessThanOrEqual(2 ** -11 * Math.abs(master[i])));
  program.dispose();
});

test("adam refuses moments of another parameter", () => {
  expect(() => adamPlan({ p: [4, 8], m: [4, 8], v: [4, 7], grad: [4, 8] })).toThrow(/v \[4,7\] is not p's \[4,8\]/);
});
