// Training steps with peers: the exchange of gradients and of synchronised statistics.

import { expect, test } from "vitest";
import { discriminatorNet } from "../../src/models/nets/discriminator.ts";
import { encoderNet } from "../../src/models/nets/encoder.ts";
import { squeezenet } from "../../src/models/nets/squeezenet.ts";
import { generatorNet, type Net } from "../../src/models/weights/packing.ts";
import { ParameterStore } from "../../src/models/weights/parameters.ts";
import { seededState } from "../../src/models/weights/seeded.ts";
import { memorySource } from "../../src/models/weights/source.ts";
import type { Exchange, Reduction } from "../../src/runtime/index.ts";
import type { TrainConfig } from "../../src/training/options.ts";
import type { Nets } from "../../src/training/step/step.ts";
import { Stepper, type Batch } from "../../src/training/step/stepper.ts";
import { noise, testDevice } from "../support/device.ts";
import { join, peers } from "../support/peers.ts";
import { PEERS_GRADIENT_NORM, PEERS_UNSYNCED } from "../tolerances.ts";
import { stripes, tiny } from "./tiny.ts";

const synced: TrainConfig = {
  ...tiny,
  n_layers_D: 3,
  norm_G: "spectralspadesyncbatch3x3",
  norm_D: "spectralsync_batch",
};

const image = (seed: number): Batch => stripes(seed, 8 * seed);

async function open(
  c: TrainConfig,
  images: number,
  exchange?: Exchange,
  perceptual = false,
): Promise<Stepper & Disposable> {
  const device = await testDevice();
  const load = (net: Net, seed: number): Promise<ParameterStore> =>
    ParameterStore.loadNet(device, net, memorySource(seededState(net.shapes as Map<string, number[]>, seed, 1)), "f32");
  const nets: Nets = { G: await load(generatorNet(c), 1), D: await load(discriminatorNet(c), 2) };
  if (c.use_vae) nets.E = await load(encoderNet(c), 3);
  if (perceptual) nets.perceptual = { net: squeezenet, parameters: await load(squeezenet.net, 4) };
  const stepper = new Stepper(device, c, nets, images, { exchange });
  return Object.assign(stepper, {
    [Symbol.dispose]() {
      stepper.dispose();
      for (const p of [nets.G, nets.D, nets.E, nets.perceptual?.parameters]) p?.dispose();
    },
  });
}

/** Every value of the nets that a stepper trains. */
async function values({ nets }: Stepper): Promise<Map<string, Float32Array>> {
  const out = new Map<string, Float32Array>();
  for (const [name, p] of [["G", nets.G] as const, ["D", nets.D] as const, ["E", nets.E] as const])
    for (const key of p?.keys() ?? []) out.set(`${name}.${key}`, await p!.read(key));
  return out;
}

test("a peer that returns what it was given changes no byte", async () => {
  const c: TrainConfig = { ...synced, use_vae: true, z_dim: 4, norm_E: "spectralsync_batch" };
  const calls: string[] = [];
  const reductions = new Set<Reduction>();
  const echo: Exchange = ({ name, reduction }, given) => {
    calls.push(`${reduction} of ${name}`);
    reductions.add(reduction);
    return Promise.resolve(given);
  };
  const batch = { ...image(1), epsG: noise(4, 5), epsD: noise(4, 6) };
  const run = async (exchange?: Exchange): Promise<unknown> => {
    using stepper = await open(c, 1, exchange, true);
    const losses = [await stepper.step(stepper.prepare(batch)), await stepper.step(stepper.prepare(batch))];
    const bits = [...(await values(stepper))].map(([key, v]) => [key, Buffer.from(v.buffer).toString("base64")]);
    return { losses, bits };
  };
  const alone = await run();
  expect(await run(echo)).toEqual(alone);
  expect([...reductions].sort()).toEqual(["mean", "moments", "sum"]);
  // Both steps ask for the same, in the same order.
  expect(calls.slice(calls.length / 2)).toEqual(calls.slice(0, calls.length / 2));
});

/** Largest ||a - b|| / ||b|| of a tensor; gradients under 1e-6 of the largest are rounding errors and left out. */
function worst(a: Map<string, Float32Array>, b: Map<string, Float32Array>): number {
  const norm = (v: Float32Array): number => Math.sqrt(v.reduce((s, x) => s + x * x, 0));
  const most = Math.max(...[...b.values()].map(norm));
  let error = 0;
  for (const [key, ref] of b) {
    if (norm(ref) < 1e-6 * most) continue;
    error = Math.max(error, norm(ref.map((x, i) => a.get(key)![i] - x)) / norm(ref));
  }
  return error;
}

/** The gradients of the last step: Adam's first moment, as beta1 is 0. */
async function gradients({ moments }: Stepper): Promise<Map<string, Float32Array>> {
  const out = new Map<string, Float32Array>();
  for (const [net, all] of Object.entries(moments))
    for (const m of all) for (const key of m.keys) out.set(`${net}.${key}`, await m.read(key, "m"));
  return out;
}

test("two peers with a picture each compute the gradients of one process with both, if their statistics are synchronised", async () => {
  const [a, b] = [image(1), image(2)];
  const both: Batch = {
    labels: [...a.labels, ...b.labels],
    image: Float32Array.from([...a.image, ...b.image]),
  };
  using one = await open(synced, 2);
  await one.step(one.prepare(both));
  const expected = await gradients(one);
  const errorOf = async (c: TrainConfig): Promise<number> => {
    const [first, second] = peers(2, join);
    using p = await open(c, 1, first);
    using q = await open(c, 1, second);
    await Promise.all([p.step(p.prepare(a)), q.step(q.prepare(b))]);
    expect(await gradients(q)).toEqual(await gradients(p));
    return worst(await gradients(p), expected);
  };
  expect(await errorOf(synced)).toBeLessThan(PEERS_GRADIENT_NORM);
  expect(await errorOf({ ...synced, norm_G: "spectralspadebatch3x3", norm_D: "spectralbatch" })).toBeGreaterThan(
    PEERS_UNSYNCED,
  );
});
