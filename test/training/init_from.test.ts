// --init_from in runs and with files: what a run begins with, what it says, what it refuses.

import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fileSink, openCheckpointFile } from "../../src/formats/file.ts";
import { writeSafetensors, type TensorToWrite } from "../../src/formats/safetensors.ts";
import { fromF32, toF32 } from "../../src/formats/tensors.ts";
import { writePth } from "../../src/formats/torch/pth_write.ts";
import { netOf } from "../../src/models/kinds.ts";
import { discriminatorNet } from "../../src/models/nets/discriminator.ts";
import { isTrained, type Net } from "../../src/models/weights/packing.ts";
import { InitNets } from "../../src/training/fine_tune/open_init.ts";
import { noteBeginning } from "../../src/training/folder/beginning.ts";
import { initialSource } from "../../src/training/init.ts";
import type { TrainOptions } from "../../src/training/options.ts";
import { inFolder, run, states, tiny } from "./runs.ts";

/** A file's tensors of a net, those that are trained or all of them. */
async function valuesOf(
  path: string,
  net: Net,
  keys: (key: string) => boolean = isTrained,
): Promise<Map<string, Float32Array>> {
  const file = await openCheckpointFile(path);
  const values = new Map<string, Float32Array>();
  for (const key of net.shapes.keys()) if (keys(key)) values.set(key, toF32(await file.read(key)));
  await file.close();
  return values;
}

/** What --init_from gives of a role, and what it says. */
async function given(
  o: TrainOptions,
  role: "G" | "D" = "G",
): Promise<{ values: Map<string, Float32Array>; said: string[] }> {
  const said: string[] = [];
  const init = await InitNets.open(o, (line) => said.push(line));
  const net = role === "G" ? netOf(o) : discriminatorNet(o);
  const source = init.source(role, net, initialSource(net, o));
  const values = new Map<string, Float32Array>();
  for (const key of net.shapes.keys()) values.set(key, await source.read(key));
  await init.close();
  return { values, said };
}

const LABELS = [
  { id: 0, name: "sky", color: "#0000ff" },
  { id: 1, name: "sea", color: "#00ffff" },
];

/** A run of two steps, with an encoder, an average, .pth files and names of labels. */
let small: TrainOptions;
let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "init-from-"));
  small = await tiny({ max_steps: 2, use_vae: true, z_dim: 4, ema: 0.5, save_pth: true }, dir);
  const labels = join(small.checkpoints_dir, "labels.json");
  await mkdir(small.checkpoints_dir, { recursive: true });
  await writeFile(labels, JSON.stringify(LABELS));
  small = { ...small, labels };
  await run(small);
}, 120_000);
afterAll(() => rm(dir, { recursive: true, force: true }));

describe("from small to large", () => {
  /** At a rate of 0 the weights after a step are those that the run began with. */
  const large = (more: Partial<TrainOptions> = {}): TrainOptions => ({
    ...small,
    ...{ name: "large", num_upsampling_layers: "more", crop_size: 64, lr: 0, max_steps: 1, save_pth: false },
    init_from: inFolder(small, "latest_net_G.safetensors"),
    ...more,
  });

  test("the nets of 32x32 normal become those of 64x64 more, all weights and the average with them", async () => {
    const o = large();
    const { said } = await run(o);
    expect(said).toMatch(/\nG from latest_net_G\.safetensors: (\d+) of \1 tensors\n/);
    expect(said).toMatch(/\nD from latest_net_D\.safetensors: (\d+) of \1 tensors\n/);
    expect(said).toMatch(/\nE from latest_net_E\.safetensors: (\d+) of \1 tensors\n/);
    expect(said).toContain(`\nnets from ${o.init_from}, Adam begins anew`);
    const net = netOf(o);
    const began = await valuesOf(o.init_from, net);
    expect(await valuesOf(inFolder(o, "latest_net_G.safetensors"), net)).toEqual(began);
    expect(JSON.parse(await readFile(inFolder(o, "opt.json"), "utf8"))).toMatchObject({ init_from: o.init_from });
    expect(await states(o)).toEqual(["step_00000001.safetensors"]);

    // With --continue_train the same command goes on from the state; the file is not needed any more.
    const gone = { ...o, init_from: join(o.checkpoints_dir, "gone_net_G.safetensors"), max_steps: 2 };
    expect((await run({ ...gone, continue_train: true })).said).toContain("going on from");

    // Killed before its first save, it begins again with the file that it began with.
    await rm(inFolder(o, "state"), { recursive: true });
    await noteBeginning(inFolder(o), { init_from: o.init_from });
    const again = await run({ ...o, init_from: "", continue_train: true });
    expect(again.said).toContain(`nothing is saved yet: nets from ${o.init_from}`);
    expect(await valuesOf(inFolder(o, "latest_net_G.safetensors"), net)).toEqual(began);
    expect(JSON.parse(await readFile(inFolder(o, "opt.json"), "utf8"))).toMatchObject({ init_from: o.init_from });
  }, 120_000);

  test.each<[string, Partial<TrainOptions>, RegExp]>([
    ["another size", { crop_size: 64 }, /makes pictures of 64x64, and the run has 32x32; give the options that/],
    ["another size of as many levels", { crop_size: 64, num_upsampling_layers: "more" }, /makes pictures of 64x64/],
    [
      "other labels",
      { label_nc: 3, labels: "" },
      /weights, key head_0.*: expected \[128,3,3,3\] and found \[128,2,3,3\]; give/,
    ],
    ["another width of D", { ndf: 3 }, /weights, key discriminator_0.*: expected/],
  ])("--continue_train with %s says in one line how to begin another run", async (_, change, message) => {
    const going = run({ ...small, ...change, continue_train: true, max_steps: 3 });
    const error = (await going.catch((e: unknown) => e)) as Error;
    expect(error.message).toMatch(message);
    expect(error.message).toContain(`--name OTHER --init_from ${inFolder(small, "latest_net_G.safetensors")}`);
    expect(error.message).not.toContain("\n");
    expect(await states(small)).toContain("step_00000002.safetensors");
  });
});

describe("files", () => {
  const from = (file: string): TrainOptions => ({ ...small, init_from: inFolder(small, file) });

  test("the average, with the discriminator of its epoch", async () => {
    const o = from("latest_net_G_ema.safetensors");
    const { values } = await given(o);
    expect(values).toEqual(await valuesOf(o.init_from, netOf(o), () => true));
    const D = await given(o, "D");
    expect(D.said.at(-1)).toMatch(/^D from latest_net_D\.safetensors: (\d+) of \1 tensors$/);
  });

  test("a .pth gives the same as safetensors", async () => {
    const there = join(small.checkpoints_dir, "pth");
    await mkdir(there);
    for (const net of ["G", "D"])
      await copyFile(inFolder(small, `latest_net_${net}.pth`), join(there, `9_net_${net}.pth`));
    const o = { ...small, init_from: join(there, "9_net_G.pth") };
    for (const role of ["G", "D"] as const) {
      const { values } = await given(o, role);
      expect(values).toEqual((await given(from("latest_net_G.safetensors"), role)).values);
    }
  });

  test("f16 is read, and what is nobody's name gets a new discriminator", async () => {
    const net = netOf(small);
    const state = await valuesOf(from("latest_net_G.safetensors").init_from, net, () => true);
    const tensors: TensorToWrite[] = [...state].map(([name, data]) => ({
      ...{ name, dtype: "F16", shape: [...net.shapes.get(name)!] },
      data: () => fromF32(data, "F16"),
    }));
    const o = { ...small, init_from: join(small.checkpoints_dir, "half.safetensors") };
    const { metadata } = await openCheckpointFile(inFolder(small, "latest_net_G.safetensors"));
    await writeSafetensors(await fileSink(o.init_from), tensors, metadata);
    const { values } = await given(o);
    for (const [key, data] of values) {
      const off = data.filter((v, i) => Math.abs(v - state.get(key)![i]) > 2 ** -11 * Math.abs(v) + 2 ** -24);
      expect(off.length, key).toBe(0);
    }
    expect((await given(o, "D")).said).toContain("D begins anew: none lies beside half.safetensors");
  });

  test("labels go by the names that the file stores: two become three, in another order", async () => {
    const labels = join(small.checkpoints_dir, "three.json");
    const three = ["sea", "sand", "sky"].map((name, id) => ({ id, name, color: `#00000${id}` }));
    await writeFile(labels, JSON.stringify(three));
    const o = { ...from("latest_net_G.safetensors"), labels, label_nc: 3 };
    const key = "head_0.norm_0.mlp_shared.0.weight";
    const [{ values, said }, old] = [await given(o), (await given(from("latest_net_G.safetensors"))).values.get(key)!];
    expect(said[0]).toBe("labels by name: 2 of 3 labels taken (sea, sky); new, as the average of the file's: sand");
    const now = values.get(key)!;
    for (let o_ = 0; o_ < 128; o_++)
      for (let t = 0; t < 9; t++) {
        const [sky, sea] = [0, 1].map((c) => old[(2 * o_ + c) * 9 + t]);
        const wanted = [sea, Math.fround((sky + sea) / 2), sky];
        expect([0, 1, 2].map((c) => now[(3 * o_ + c) * 9 + t])).toEqual(wanted);
      }
  });

  test("the published code's .pth says nothing of its labels: those of its opt.txt and data set count", async () => {
    const there = join(small.checkpoints_dir, "published");
    const coco: TrainOptions = {
      ...small,
      ...{ label_nc: 182, contain_dontcare_label: true, no_instance: false, use_vae: false, labels: "" },
    };
    const net = netOf(coco);
    const fresh = initialSource(net, coco);
    const tensors: TensorToWrite[] = [];
    for (const [name, shape] of net.shapes) {
      const data = fromF32(await fresh.read(name), "F32");
      tensors.push({ name, dtype: "F32", shape: [...shape], data: () => data });
    }
    await mkdir(there);
    const o = { ...small, use_vae: false, init_from: join(there, "latest_net_G.pth") };
    await writePth(await fileSink(o.init_from), tensors);
    const { values, said } = await given(o);
    expect(said.join("\n")).toContain("labels by name: 2 of 2 labels taken (sky, sea); not used of the file: person");
    const key = "up_0.norm_0.mlp_shared.0.weight";
    const old = await fresh.read(key);
    // COCO's sea is 154, its sky-other 156.
    expect([0, 1].map((c) => values.get(key)![c * 9])).toEqual([old[156 * 9], old[154 * 9]]);
  });

  test.each<[string, string, Partial<TrainOptions>, RegExp]>([
    [
      "a discriminator",
      "latest_net_D.safetensors",
      {},
      /^--init_from .*latest_net_D\.safetensors: is a discriminator .*; give latest_net_G/,
    ],
    ["an encoder", "latest_net_E.safetensors", {}, /^--init_from .*: is an encoder/],
    ["a state", "state/step_00000002.safetensors", {}, /^--init_from .*: is a training state; give the net/],
    ["an opt file", "opt.json", {}, /opt\.json: /],
    ["a folder", "", {}, /tiny: is not a file; give a file in that folder/],
    ["a file that is not there", "no_net_G.pth", {}, /no_net_G\.pth: does not exist; check the path/],
    [
      "a net of another width",
      "latest_net_G.safetensors",
      { ngf: 2 },
      /^--ngf 2: fits no weight of .*, which has ngf 1; give --ngf 1$/,
    ],
    [
      "a net of another kind",
      "latest_net_G.safetensors",
      { netG: "pix2pixhd" },
      /^--netG pix2pixhd: fits no weight of .*SPADE; give --netG spade$/,
    ],
  ])("%s is refused by name", async (_, file, change, message) => {
    await expect(InitNets.open({ ...from(file), ...change }, () => undefined)).rejects.toThrow(message);
  });

  test("another net beside the generator is named", async () => {
    const there = join(small.checkpoints_dir, "mixed");
    await mkdir(there);
    for (const net of ["G", "D"]) await copyFile(inFolder(small, "latest_net_G.pth"), join(there, `1_net_${net}.pth`));
    await expect(InitNets.open({ ...small, init_from: join(there, "1_net_G.pth") }, () => undefined)).rejects.toThrow(
      /1_net_D\.pth: is no discriminator: it has no discriminator_0\.model0\.0\.weight; move it away/,
    );
  });

  test("a file that is refused leaves an earlier run of the name as it is", async () => {
    const o = { ...small, init_from: inFolder(small, "latest_net_D.safetensors") };
    await expect(run(o)).rejects.toThrow("is a discriminator");
    expect(await states(o)).toEqual(["step_00000002.safetensors"]);
  });
});
