// What createTrainer and its trainer refuse, and that a refusal loses nothing.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openPlain } from "../../src/formats/plain_checkpoint.ts";
import { blobAccess } from "../../src/formats/tensors.ts";
import { openNodeDevice } from "../../src/node/dawn.ts";
import { nodeHost } from "../../src/node_host.ts";
import type { Device, OpenOptions } from "../../src/runtime/index.ts";
import { createTrainer, type Sample, type Trainer, type TrainerOptions } from "../../src/train_node.ts";
import { blobSink } from "../../src/trainer/blob.ts";
import { nearest } from "../../src/trainer/nearest.ts";
import { createTrainerOn } from "../../src/trainer/create.ts";
import { writeChecked } from "../../src/training/state_check.ts";
import { page } from "../../src/web/painting_page.ts";
import { testDevice } from "../support/device.ts";
import { options, sampleOf, samplesFrom } from "./pairs.ts";

const create = async (given: Partial<TrainerOptions>): Promise<Trainer> =>
  createTrainer({ perceptual: false, device: (await testDevice()).gpu, ...given });
const refusal = (given: Partial<TrainerOptions>): Promise<string> =>
  create(given).then(
    () => "nothing",
    ({ code, message }: { code: string; message: string }) => `${code}: ${message}`,
  );

describe("createTrainer refuses", () => {
  test.each<[object, string]>([
    [{ lambdaFeat: 5 }, "usage: createTrainer({ options }): lambdaFeat is no option; perhaps lambda_feat is meant"],
    [{ label_ncs: 5 }, "usage: createTrainer({ options }): label_ncs is no option; perhaps label_nc is meant"],
    [
      { frobnicate: 1 },
      "usage: createTrainer({ options }): frobnicate is no option; leave it out; names are those of opt.json: label_nc, crop_size, lr ...",
    ],
    [{ lr: "fast" }, 'usage: createTrainer({ options }): lr is "fast"; give a number'],
    [{ lr: () => 1 }, "usage: createTrainer({ options }): lr is () => 1; give a number"],
    [{ ngf: 0 }, 'usage: createTrainer({ options }): ngf is "0"; give a whole number from 1 on'],
    [{ gan_mode: "hing" }, 'usage: createTrainer({ options }): gan_mode is "hing"; give one of hinge, ls, original, w'],
    [
      { crop_size: 100 },
      "usage: createTrainer({ options }), crop_size 100: is no multiple of 32, and the generator would paint 96 pixels of it; give 96 or 128",
    ],
  ])("the options %o", async (wrong, message) => {
    expect(await refusal({ options: { ...options, ...wrong } })).toBe(message);
  });

  test("what is no source, no device, no list of labels", async () => {
    const wrong = (given: object): Promise<string> => refusal({ options, ...given });
    expect(await wrong({ from: 3 })).toMatch(/^usage: createTrainer\({ from }\): is no source/);
    expect(await wrong({ device: {} })).toMatch(/^usage: createTrainer\({ device }\): is no GPUDevice/);
    expect(await wrong({ labels: {} })).toMatch(/^usage: createTrainer\({ labels }\): is no list/);
    expect(await wrong({ labels: [{ id: 9, name: "x", color: "#123456" }] })).toMatch(
      /^usage: createTrainer\({ labels }\): id 9 is beyond the net's labels, 0 to 3/,
    );
  });

  test("a page without features for the perceptual loss", async () => {
    const host = { ...page, sizesAs: "uniform" as const };
    const made = createTrainerOn(host, { options, device: (await testDevice()).gpu });
    await expect(made).rejects.toMatchObject({ code: "usage", where: "createTrainer({ perceptual })" });
  });

  test("nothing where a whole opt.json is given", async () => {
    const json = { ...options, isTrain: true, max_steps: "inf", name: "street", dataroot: "./x", no_flip: true };
    (await create({ options: json })).dispose();
  });
});

test("names that resemble none are not guessed", () => {
  expect(nearest("beta3", ["beta1", "beta2", "lr"])).toBe("beta1");
  expect(nearest("LR", ["beta1", "lr"])).toBe("lr");
  expect(nearest("dropout", ["beta1", "lr", "ngf"])).toBeUndefined();
});

describe("a trainer", () => {
  let trainer: Trainer;
  beforeAll(async () => void (trainer = await create({ options })));
  afterAll(() => trainer.dispose());

  const small = { data: new Uint8Array(32 * 32), width: 32, height: 32 };
  const illegal = { ...sampleOf(0).label, data: new Uint8Array(64 * 64).fill(7, 70) };
  const bad: [string, Partial<Sample> | undefined, string, string][] = [
    ["a map of another size", { label: small }, "shape", "samples[2].label"],
    ["an unknown label", { label: illegal }, "label", "samples[2].label"],
    ["an instance map of another size", { instance: small }, "shape", "samples[2].instance"],
    [
      "a picture of another size",
      { image: { width: 32, height: 64, data: new Uint8ClampedArray(4 * 32 * 64) } },
      "shape",
      "samples[2].image",
    ],
    ["no picture", { image: undefined }, "usage", "samples[2].image"],
  ];
  test.each(bad)("names the sample that has %s, after the steps before it", async (_, wrong, code, where) => {
    const before = trainer.step;
    const samples = [sampleOf(0), sampleOf(1), { ...sampleOf(2), ...wrong }];
    const taken: number[] = [];
    const loop = async (): Promise<void> => {
      for await (const { step } of trainer.steps(samples)) taken.push(step);
    };
    await expect(loop()).rejects.toMatchObject({ code, where });
    expect(taken).toEqual([before + 1, before + 2]);
    expect(trainer.step).toBe(before + 2);
  });

  test("passes on what its samples throw, and closes them at the end", async () => {
    const reason = new Error("the camera is gone");
    let closed = 0;
    async function* failing(): AsyncGenerator<Sample> {
      try {
        yield sampleOf(0);
        throw reason;
      } finally {
        closed++;
      }
    }
    const all = async (samples: AsyncIterable<Sample>, count?: number): Promise<void> => {
      for await (const _ of trainer.steps(samples, count)) void _;
    };
    await expect(all(failing())).rejects.toBe(reason);
    await all(failing(), 1);
    expect(closed).toBe(2);
  });

  test("ends a loop that waits for a sample that never comes", async () => {
    async function* waiting(): AsyncGenerator<Sample> {
      yield sampleOf(0);
      await new Promise(() => undefined);
    }
    for await (const _ of trainer.steps(waiting())) break;
    expect((await trainer.steps([sampleOf(0)]).next()).done).toBe(false);
  });

  test("refuses a second loop while one runs, and calls that it can't do", async () => {
    const other = await create({ options });
    for await (const _ of other.steps(samplesFrom(0), 1))
      await expect(other.steps(samplesFrom(0)).next()).rejects.toMatchObject({ code: "usage", where: "steps" });
    expect(() => other.steps(3 as never)).toThrow(/can't be iterated/);
    expect(() => other.steps([], -1)).toThrow(/count is -1/);
    await expect(other.preview(small)).rejects.toMatchObject({ code: "shape", where: "label map" });
    await expect(other.preview(illegal)).rejects.toMatchObject({ code: "label" });
    const style = other.preview(sampleOf(0).label, { style: 3 });
    await expect(style).rejects.toMatchObject({ code: "unsupported", where: "preview({ style })" });
    other.dispose();
  });

  test("that is disposed ends what runs, and every call says so", async () => {
    const other = await create({ options });
    const running = other.steps(samplesFrom(0)).next();
    other.dispose();
    other.dispose();
    await expect(running).rejects.toMatchObject({ code: "disposed" });
    expect(() => other.steps([])).toThrow(/disposed/);
    for (const call of [other.preview(sampleOf(0).label), other.save(), other.checkpoint()])
      await expect(call).rejects.toMatchObject({ code: "disposed" });
  });

  test("whose device is lost says to go on from the last checkpoint, with which another does", async () => {
    const { gpu } = await openNodeDevice();
    const other = await create({ options, device: gpu });
    await other.steps([sampleOf(0)]).next();
    const from = await other.checkpoint();
    gpu.destroy();
    await gpu.lost;
    const error = await other.checkpoint().catch((e: unknown) => e);
    expect(error).toMatchObject({
      code: "device-lost",
      where: "checkpoint",
      fix: "create a trainer from the last checkpoint: createTrainer({ from: checkpoint })",
    });
    expect(() => other.steps([])).toThrow(/last checkpoint/);
    other.dispose();
    const next = await create({ from });
    expect(next.step).toBe(1);
    next.dispose();
  });
});

test("a preview frees what it used, and dispose everything, the device too", async () => {
  let device!: Device;
  const openDevice = async (o: OpenOptions): Promise<Device> => (device = await openNodeDevice(o));
  const trainer = await createTrainerOn({ ...nodeHost(), openDevice }, { options, perceptual: false });
  for await (const _ of trainer.steps(samplesFrom(0), 1)) void _;
  const held = device.allocated;
  for (let i = 0; i < 2; i++) await trainer.preview(sampleOf(i).label);
  await trainer.save();
  await trainer.checkpoint();
  expect(device.allocated).toBe(held);
  trainer.dispose();
  expect(await device.gpu.lost).toMatchObject({ reason: "destroyed" });
  expect(device.allocated).toBe(0);
});

/** Of a checkpoint's metadata. */
interface Run {
  stepper: { plans: { h: number; inner: { capacity: number } }[] };
}

describe("from", () => {
  let checkpoint: Blob;
  let saved: Blob;
  beforeAll(async () => {
    const trainer = await create({ options });
    await trainer.steps([sampleOf(0)]).next();
    [checkpoint, saved] = [await trainer.checkpoint(), await trainer.save()];
    trainer.dispose();
  });

  test("keeps the options that shape its nets", async () => {
    expect(await refusal({ from: saved, options: { label_nc: 5 } })).toBe(
      "usage: createTrainer({ options }): label_nc is 5 where `from` has 4; leave it out",
    );
    expect(await refusal({ from: checkpoint, options: { ndf: 8 } })).toBe(
      "usage: createTrainer({ options }): ndf is 8 where `from` has 4; leave it out",
    );
    expect(await refusal({ from: checkpoint, options: { lr: 0.1 } })).toBe("nothing");
  });

  test("that is damaged, or neither a generator nor a checkpoint, is refused", async () => {
    const bytes = new Uint8Array(await checkpoint.arrayBuffer());
    bytes[bytes.length - 9] ^= 1;
    expect(await refusal({ from: bytes })).toBe(
      "file: from: is damaged: its checksum is another one; go on from another checkpoint",
    );
    expect(await refusal({ from: bytes.subarray(0, 5000) })).toMatch(/^file: /);
    expect(await refusal({ from: "weights/squeezenet1_0_features.safetensors" })).toMatch(/^(file|unsupported): /);
  });

  /** The checkpoint with another `run` or other shapes, and a checksum that fits. */
  async function changed(change: (run: Run) => void, shapeOf = (_: string, shape: number[]) => shape): Promise<Blob> {
    const source = await openPlain(blobAccess(checkpoint));
    const { run: text, options: stored } = source.metadata;
    const run = JSON.parse(text) as Run;
    change(run);
    const tensors = source.names().map((name) => {
      const { dtype, shape } = source.info(name);
      return { name, dtype, shape: shapeOf(name, shape), data: () => source.chunks(name) };
    });
    const sink = blobSink();
    await writeChecked(sink, tensors, { run: JSON.stringify(run), options: stored });
    return sink.blob();
  }

  test("of other nets is refused, though its checksum fits", async () => {
    expect(await refusal({ from: await changed(() => undefined) })).toBe("nothing");
    const rooms = "file: from: has table rooms of other nets; go on from another checkpoint";
    expect(await refusal({ from: await changed(({ stepper }) => void (stepper.plans[0].h = 999)) })).toBe(rooms);
    const large = changed(({ stepper }) => void (stepper.plans[0].inner.capacity = 1e12));
    expect(await refusal({ from: await large })).toBe(rooms);
    const shapes = (name: string, shape: number[]): number[] => (name === "G.fc.bias.adam_m" ? [...shape, 1] : shape);
    expect(await refusal({ from: await changed(() => undefined, shapes) })).toBe(
      "file: state, G.fc.bias.adam_m: is [64,1] where the run has [64]; go on from another state, or with the options of this one",
    );
  });

  test("loads with a progress that never falls, and is ready once; an abort throws its reason", async () => {
    const seen: number[] = [];
    const phases: string[] = [];
    const onProgress = ({ phase, progress }: { phase: string; progress: number }): void => {
      seen.push(progress);
      phases.push(phase);
    };
    (await create({ from: saved, onProgress, perceptual: "weights/squeezenet1_0_features.safetensors" })).dispose();
    expect([...seen].sort((a, b) => a - b)).toEqual(seen);
    expect(phases.filter((phase) => phase === "ready")).toEqual(["ready"]);
    expect(seen.at(-1)).toBe(1);
    expect(new Set(phases)).toEqual(new Set(["download", "upload", "ready"]));

    const stop = new AbortController();
    const reason = new Error("another page");
    const aborted = create({
      from: saved,
      signal: stop.signal,
      onProgress: (p) => p.phase === "upload" && stop.abort(reason),
    });
    await expect(aborted).rejects.toBe(reason);
  });
});
