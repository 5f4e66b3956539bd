import { expect, test } from "vitest";
import {
  packConvTranspose,
  packTransposedV,
  unpackConvTranspose,
  unpackTransposedV,
} from "../../kernels/conv/conv_transpose.ts";
import { spectralSigma } from "../../kernels/norm/spectral.ts";
import { product } from "../../src/runtime/index.ts";
import { evaluate, noise, relativeError } from "../support/device.ts";
import { sumError } from "../tolerances.ts";

test("spectral norm of packed weights is that of [Cout, Cin*k*k]", async () => {
  const [ci, co, k] = [5, 6, 3];
  const w = noise(ci * co * k * k, 1);
  const [u, v] = [noise(co, 2), noise(ci * k * k, 3)];
  const packed = packConvTranspose(w, [ci, co, k, k]);
  const { sigma } = await evaluate((g, inputs) => ({
    sigma: spectralSigma(g, {
      w: inputs.tensor("w", packed.shape, packed.data),
      cin: ci,
      u: inputs.tensor("u", [co], u),
      v: inputs.tensor("v", [k * k, ci], packTransposedV(v, ci, k)),
      train: false,
    }),
  }));
  let ref = 0;
  for (let i = 0; i < ci; i++)
    for (let o = 0; o < co; o++)
      for (let t = 0; t < k * k; t++) ref += u[o] * w[(i * co + o) * k * k + t] * v[i * k * k + t];
  expect(relativeError(sigma, [ref])).toBeLessThan(sumError(ci * co * k * k));
});

test("packing is undone", () => {
  const shape = [5, 3, 3, 3];
  const w = noise(product(shape), 1);
  expect(unpackConvTranspose(packConvTranspose(w, shape).data, shape)).toEqual(w);
  const v = noise(45, 2);
  expect(unpackTransposedV(packTransposedV(v, 5, 3), 5, 3)).toEqual(v);
});
