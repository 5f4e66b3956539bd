// The trainer in this process, on a tiny data set: what happens when things go wrong.

import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fileSink, openCheckpointFile } from "../../src/formats/file.ts";
import type { TensorToWrite } from "../../src/formats/safetensors.ts";
import { toF32 } from "../../src/formats/tensors.ts";
import { netOf } from "../../src/models/kinds.ts";
import { isTrained } from "../../src/models/weights/packing.ts";
import { initialSource } from "../../src/training/init.ts";
import { averageDecay, defaultOptions, type TrainOptions } from "../../src/training/options.ts";
import { writeChecked } from "../../src/training/state_check.ts";
import { train } from "../../src/training/folder/trainer.ts";
import { relativeError } from "../support/device.ts";
import { sumError } from "../tolerances.ts";
import { labelPng, write } from "../datasets/folders.ts";
import { inFolder, run, SIDE, states, tiny } from "./runs.ts";

test("a note about the label maps is said where the run speaks, before a device is opened", async () => {
  const o = await tiny({ label_nc: 256 });
  for (const name of await readdir(o.label_dir))
    await write(o.label_dir, { [name]: labelPng(SIDE, SIDE, (x) => 85 * (x % 4)) });
  const said: string[] = [];
  const ui = { say: (line: string) => void said.push(line), progress() {}, signal: new AbortController().signal };
  await expect(train(o, ui, () => Promise.reject(new Error("no device")))).rejects.toThrow("no device");
  expect(said[0]).toMatch(/^note: the label maps look like 4 classes drawn in gray/);
});

test("a rate that breaks the net stops the run, naming the layer, and saves nothing broken", async () => {
  const o = await tiny({ lr: 1e30 });
  await expect(run(o)).rejects.toThrow(/step 2, on .*\d\.png.*first seen in G step: \S+/);
  await expect(states(o)).rejects.toThrow("ENOENT");
});

test("a lost device leaves the last snapshot, and the run that goes on ends as one that never stopped", async () => {
  const whole = await tiny({ max_steps: 4, snapshot_freq: 1 });
  await run(whole);
  const lost = { ...whole, name: "lost" };
  await expect(run(lost, (step, device) => void (step === 2 && device.gpu.destroy()))).rejects.toThrow(
    /step 1 is saved.*--continue_train/,
  );
  expect(await states(lost)).toEqual(["step_00000001.safetensors"]);
  const { said } = await run({ ...lost, continue_train: true });
  expect(said).toContain("going on from");
  const [a, b] = await Promise.all(
    [whole, lost].map((o) => readFile(join(o.checkpoints_dir, o.name, "latest_net_G.safetensors"))),
  );
  expect(a.equals(b)).toBe(true);
});

test("a run keeps its plan of variants: without one it goes on with the same kernels, with another it says so", async () => {
  const plan = { gemm: "portable", conv2d: "direct", conv2d_dx: "direct" } as const;
  const whole = await tiny({ max_steps: 4, snapshot_freq: 2 });
  await run(whole, undefined, plan);
  const nets = async (o: TrainOptions): Promise<Buffer> =>
    readFile(join(o.checkpoints_dir, o.name, "latest_net_G.safetensors"));
  const [two, other, none] = ["two", "other", "none"].map((name) => ({ ...whole, name, max_steps: 2 }));
  await run(two, undefined, plan);
  const again = { max_steps: 4, continue_train: true };
  const resumed = await run({ ...two, ...again });
  expect(resumed.said).not.toContain("variants");
  expect((await nets({ ...two })).equals(await nets(whole))).toBe(true);

  await run(other, undefined, plan);
  const { said } = await run({ ...other, ...again }, undefined, {});
  expect(said).toContain('note: the run had the variants {"gemm":"portable"');
  // Nothing is stored where there is no plan.
  await run(none);
  const [state] = await states(none);
  expect(await readFile(join(none.checkpoints_dir, "none/state", state), "latin1")).not.toContain("variants");
});

test("an average of the generator and a .pth are saved beside it; --profile says where the time goes", async () => {
  const o = await tiny({ max_steps: 2, ema: 0.5, save_pth: true, profile: true });
  const { said, reason } = await run(o);
  expect(reason).toBe("max_steps");
  expect(said).toMatch(/waited \d+\.\d s for data, \d+\.\d %/);
  expect(said).toMatch(/^ +ms +share +dispatches /m);
  const files = await readdir(join(o.checkpoints_dir, o.name));
  for (const net of ["G", "G_ema", "D"])
    for (const ending of ["safetensors", "pth"]) expect(files).toContain(`latest_net_${net}.${ending}`);
  const [g, average] = await Promise.all(
    ["G", "G_ema"].map((net) => readFile(join(o.checkpoints_dir, o.name, `latest_net_${net}.safetensors`))),
  );
  expect(g.length).toBe(average.length);
  expect(g.equals(average)).toBe(false);
});

test("the average soon leaves the fresh weights: its decay grows with the run's steps, over resumed runs too", async () => {
  const o = await tiny({ ema: 0.999 });
  const net = netOf(o);
  const read = async (role: string): Promise<Map<string, Float32Array>> => {
    const file = await openCheckpointFile(join(o.checkpoints_dir, `tiny/latest_net_${role}.safetensors`));
    const trained = [...net.shapes.keys()].filter(isTrained);
    const values = new Map<string, Float32Array>();
    for (const key of trained) values.set(key, toF32(await file.read(key)));
    await file.close();
    return values;
  };
  const fresh = initialSource(net, o);
  let was = new Map<string, Float32Array>();
  for (const key of net.shapes.keys()) was.set(key, await fresh.read(key));
  for (const [n, d] of [2 / 11, 3 / 12, 4 / 13].entries()) {
    await run({ ...o, max_steps: n + 1, continue_train: n > 0 });
    const [G, average] = [await read("G"), await read("G_ema")];
    for (const [key, now] of G) {
      const expected = was.get(key)!.map((v, i) => d * v + (1 - d) * now[i]);
      expect(relativeError(average.get(key)!, expected), `${key}, step ${n + 1}`).toBeLessThan(sumError(2));
    }
    was = average;
  }
});

test("the average's decay grows to the one given, and no further", () => {
  expect([1, 91, 8990, 8991, 1e6].map((n) => averageDecay(0.999, n))).toEqual([
    2 / 11,
    92 / 101,
    8991 / 9000,
    0.999,
    0.999,
  ]);
  expect(averageDecay(0, 1)).toBe(0);
});

/** Writes a run's newest state again, as versions before 0.8 did. */
async function asBefore(o: TrainOptions): Promise<void> {
  const path = join(o.checkpoints_dir, o.name, "state", (await states(o)).at(-1)!);
  const old = await openCheckpointFile(path);
  const tensors: TensorToWrite[] = [];
  for (const name of old.names()) {
    const { dtype, shape, data } = await old.read(name);
    tensors.push({ name, dtype, shape, data: () => data });
  }
  await old.close();
  const { squeezenet_scale, ...fields } = JSON.parse(old.metadata.run) as Record<string, unknown>;
  expect(squeezenet_scale).toBe(1);
  await writeChecked(await fileSink(path), tensors, { run: JSON.stringify(fields) });
}

test("a new run's perceptual loss has the measured scale; a run that began before there was one keeps 1, to the byte", async () => {
  const o = await tiny({ no_vgg_loss: false, squeezenet_scale: 1, max_steps: 2, print_freq: 1, save_epoch_freq: 1 });
  const folder = (of: TrainOptions, file: string): Promise<Buffer> => readFile(join(o.checkpoints_dir, of.name, file));
  const whole = { ...o, name: "whole" };
  await run(whole);
  const vgg = async (of: TrainOptions): Promise<number> =>
    (JSON.parse((await folder(of, "curves.jsonl")).toString().split("\n")[0]) as { losses: { VGG: number } }).losses
      .VGG;

  const { squeezenet_scale } = defaultOptions;
  const fresh = { ...o, name: "fresh", squeezenet_scale, max_steps: 1 };
  expect((await run(fresh)).said).not.toContain("squeezenet_scale");
  expect((await vgg(fresh)) / (await vgg(whole)) / squeezenet_scale).toBeCloseTo(1, 5);

  await run({ ...o, max_steps: 1 });
  await asBefore(o);
  const { said } = await run({ ...o, squeezenet_scale, continue_train: true });
  expect(said).toContain("note: the run keeps its squeezenet_scale of 1, as before version 0.8; --lambda_vgg");
  for (const net of ["G", "D"]) {
    const file = `latest_net_${net}.safetensors`;
    expect((await folder(o, file)).equals(await folder(whole, file)), file).toBe(true);
  }
  expect(JSON.parse((await folder(o, "opt.json")).toString())).toMatchObject({ squeezenet_scale: 1 });
  // Its nets alone say it too.
  const alone = await run({ ...o, squeezenet_scale, continue_train: true, which_epoch: "1", max_steps: 2 });
  expect(alone.said).toContain("keeps its squeezenet_scale of 1");
});

test("the first and the last step are logged; a run that was stopped and goes on has the log of one that never stopped", async () => {
  const whole = await tiny({ max_steps: 5 });
  const stopped = { ...whole, name: "stopped" };
  const log = async (o: TrainOptions): Promise<{ log: string[]; curves: number[] }> => {
    const text = await readFile(inFolder(o, "loss_log.txt"), "utf8");
    const entries = (await readFile(inFolder(o, "curves.jsonl"), "utf8")).trim().split("\n");
    return {
      log: text
        .replace(/\(\w{3} .*\d{4}\)/, "")
        .replace(/, time: [\d.]+/g, "")
        .split("\n"),
      curves: entries.map((line) => (JSON.parse(line) as { step: number }).step),
    };
  };
  const compiled: string[] = [];
  await run(whole, undefined, undefined, (...of) => void compiled.push(of.join(" ")));
  for (const net of ["G", "D"]) {
    const last = compiled.filter((line) => line.startsWith(net)).at(-1)!;
    expect(last).toMatch(/^[GD] (\d+) \1$/);
  }
  const wanted = await log(whole);
  // print_freq is 100 pictures.
  expect(wanted.curves).toEqual([1, 5]);
  expect(wanted.log.map((line) => /^\(epoch: \d, iters: \d/.exec(line)?.[0])).toEqual([
    ...[undefined, "(epoch: 1, iters: 2", "(epoch: 3, iters: 2", undefined],
  ]);
  await run({ ...stopped, max_steps: 3 });
  expect((await log(stopped)).curves).toEqual([1, 3]);
  await run({ ...stopped, continue_train: true });
  expect(await log(stopped)).toEqual(wanted);
});

test("--save_last keeps the newest numbered nets, of this run's epochs, and latest", async () => {
  const o = await tiny({ save_epoch_freq: 1, niter: 4, save_last: 2, save_pth: true });
  await write(inFolder(o), { "9_net_G.safetensors": Buffer.of(1), "1_net_G.onnx": Buffer.of(1) });
  await run(o);
  const nets = (await readdir(inFolder(o))).filter((name) => name.includes("_net_"));
  const saved = ["3", "4", "latest"].flatMap((which) =>
    ["D", "G"].flatMap((net) => ["pth", "safetensors"].map((kind) => `${which}_net_${net}.${kind}`)),
  );
  expect(nets.sort()).toEqual(["1_net_G.onnx", ...saved, "9_net_G.safetensors"].sort());
});

test("samples of another size than the net's pictures are refused before a device is opened", async () => {
  const o = await tiny({ preprocess_mode: "resize_and_crop", load_size: 48, crop_size: 48 });
  await expect(run(o)).rejects.toThrow(/crop_size/);
});

test("a new run under an old name sets the old states aside; a numbered net goes on where its epoch ended", async () => {
  const o = await tiny({ max_steps: 4, save_epoch_freq: 1 });
  await run(o);
  expect((await states(o)).at(-1)).toBe("step_00000004.safetensors");
  const numbered = await run({ ...o, continue_train: true, which_epoch: "1", max_steps: 3 });
  expect(numbered.said).toContain("going on from 1_net_*: epoch 2, 0 batches done, step 2");
  expect(numbered.said).toContain("state.old");
  expect(await states(o)).toEqual(["step_00000003.safetensors"]);
  const anew = await run({ ...o, max_steps: 1 });
  expect(anew.said).toContain("new nets");
  expect(await states(o)).toEqual(["step_00000001.safetensors"]);
});

test("two runs of one name at the same moment: one trains, the other changes nothing", async () => {
  const o = await tiny({ max_steps: 2 });
  const ended = await Promise.allSettled([run(o), run({ ...o, lr: 1 })]);
  expect(ended.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  const { reason } = ended.find(({ status }) => status === "rejected") as PromiseRejectedResult;
  expect(String((reason as Error).message)).toMatch(
    /tiny: is in use: process \d+ on \S+ trains there since 20\S+; wait for its end, stop it \(kill \d+\), or give another --name$/,
  );
  const won = ended[0].status === "fulfilled" ? o.lr : 1;
  const folder = join(o.checkpoints_dir, o.name);
  expect(JSON.parse(await readFile(join(folder, "opt.json"), "utf8"))).toMatchObject({ lr: won });
  expect((await readdir(folder)).filter((name) => name.includes("lock"))).toEqual([]);
});
