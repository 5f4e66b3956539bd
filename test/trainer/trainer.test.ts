// createTrainer in Node, on tiny nets.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSpade } from "../../src/node.ts";
import { openCheckpoint } from "../../src/formats/any_checkpoint.ts";
import { sha256 } from "../../src/formats/manifest.ts";
import type { TensorToWrite } from "../../src/formats/safetensors.ts";
import { bytesAccess } from "../../src/formats/tensors.ts";
import { NORMALISED } from "../../src/pictures/rgb_byte.ts";
import { createTrainer, type StepResult, type Trainer, type TrainerOptions } from "../../src/train_node.ts";
import type { LoadedBatch } from "../../src/datasets/loader.ts";
import { initialSource } from "../../src/training/init.ts";
import { runLoop } from "../../src/training/loop.ts";
import { netsOf, openParts, type Origin } from "../../src/training/open_parts.ts";
import { withDefaults } from "../../src/training/option_values.ts";
import { defaultOptions } from "../../src/training/options.ts";
import { writeChecked } from "../../src/training/state_check.ts";
import { blobSink } from "../../src/trainer/blob.ts";
import { ParameterStore } from "../../src/models/weights/parameters.ts";
import { testDevice } from "../support/device.ts";
import { options as small, sampleOf, samplesFrom } from "./pairs.ts";

/** With a rate at which a few steps change the picture. */
const options = { ...small, lr: 0.002 };
/** Long form: SPADE_LONG=1 (npm run test:long). */
const [STEPS, HALF] = process.env.SPADE_LONG === "1" ? [20, 10] : [8, 4];
const bytesOf = async (blob: Blob): Promise<Uint8Array> => new Uint8Array(await blob.arrayBuffer());
const hashOf = async (blob: Blob): Promise<string> => sha256(await bytesOf(blob));

async function collect(steps: AsyncIterable<StepResult>): Promise<StepResult[]> {
  const out: StepResult[] = [];
  for await (const step of steps) out.push(step);
  return out;
}

/** A trainer on the test's device, disposed at the end. */
const trainers: Trainer[] = [];
async function trainer(given: Partial<TrainerOptions> = {}): Promise<Trainer> {
  const made = await createTrainer({ options, perceptual: false, device: (await testDevice()).gpu, ...given });
  trainers.push(made);
  return made;
}
afterAll(() => trainers.forEach((t) => t.dispose()));

/** Losses of every step and the generator's values of the command's loop, on the same samples. */
async function byCommand(steps: number): Promise<{ losses: Record<string, number>[]; G: Map<string, Float32Array> }> {
  const device = await testDevice();
  const o = withDefaults({ ...options, no_vgg_loss: true, niter: 1, max_steps: steps });
  const parametersOf = (_: string, net: ReturnType<typeof netsOf>[0][1]): Promise<ParameterStore> =>
    ParameterStore.loadNet(device, net, initialSource(net, o), "f32");
  const parts = await openParts(device, o, {
    parametersOf: parametersOf as Origin["parametersOf"],
    perceptual: async () => undefined,
    position: { epoch: 1, batch: 0, step: 0, pictures: 0 },
  });
  const losses: Record<string, number>[] = [];
  async function* batches(epoch: number): AsyncGenerator<LoadedBatch> {
    for (let index = 0; ; index++) {
      const { label, image } = sampleOf(index);
      const rgb = [...image.data].filter((_, i) => i % 4 < 3).map((v) => NORMALISED[v]);
      yield { epoch, index, labels: [label], image: Float32Array.from(rgb), paths: [""] };
    }
  }
  await runLoop(
    o,
    parts,
    { batchesPerEpoch: 1000, batches },
    { say: () => undefined, progress: () => undefined, signal: new AbortController().signal },
    {
      skipped: () => undefined,
      step: async (report) => void losses.push({ ...report.losses }),
      epoch: async () => undefined,
      settled: async () => undefined,
      save: async () => undefined,
      diagnose: async () => new Error("broken") as never,
    },
  );
  const G = new Map<string, Float32Array>();
  for (const key of parts.nets.G.keys()) G.set(key, await parts.nets.G.read(key));
  parts.dispose();
  return { losses, G };
}

describe("a training of some steps", () => {
  let straight: Trainer;
  let results: StepResult[];
  beforeAll(async () => {
    straight = await trainer();
    results = await collect(straight.steps(samplesFrom(0), STEPS));
  });

  test("takes the steps of the command: the same losses and the same bits of the generator", async () => {
    const { losses, G } = await byCommand(STEPS);
    expect(results.map(({ step }) => step)).toEqual(losses.map((_, i) => i + 1));
    expect(results.map((r) => r.losses)).toEqual(losses);
    const saved = await bytesOf(await straight.save());
    const header = Number(new DataView(saved.buffer).getBigUint64(0, true));
    const table = JSON.parse(new TextDecoder().decode(saved.subarray(8, 8 + header))) as Record<
      string,
      { data_offsets: [number, number] }
    >;
    for (const [key, values] of G) {
      const [from, to] = table[key].data_offsets.map((at) => 8 + header + at);
      expect(Buffer.from(saved.subarray(from, to)).equals(Buffer.from(values.buffer)), key).toBe(true);
    }
  });

  test("stopped half way, by break, and gone on from its checkpoint, ends in the same checkpoint", async () => {
    const first = await trainer();
    for await (const { step } of first.steps(samplesFrom(0))) if (step === HALF) break;
    const between = await first.checkpoint();
    first.dispose();
    // The options are in the checkpoint.
    const second = await trainer({ from: between, options: undefined });
    expect(second.step).toBe(HALF);
    const rest = await collect(second.steps(samplesFrom(HALF), STEPS - HALF));
    const losses = (all: StepResult[]): unknown[] => all.map(({ step, losses }) => ({ step, ...losses }));
    expect(losses(rest)).toEqual(losses(results.slice(HALF)));
    expect(await hashOf(await second.checkpoint())).toBe(await hashOf(await straight.checkpoint()));
  });

  test("after a break another loop goes on, and previews and saves between steps change nothing", async () => {
    const other = await trainer();
    for await (const { step } of other.steps(samplesFrom(0), STEPS)) {
      if (step === 3) await other.preview(sampleOf(0).label);
      if (step === 5) break;
    }
    await other.save();
    await collect(other.steps(samplesFrom(5), STEPS - 5));
    expect(await hashOf(await other.checkpoint())).toBe(await hashOf(await straight.checkpoint()));
  });

  test("createSpade paints what preview painted, from what save gives", async () => {
    const labels = [0, 1, 2, 3].map((id) => ({ id, name: `thing ${id}`, color: `#0000f${id}` }));
    const named = await trainer({ from: await straight.checkpoint(), labels, options: {} });
    const { label } = sampleOf(4);
    const preview = await named.preview(label);
    expect(new Set(preview.data).size).toBeGreaterThan(5);
    const spade = await createSpade({ weights: await named.save(), dtype: "f32" });
    expect(spade.info).toMatchObject({ width: 64, height: 64, labels, style: null });
    expect((await spade.generate(label)).data).toEqual(preview.data);
    spade.dispose();
    // A checkpoint keeps the labels.
    const again = await trainer({ from: await named.checkpoint(), options: {} });
    const other = await createSpade({ weights: await again.save() });
    expect(other.info.labels).toEqual(labels);
    other.dispose();
  });

  test("a saved generator is fine-tuned: its first picture is the saved one's, its steps are new", async () => {
    const tuned = await trainer({ from: await straight.save(), options: { ...options, lr: 0.001, lambda_feat: 5 } });
    const { label } = sampleOf(1);
    expect((await tuned.preview(label)).data).toEqual((await straight.preview(label)).data);
    const [{ step, losses }] = await collect(tuned.steps([sampleOf(0)]));
    expect(step).toBe(1);
    expect(Object.keys(losses)).toEqual(["GAN", "GAN_Feat", "D_Fake", "D_real"]);
    expect((await tuned.preview(label)).data).not.toEqual((await straight.preview(label)).data);
  });
});

test("with noise it goes on from its checkpoint in the same bytes, and does not lose or get the noise on the way", async () => {
  const noisy = { ...options, add_noise: true };
  const whole = await trainer({ options: noisy });
  await collect(whole.steps(samplesFrom(0), 2));
  const first = await trainer({ options: noisy });
  await collect(first.steps(samplesFrom(0), 1));
  const between = await first.checkpoint();
  const second = await trainer({ from: between, options: undefined });
  await collect(second.steps(samplesFrom(1), 1));
  expect(await hashOf(await second.checkpoint())).toBe(await hashOf(await whole.checkpoint()));
  await expect(trainer({ from: between, options: { add_noise: false } })).rejects.toThrow(
    "add_noise is false where `from` has true",
  );
  const plain = await trainer();
  const without = await plain.checkpoint();
  expect(new TextDecoder().decode(await bytesOf(without))).not.toContain("add_noise");
  await expect(trainer({ from: without, options: { add_noise: true } })).rejects.toThrow(
    "add_noise is true where `from` has false",
  );
});

test("with VAE and a moving average: styles, presets, and an encoder that the saved net has with it", async () => {
  // Large weights, so that styles are seen at once.
  const given = { ...options, use_vae: true, z_dim: 8, ema: 0.5, batchSize: 2, init_variance: 1 };
  const vae = await trainer({ options: given });
  const done = await collect(vae.steps([0, 1, 2, 3, 4].map((i) => sampleOf(i))));
  // Two batches of two; the fifth sample is left.
  expect(done.map(({ step }) => step)).toEqual([1, 2]);
  expect(done[0].losses.KLD).toBeGreaterThan(0);
  const { label, image } = sampleOf(0);
  const style = Float32Array.from({ length: 8 }, (_, i) => i / 4 - 1);
  const preview = await vae.preview(label, { style });
  expect(preview.data).not.toEqual((await vae.preview(label, { style: 3 })).data);

  const weights = await vae.save();
  const spade = await createSpade({ weights, dtype: "f32" });
  expect((await spade.generate(label, { style })).data).toEqual(preview.data);
  expect(spade.info.style).toMatchObject({ dim: 8, encoder: true });
  expect(spade.info.style!.presets.length).toBeGreaterThan(1);
  const encoded = await spade.encode({ ...image, colorSpace: "srgb" } as ImageData);
  spade.dispose();

  // The encoder goes on too: the same photograph has the same style before the first step.
  const tuned = await trainer({ from: weights, options: given });
  const again = await createSpade({ weights: await tuned.save(), dtype: "f32" });
  expect(await again.encode({ ...image, colorSpace: "srgb" } as ImageData)).toEqual(encoded);
  again.dispose();

  const resumed = await trainer({ from: await vae.checkpoint(), options: {} });
  await collect(vae.steps(samplesFrom(4), 1));
  await collect(resumed.steps(samplesFrom(4), 1));
  expect(await hashOf(await resumed.checkpoint())).toBe(await hashOf(await vae.checkpoint()));
});

test("the published perceptual loss is the default in Node, and SqueezeNet's features are checked", async () => {
  const t = await trainer({ perceptual: undefined });
  const [{ losses }] = await collect(t.steps([sampleOf(0)]));
  expect(losses.VGG).toBeGreaterThan(0);
  const features = "weights/street_net_E.safetensors";
  await expect(trainer({ perceptual: features })).rejects.toMatchObject({ code: "file", where: "perceptual" });
});

/** A checkpoint as versions before 0.8 wrote it. */
async function asBefore(checkpoint: Blob): Promise<Blob> {
  const file = await openCheckpoint(bytesAccess(await bytesOf(checkpoint), "checkpoint"));
  const tensors: TensorToWrite[] = [];
  for (const name of file.names()) {
    const { dtype, shape, data } = await file.read(name);
    tensors.push({ name, dtype, shape, data: () => data });
  }
  const without = (json: string): string =>
    JSON.stringify({ ...(JSON.parse(json) as object), squeezenet_scale: undefined });
  const sink = blobSink();
  const { run, options } = file.metadata;
  await writeChecked(sink, tensors, { run: without(run), options: without(options) });
  return sink.blob();
}

test("a checkpoint keeps the scale of SqueezeNet's distances: its own, and 1 where there was none yet", async () => {
  const scaleOf = async (t: Trainer): Promise<unknown> => {
    const { metadata } = await openCheckpoint(bytesAccess(await bytesOf(await t.checkpoint()), "checkpoint"));
    const [run, stored] = [metadata.run, metadata.options].map((json) => JSON.parse(json) as Record<string, unknown>);
    expect(run.squeezenet_scale).toBe(stored.squeezenet_scale);
    return run.squeezenet_scale;
  };
  const made = await trainer();
  expect(await scaleOf(made)).toBe(defaultOptions.squeezenet_scale);
  const checkpoint = await made.checkpoint();
  const own = await trainer({ options: { ...options, squeezenet_scale: 0.5 } });
  expect(await scaleOf(await trainer({ from: await own.checkpoint() }))).toBe(0.5);
  expect(await scaleOf(await trainer({ from: await asBefore(checkpoint) }))).toBe(1);
  await expect(trainer({ from: checkpoint, options: { squeezenet_scale: 1 } })).rejects.toThrow(
    "squeezenet_scale is 1",
  );
  // An opt.json of that time, given whole.
  expect(await scaleOf(await trainer({ options: { ...options, vgg_weights: "" } as typeof options }))).toBe(1);
});
