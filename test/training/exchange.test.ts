// Training steps with peers: the exchange of gradients and of synchronised statistics. Long form: SPADE_LONG=1.

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
import type { Nets, StepOptions } from "../../src/training/step/step.ts";
import { Stepper, type Batch } from "../../src/training/step/stepper.ts";
import { noise, testDevice } from "../support/device.ts";
import { join, peers, stepsOfPeers } from "../support/peers.ts";
import { DELTA_NORM, PEERS_GRADIENT_NORM, PEERS_UNSYNCED, TRAINED_STATE_NORM } from "../tolerances.ts";
import { SIZE, stripes, tiny } from "./tiny.ts";

const synced: TrainConfig = {
  ...tiny,
  n_layers_D: 3,
  norm_G: "spectralspadesyncbatch3x3",
  norm_D: "spectralsync_batch",
};

/** The same with norms of which each peer has its own. */
const local: TrainConfig = { ...synced, norm_G: "spectralspadebatch3x3", norm_D: "spectralbatch" };

const image = (seed: number): Batch => stripes(seed, 8 * seed);

const echo: Exchange = (_, given) => Promise.resolve(given);

async function open(
  c: TrainConfig,
  images: number,
  options: StepOptions = {},
  perceptual = false,
): Promise<Stepper & Disposable> {
  const device = await testDevice();
  const load = (net: Net, seed: number): Promise<ParameterStore> =>
    ParameterStore.loadNet(device, net, memorySource(seededState(net.shapes as Map<string, number[]>, seed, 1)), "f32");
  const nets: Nets = { G: await load(generatorNet(c), 1), D: await load(discriminatorNet(c), 2) };
  if (c.use_vae) nets.E = await load(encoderNet(c), 3);
  if (perceptual) nets.perceptual = { net: squeezenet, parameters: await load(squeezenet.net, 4) };
  const stepper = new Stepper(device, c, nets, images, options);
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
  const batch = image(1);
  const run = async (exchange?: Exchange): Promise<unknown> => {
    using stepper = await open(local, 1, { exchange }, true);
    const losses = [await stepper.step(stepper.prepare(batch)), await stepper.step(stepper.prepare(batch))];
    const bits = [...(await values(stepper))].map(([key, v]) => [key, Buffer.from(v.buffer).toString("base64")]);
    return { losses, bits };
  };
  expect(await run(echo)).toEqual(await run());
});

test("every step asks the peers for the same, in the same order", async () => {
  const c: TrainConfig = { ...synced, use_vae: true, z_dim: 4, norm_E: "spectralsync_batch" };
  const calls: string[] = [];
  const reductions = new Set<Reduction>();
  const exchange: Exchange = (cut, given) => {
    calls.push(`${cut.reduction} of ${cut.name}`);
    reductions.add(cut.reduction);
    return echo(cut, given);
  };
  using stepper = await open(c, 1, { exchange });
  const batch = { ...image(1), epsG: noise(4, 5), epsD: noise(4, 6) };
  for (let i = 0; i < 2; i++) await stepper.step(stepper.prepare(batch));
  expect([...reductions].sort()).toEqual(["mean", "moments", "sum"]);
  expect(calls.slice(calls.length / 2)).toEqual(calls.slice(0, calls.length / 2));
});

/** Gradients under this share of the largest are rounding errors. */
const VANISHING = 1e-6;

const norm = (v: Float32Array): number => Math.sqrt(v.reduce((s, x) => s + x * x, 0));

/** Largest ||a - b|| / ||b|| of a tensor; those that vanish are left out. */
function worst(a: Map<string, Float32Array>, b: Map<string, Float32Array>): number {
  const most = Math.max(...[...b.values()].map(norm));
  let error = 0;
  for (const [key, ref] of b) {
    if (norm(ref) < VANISHING * most) continue;
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

/** Two pictures, and both as one batch, with styles of two. */
function pictures(first: number): [Batch, Batch, Batch] {
  const own = (seed: number): Batch => ({ ...image(seed), epsG: noise(4, seed + 10), epsD: noise(4, seed + 20) });
  const [a, b] = [own(first), own(first + 1)];
  const joined = (key: "image" | "epsG" | "epsD"): Float32Array => Float32Array.from([...a[key]!, ...b[key]!]);
  const both = {
    labels: [...a.labels, ...b.labels],
    image: joined("image"),
    epsG: joined("epsG"),
    epsD: joined("epsD"),
  };
  return [a, b, both];
}

test("two peers with a picture each compute what one process computes with both, if their statistics are synchronised", async () => {
  const vae = { use_vae: true, z_dim: 4, norm_E: "spectralsync_batch" };
  // Adam makes a whole step of a gradient's sign, rounded or not, and steps of the usual size carry that on: at 2e-4 the same batch in another
  // order comes to weights whose changes differ by 17 %.
  const all: TrainConfig = { ...synced, ...vae, lr: 2e-6 };
  const batches = Array.from({ length: process.env.SPADE_LONG === "1" ? 5 : 2 }, (_, i) => pictures(2 * i + 1));
  const inTwo = (c: TrainConfig): TrainConfig => ({ ...c, lambda_kld: 2 * c.lambda_kld });

  // One process with the formula of several.
  using one = await open(all, 2, { exchange: echo }, true);
  const begun = await values(one);
  const losses = [await one.step(one.prepare(batches[0][2]))];
  const expected = await gradients(one);
  for (const [, , both] of batches.slice(1)) losses.push(await one.step(one.prepare(both)));
  const ended = await values(one);

  const errorOf = async (
    c: TrainConfig,
    steps: number,
  ): Promise<{ error: number; found: Map<string, Float32Array> }> => {
    const exchanges = peers(2, join);
    const asked = stepsOfPeers(2);
    using p = await open(inTwo(c), 1, { exchange: exchanges[0], peers: asked[0] }, true);
    using q = await open(inTwo(c), 1, { exchange: exchanges[1], peers: asked[1] }, true);
    let error = 0;
    for (const [i, [a, b]] of batches.slice(0, steps).entries()) {
      const [l] = await Promise.all([p.step(p.prepare(a)), q.step(q.prepare(b))]);
      if (i === 0) error = worst(await gradients(p), expected);
      // Sums and means alike are those of the whole batch.
      if (steps > 1)
        for (const [name, loss] of Object.entries(losses[i]))
          expect(Math.abs(l[name] / loss - 1)).toBeLessThan(DELTA_NORM);
    }
    expect(await gradients(q)).toEqual(await gradients(p));
    expect(p.state).toEqual(q.state);
    return { error, found: await values(p) };
  };
  const { error, found } = await errorOf(all, batches.length);
  expect(error).toBeLessThan(PEERS_GRADIENT_NORM);
  const moved = (to: Map<string, Float32Array>): Map<string, Float32Array> =>
    new Map([...to].map(([key, v]) => [key, v.map((x, i) => x - begun.get(key)![i])]));
  // Gradients that are 0 but for roundings, as of a bias before a norm, move weights by Adam's whole steps.
  const most = Math.max(...[...expected.values()].map(norm));
  const vanishing = new Set([...expected].filter(([, v]) => norm(v) < VANISHING * most).map(([key]) => key));
  const [trained, stats] = [/(weight|bias|weight_orig)$/, /(running_mean|running_var|weight_u|weight_v)$/];
  const only = (map: Map<string, Float32Array>, keys: RegExp): Map<string, Float32Array> =>
    new Map([...map].filter(([key]) => keys.test(key) && !vanishing.has(key.replace(/^E/, "G"))));
  expect(worst(only(moved(found), trained), only(moved(ended), trained))).toBeLessThan(DELTA_NORM);
  expect(worst(only(found, stats), only(ended, stats))).toBeLessThan(TRAINED_STATE_NORM);
  const { error: apart } = await errorOf({ ...local, ...vae, norm_E: "spectralbatch" }, 1);
  expect(apart).toBeGreaterThan(PEERS_UNSYNCED);
});

test("peers whose maps differ record one step, and a number that is not finite on one stops all", async () => {
  const exchanges = peers(2, join);
  const asked = stepsOfPeers(2);
  using p = await open(synced, 1, { exchange: exchanges[0], peers: asked[0] });
  using q = await open(synced, 1, { exchange: exchanges[1], peers: asked[1] });
  const speckled = { ...image(1), labels: [{ ...image(1).labels[0], data: Uint8Array.from(noise(SIZE ** 2, 9), (v) => Math.abs(v * 97) & 3) }] }; // prettier-ignore
  await Promise.all([p.step(p.prepare(image(1))), q.step(q.prepare(speckled))]);
  expect(p.state.plans).toEqual(q.state.plans);
  using alone = await open(synced, 1);
  await alone.step(alone.prepare(image(1)));
  expect(alone.state.plans).not.toEqual(p.state.plans);

  const before = await values(p);
  const broken = { ...image(2), image: image(2).image.map((v, i) => (i === 5 ? NaN : v)) };
  await Promise.all([p.step(p.prepare(image(2))), q.step(q.prepare(broken))]);
  expect([p.overflowed, q.overflowed]).toEqual([["G", "D"], ["G", "D"]]); // prettier-ignore
  for (const [key, v] of await values(p)) if (/(weight_orig|bias)$/.test(key)) expect(v, key).toEqual(before.get(key));
});
