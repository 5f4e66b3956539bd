import { expect, test } from "vitest";
import { packConv } from "../../kernels/conv/conv2d.ts";
import { packV, spectralSigma, unpackV } from "../../kernels/norm/spectral.ts";
import { Graph, Program, unpadRows, type Tensor } from "../../src/runtime/index.ts";
import { spectralReference } from "../reference/spectral.ts";
import { external, noise, relativeError, testDevice } from "../support/device.ts";

const cases = [
  { o: 6, i: 5, k: 3, train: true },
  { o: 39, i: 18, k: 4, train: true },
  { o: 33, i: 130, k: 1, train: false },
  { o: 8, i: 7, k: 3, train: false },
];

test.each(cases)(
  "spectralSigma equals the float64 reference: $i -> $o channels, k $k, train $train",
  async ({ o, i, k, train }) => {
    const device = await testDevice();
    const shape = [o, i, k, k];
    const ws = noise(o * i * k * k, 1);
    const us = noise(o, 2);
    const vs = noise(i * k * k, 3);
    const packed = packConv(ws, shape);
    const g = new Graph(device.target);
    const u = await external(g, "u", [o], us);
    const v = await external(g, "v", [k * k, i], packV(vs, i, k, k));
    g.output("sigma", spectralSigma(g, { w: await external(g, "w", packed.shape, packed.data), cin: i, u, v, train }));
    const program = await Program.compile(g, device, { name: "test" });
    await program.run();
    const ref = spectralReference(ws, o, us, vs, train);
    expect(relativeError(await program.read("sigma"), [ref.sigma])).toBeLessThan(3e-6);
    const stored = async (t: Tensor): Promise<Float32Array> =>
      unpadRows(new Float32Array(await device.download(t.storage!)), t.shape);
    expect(relativeError(await stored(u), ref.u)).toBeLessThan(3e-6);
    expect(relativeError(unpackV(await stored(v), i, k, k), ref.v)).toBeLessThan(3e-6);
    program.dispose();
  },
);

test("packV and unpackV undo each other", () => {
  const v = noise(3 * 2 * 4, 1);
  expect(unpackV(packV(v, 3, 2, 4), 3, 2, 4)).toEqual(v);
  expect(packV(v, 3, 2, 4)[1]).toBe(v[8]);
});
