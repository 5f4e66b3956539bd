// The losses as sums over scales, layers and feature maps, with the gradient of their sum.

import { expect, test } from "vitest";
import { gradients } from "../../kernels/gradients.ts";
import { TAP_WEIGHTS } from "../../src/models/nets/perceptual.ts";
import type { Tensor } from "../../src/runtime/index.ts";
import {
  defaultLosses,
  recordDiscriminatorLosses,
  recordGeneratorLosses,
  recordPerceptualLoss,
} from "../../src/training/step/losses.ts";
import { ganLossReference, kldReference, l1MeanReference } from "../reference/losses.ts";
import { evaluate, noise, relativeError } from "../support/device.ts";
import { sumError } from "../tolerances.ts";

const IMAGES = 2;
/** Per scale two features and the logits; fake pictures first. */
const SCALES = [
  [
    [4, 5, 4, 6],
    [4, 3, 3, 5],
    [4, 3, 2, 1],
  ],
  [
    [4, 3, 2, 6],
    [4, 2, 2, 5],
    [4, 2, 1, 1],
  ],
];
/** Differences of the largest feature. */
const MOST = 2 * 5 * 4 * 6;
const values = SCALES.map((layers, i) =>
  layers.map((shape, j) =>
    noise(
      shape.reduce((a, b) => a * b),
      10 * i + j + 1,
    ),
  ),
);
const halves = (v: Float32Array): [fake: Float32Array, real: Float32Array] => [
  v.subarray(0, v.length / 2),
  v.subarray(v.length / 2),
];

test("the generator's losses and the gradient of their sum", async () => {
  const c = { ...defaultLosses, gan_mode: "ls" as const };
  const taps = TAP_WEIGHTS.map((_, i) => [noise(24, 30 + i), noise(24, 40 + i)]);
  const [mu, logvar] = [noise(10, 50), noise(10, 51)];
  const got = await evaluate((g, inputs) => {
    const scales = SCALES.map((layers, i) => layers.map((shape, j) => inputs.tensor(`${i}.${j}`, shape, values[i][j])));
    const tap = (side: number): Tensor[] =>
      taps.map((t, i) => inputs.tensor(`tap ${i} ${side}`, [1, 2, 3, 4], t[side]));
    const [fake, real] = [tap(0), tap(1)];
    const style = { mu: inputs.tensor("mu", [2, 5], mu), logvar: inputs.tensor("logvar", [2, 5], logvar) };
    const losses = recordGeneratorLosses(g, c, {
      scales,
      images: IMAGES,
      style,
    });
    losses.set("VGG", recordPerceptualLoss(g, c.lambda_vgg, { weights: TAP_WEIGHTS }, fake, real));
    const one = inputs.tensor("one", [1], Float32Array.of(1));
    const grads = gradients(g, new Map([...losses.values()].map((t) => [t, one])), [
      scales[0][0],
      scales[1][2],
      fake[4],
      real[4],
      style.mu,
    ]);
    expect(grads.has(real[4])).toBe(false);
    return {
      ...Object.fromEntries(losses),
      feature: grads.get(scales[0][0])!,
      logits: grads.get(scales[1][2])!,
      tap: grads.get(fake[4])!,
      mu: grads.get(style.mu)!,
    };
  });
  const gan = values.map((layers) => ganLossReference(halves(layers[2])[0], "ls", "G", 1 / 2));
  const feat = values.map((layers) => layers.slice(0, 2).map((v) => l1MeanReference(...halves(v), 10 / 2)));
  const vgg = taps.map(([fake, real], i) => l1MeanReference(fake, real, 10 * TAP_WEIGHTS[i]));
  const sum = (terms: { loss: number }[]): number => terms.reduce((a, t) => a + t.loss, 0);
  for (const [name, ref] of Object.entries({
    KLD: kldReference(mu, logvar, 0.05).loss,
    GAN: sum(gan),
    GAN_Feat: sum(feat.flat()),
    VGG: sum(vgg),
  })) {
    expect(relativeError(got[name], [ref]), name).toBeLessThan(sumError(MOST));
  }
  const onFake = (grad: Float64Array): Float64Array =>
    Float64Array.from({ length: 2 * grad.length }, (_, i) => grad[i] ?? 0);
  expect(relativeError(got.feature, onFake(feat[0][0].grad))).toBeLessThan(sumError(1));
  expect(relativeError(got.logits, onFake(gan[1].grad))).toBeLessThan(sumError(1));
  expect(relativeError(got.tap, vgg[4].grad)).toBeLessThan(sumError(1));
  expect(relativeError(got.mu, kldReference(mu, logvar, 0.05).mu)).toBeLessThan(sumError(1));
});

test("the discriminator's losses: fake pictures first, real ones second", async () => {
  const got = await evaluate((g, inputs) => {
    const scales = SCALES.map((layers, i) => [inputs.tensor(`${i}`, layers[2], values[i][2])]);
    return Object.fromEntries(recordDiscriminatorLosses(g, defaultLosses, scales, IMAGES));
  });
  const mean = (side: string, half: 0 | 1): number =>
    values.reduce((sum, layers) => sum + ganLossReference(halves(layers[2])[half], "hinge", side, 1 / 2).loss, 0);
  expect(got.D_Fake[0]).toBeCloseTo(mean("D_fake", 0), 6);
  expect(got.D_real[0]).toBeCloseTo(mean("D_real", 1), 6);
});

test("no_ganFeat_loss leaves feature matching out; without style there is no KLD", async () => {
  let names: string[] = [];
  await evaluate((g, inputs) => {
    const scales = [[inputs.tensor("x", [2, 2, 2, 1], noise(8, 1))]];
    const losses = recordGeneratorLosses(g, { ...defaultLosses, no_ganFeat_loss: true }, { scales, images: 1 });
    names = [...losses.keys()];
    return Object.fromEntries(losses);
  });
  expect(names).toEqual(["GAN"]);
});
