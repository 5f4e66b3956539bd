// From a train command line to the options of a run: the published defaults of every data set, the precedence, what is refused.

import { join } from "node:path";
import { Command } from "commander";
import { describe, expect, test } from "vitest";
import { publishedNames } from "../../src/cli/options/argv.ts";
import { ignoredOptions } from "../../src/cli/options/dead_options.ts";
import { addTrainOptions, resolveTrainOptions, savedOptions } from "../../src/cli/options/train_options.ts";
import { resolveTestOptions } from "../../src/cli/options/test_options.ts";
import { scratch, write } from "../datasets/folders.ts";
import type { DatasetMode } from "../../src/datasets/options.ts";
import { semanticNc } from "../../src/models/config.ts";
import { defaultOptions, type TrainOptions } from "../../src/training/options.ts";

function train(): { program: Command; given: () => Record<string, unknown> } {
  const program = new Command().exitOverride();
  program.configureOutput({ writeErr: () => undefined });
  let options: Record<string, unknown> = {};
  const command = addTrainOptions(program.command("train")).exitOverride();
  command.action((o: Record<string, unknown>) => void (options = o));
  return { program, given: () => options };
}

function given(...args: string[]): Record<string, unknown> {
  const { program, given } = train();
  program.parse(publishedNames(["train", ...args], program), { from: "user" });
  return given();
}

const resolve = (...args: string[]): TrainOptions => resolveTrainOptions(given(...args));
const CUSTOM = ["--dataset_mode", "custom", "--label_dir", "l", "--image_dir", "i"];
const of = (mode: DatasetMode): string[] => (mode === "custom" ? CUSTOM : ["--dataset_mode", mode]);

// The defaults of the published train.py by data set.
const PUBLISHED: [DatasetMode, Partial<TrainOptions> & { semantic_nc: number }][] = [
  [
    "coco",
    {
      label_nc: 182,
      contain_dontcare_label: true,
      no_instance: false,
      semantic_nc: 184,
      preprocess_mode: "resize_and_crop",
      load_size: 286,
      crop_size: 256,
      aspect_ratio: 1,
      num_upsampling_layers: "normal",
      batchSize: 1,
    },
  ],
  [
    "ade20k",
    {
      label_nc: 150,
      contain_dontcare_label: true,
      no_instance: true,
      semantic_nc: 151,
      preprocess_mode: "resize_and_crop",
      load_size: 286,
      crop_size: 256,
      aspect_ratio: 1,
      num_upsampling_layers: "normal",
      batchSize: 1,
    },
  ],
  [
    "cityscapes",
    {
      label_nc: 35,
      contain_dontcare_label: false,
      no_instance: false,
      semantic_nc: 36,
      preprocess_mode: "fixed",
      load_size: 512,
      crop_size: 512,
      aspect_ratio: 2,
      num_upsampling_layers: "more",
      batchSize: 16,
    },
  ],
  [
    "facades",
    {
      label_nc: 13,
      contain_dontcare_label: false,
      no_instance: true,
      semantic_nc: 13,
      preprocess_mode: "resize_and_crop",
      load_size: 286,
      crop_size: 256,
      aspect_ratio: 1,
      num_upsampling_layers: "normal",
      batchSize: 1,
      dataroot: "./dataset/facades/",
    },
  ],
  [
    "custom",
    {
      label_nc: 13,
      contain_dontcare_label: false,
      no_instance: false,
      semantic_nc: 14,
      preprocess_mode: "resize_and_crop",
      load_size: 286,
      crop_size: 256,
      aspect_ratio: 1,
      num_upsampling_layers: "normal",
      batchSize: 1,
    },
  ],
];

test.each(PUBLISHED)("defaults of %s are the published ones", (mode, { semantic_nc, ...wanted }) => {
  const o = resolve(...of(mode));
  expect(o).toMatchObject(wanted);
  expect(semanticNc(o)).toBe(semantic_nc);
});

test("without an option the run has the published base defaults, in coco", () => {
  expect(resolve()).toEqual(defaultOptions);
  expect(defaultOptions).toMatchObject({
    name: "label2coco",
    norm_G: "spectralspadesyncbatch3x3",
    norm_D: "spectralinstance",
    norm_E: "spectralinstance",
    init_type: "xavier",
    init_variance: 0.02,
    niter: 50,
    niter_decay: 0,
    lr: 0.0002,
    beta1: 0,
    beta2: 0.9,
    lambda_feat: 10,
    lambda_vgg: 10,
    lambda_kld: 0.05,
    gan_mode: "hinge",
    num_D: 2,
    n_layers_D: 4,
    print_freq: 100,
    save_latest_freq: 5000,
    save_epoch_freq: 10,
  });
});

describe("precedence", () => {
  test("command line over opt file over data set over base", () => {
    const saved = { dataset_mode: "cityscapes", load_size: 600, batchSize: 4, lr: 0.001, notAnOption: 1 };
    const o = resolveTrainOptions(given("--batchSize", "2"), saved);
    expect(o).toMatchObject({ batchSize: 2, load_size: 600, crop_size: 512, lr: 0.001, niter: 50 });
    expect(o).not.toHaveProperty("notAnOption");
  });

  test("no_TTUR moves the betas that nobody gave", () => {
    expect(resolve("--no_TTUR")).toMatchObject({ beta1: 0.5, beta2: 0.999, no_TTUR: true });
    expect(resolve("--no_TTUR", "--beta1", "0.3")).toMatchObject({ beta1: 0.3, beta2: 0.999 });
    expect(resolve("--beta2", "0.95")).toMatchObject({ beta1: 0, beta2: 0.95 });
    expect(resolveTrainOptions(given("--no_TTUR"), { beta1: 0, beta2: 0.9 })).toMatchObject({ beta1: 0, beta2: 0.9 });
  });

  test("the network has a say in norm_G, in any spelling of its name", () => {
    expect(resolve("--netG", "Pix2Pix_HD")).toMatchObject({ netG: "pix2pixhd", norm_G: "instance" });
    expect(resolve("--netG", "pix2pixhd", "--norm_G", "spectralbatch")).toMatchObject({ norm_G: "spectralbatch" });
    expect(resolve("--netG", "SPADE")).toMatchObject({ netG: "spade", norm_G: "spectralspadesyncbatch3x3" });
    expect(resolve("--netG", "pix2pixhd")).toMatchObject({ resnet_n_downsample: 4, resnet_n_blocks: 9 });
    expect(() => given("--netG", "unet")).toThrow(/Give spade or clade or pix2pixhd/);
  });

  test("CLADE is a netG here, and published as a norm_mode", () => {
    const clade = { netG: "clade", norm_G: "spectralspadesyncbatch3x3", add_dist: true };
    expect(resolve("--netG", "clade", "--add_dist")).toMatchObject(clade);
    expect(resolve("--norm_mode", "clade", "--add_dist")).toMatchObject(clade);
    expect(resolve("--netG", "spade", "--norm_mode", "clade")).toMatchObject({ netG: "clade", add_dist: false });
    expect(resolveTrainOptions(given("--norm_mode", "spade"), { netG: "clade" })).toMatchObject({ netG: "spade" });
    expect(resolveTrainOptions({}, { netG: "clade" })).toMatchObject({ netG: "clade" });
    expect(() => resolve("--netG", "pix2pixhd", "--norm_mode", "clade")).toThrow(/norm_mode is clade where netG is/);
    expect(() => resolve("--add_dist")).toThrow(/netG spade, add_dist: .*take netG clade/);
  });

  test("an opt file is never the run's isTrain", () => {
    expect(resolveTrainOptions({}, { isTrain: false }).isTrain).toBe(true);
  });
});

test("what a data set turns on can be turned off, in every spelling", () => {
  const off = { contain_dontcare_label: false, no_instance: false };
  for (const args of [
    ["--contain_dontcare_label", "false", "--no_instance", "false"],
    ["--no-contain_dontcare_label", "--no-no_instance"],
    ["--no_contain_dontcare_label", "--no_no_instance"],
    ["--no-contain-dontcare-label", "--no-instance=off"],
  ])
    expect(resolve("--dataset_mode", "ade20k", ...args)).toMatchObject(off);
  expect(resolve("--no_flip", "--serial-batches", "--use_vae")).toMatchObject({
    no_flip: true,
    serial_batches: true,
    use_vae: true,
  });
});

test("an opt file's values keep the rules of the command line", async () => {
  const dir = await scratch();
  const saved = async (name: string, content: string): Promise<Partial<TrainOptions>> => {
    await write(dir, { [name]: content });
    return savedOptions(join(dir, name), dir, () => undefined);
  };
  for (const netG of ["Pix2PixHD", "pix2pix_HD"])
    expect(await saved("opt.txt", `netG: ${netG}\n`)).toEqual({ netG: "pix2pixhd" });
  expect(await saved("clade.txt", "netG: spade\nnorm_mode: clade\n")).toEqual({ netG: "clade" });
  expect(await saved("clade.txt", "netG: spade\nnorm_mode: spade\n")).toEqual({ netG: "spade" });
  expect(await saved("a.json", '{ "netG": "SPADE", "max_steps": "inf" }')).toEqual({
    netG: "spade",
    max_steps: Infinity,
  });
  const same = { lr: 1e-5, use_vae: true, beta1: 0, gan_mode: "hinge", label_dir: "", max_dataset_size: Infinity };
  expect(await saved("a.json", JSON.stringify({ ...same, max_dataset_size: "inf" }))).toEqual(same);
  const wrong: Record<string, unknown> = {
    gan_mode: "foo",
    batchSize: 0,
    niter: 1.5,
    lr: "inf",
    beta1: 1,
    netG: "unet",
  };
  for (const [option, value] of Object.entries(wrong))
    await expect(saved("a.json", JSON.stringify({ [option]: value }))).rejects.toMatchObject({
      code: "file",
      where: join(dir, "a.json"),
      problem: `${option} is "${String(value) === "inf" ? "Infinity" : String(value)}"`,
    });
  await expect(savedOptions(true, dir, () => undefined)).resolves.toEqual({ netG: "pix2pixhd" });
});

test("a limit may be none", () => {
  const none = { max_steps: Infinity, max_minutes: Infinity, max_dataset_size: Infinity };
  expect(resolve("--max_steps", "inf", "--max_minutes", "Infinity", "--max_dataset_size", "inf")).toMatchObject(none);
  expect(() => given("--max_steps", "")).toThrow(/whole number from 1 on/);
});

test("the help names every option, its group, and the defaults of the data sets", () => {
  const { program } = train();
  const help = program.commands[0].helpInformation().replaceAll(/\s+/g, " ");
  for (const name of Object.keys(defaultOptions)) if (name !== "isTrain") expect(help).toContain(` --${name} `);
  for (const group of ["Data:", "Network:", "Optimisation:", "Saving and looking:", "Ours:"])
    expect(help).toContain(group);
  expect(help).toContain("(default: 13; coco 182, ade20k 150, cityscapes 35)");
  expect(help).toContain("(default: 0.0002)");
  expect(help).not.toContain("gpu_ids");
});

describe("dead published options", () => {
  const ignored = (...args: string[]): string | undefined => ignoredOptions(given(...args), []);
  test("are accepted, and one line says which mean nothing", () => {
    expect(ignored("--gpu_ids", "0", "--nef", "16", "--cache_filelist_write", "--model", "pix2pix")).toBe(
      "note: --gpu_ids, --nef, --cache_filelist_write mean nothing here",
    );
    expect(ignored("--gpu_ids", "-1")).toBe("note: --gpu_ids means nothing here");
    expect(ignored("--netD", "multiscale", "--optimizer", "adam", "--output_nc", "3")).toBeUndefined();
  });
  test.each([
    [["--gpu_ids", "0,1"], /^--gpu_ids 0,1: names several GPUs/],
    [["--netD", "n_layers"], /^--netD n_layers: only multiscale is there/],
    [["--optimizer", "sgd"], /^--optimizer sgd: only adam is there/],
    [["--output_nc", "1"], /^--output_nc 1: only 3 is there/],
  ])("refuse what can't be honoured: %j", (args, message) => {
    expect(() => ignored(...args)).toThrow(message);
  });
});

describe("refused before anything starts, by the option's name", () => {
  test.each([
    [["--dataset_mode", "custom", "--image_dir", "i"], /^--label_dir: is missing/],
    [["--crop_size", "250"], /^--crop_size 250: is no multiple of 32, .+ 224 pixels of it; give 224 or 256$/],
    [["--num_upsampling_layers", "most", "--crop_size", "320"], /^--crop_size 320: is no multiple of 128/],
    [["--aspect_ratio", "2"], /^--aspect_ratio 2: .+ 256x128 where --preprocess_mode resize_and_crop gives 256x256/],
    [["--dataset_mode", "cityscapes", "--aspect_ratio", "1.9"], /^--aspect_ratio 1.9: .+ 512x256 .+ 512x269/],
    [["--preprocess_mode", "scale_width"], /^--load_size 286: .+ paints 256; give 256$/],
    [["--netG", "pix2pixhd", "--crop_size", "248"], /248x248, which resnet_n_downsample 4 halvings do not divide/],
    [["--netG", "pix2pixhd", "--use_vae"], /^netG pix2pixhd, use_vae: /],
    [["--norm_D", "spectralgroup"], /^norm_D "spectralgroup"/],
    [["--norm_G", "spadegroup3x3"], /^norm_G "spadegroup3x3"/],
    [["--niter", "0"], /^--niter 0: leaves no epoch/],
    [["--val_label_dir", "v"], /^--val_image_dir: is missing/],
  ])("%j", (args, message) => {
    expect(() => resolve(...args)).toThrow(message);
  });

  test("values of the wrong kind", () => {
    expect(() => given("--batchSize", "0")).toThrow(/whole number from 1 on/);
    expect(() => given("--beta1", "1")).toThrow(/less than 1/);
    for (const text of ["", " ", "Infinity", "NaN", "1e999"])
      expect(() => given("--lr", text)).toThrow(/number from 0 on/);
    expect(() => given("--niter", "")).toThrow(/whole number from 0 on/);
    expect(() => given("--gan_mode", "foo")).toThrow(/Allowed choices are hinge, ls, original, w/);
    expect(() => given("--nonsense")).toThrow(/unknown option/);
  });
});

test("an opt file does not say where a run lies: what would lead elsewhere is left out, with one note", async () => {
  const dir = await scratch();
  const folder = join(dir, "ck", "mine");
  const load = async (values: object): Promise<{ taken: object; said: string[] }> => {
    await write(dir, { "opt.json": JSON.stringify(values) });
    const said: string[] = [];
    const taken = await savedOptions(join(dir, "opt.json"), folder, (line) => said.push(line));
    return { taken, said };
  };
  expect(await load({ name: "../../x", checkpoints_dir: "/etc", which_epoch: "../y", lr: 0.5 })).toEqual({
    taken: { lr: 0.5 },
    said: [
      "note: checkpoints_dir, name, which_epoch of the opt file are not taken: give --checkpoints_dir and --name and --which_epoch yourself",
    ],
  });
  expect(await load({ name: "mine", checkpoints_dir: join(dir, "ck"), which_epoch: "5" })).toEqual({
    taken: { which_epoch: "5" },
    said: [],
  });
  expect((await load({ name: "other" })).said).toEqual([
    "note: name of the opt file is not taken: give --name yourself",
  ]);
  const { said } = await load({ "\u001b[31mred\n": 1, ["long".repeat(99)]: 1 });
  expect(said).toEqual([
    expect.stringMatching(/^note: \\x1b\[31mred\\n, long[a-z.]{36} of the opt file mean nothing here$/),
  ]);
});

test("folders of custom without --dataset_mode mean custom, before an opt file's mode; what is given counts most", () => {
  const folders = { label_dir: "l", image_dir: "i" };
  const mode = (given: object, saved: object = {}): unknown[] => [
    resolveTrainOptions({ ...given }, { ...saved }).dataset_mode,
    resolveTestOptions({ ...given }, { ...saved }).data.dataset_mode,
  ];
  expect(mode(folders)).toEqual(["custom", "custom"]);
  expect(mode(folders, { dataset_mode: "coco" })).toEqual(["custom", "custom"]);
  expect(mode({}, folders)).toEqual(["custom", "custom"]);
  expect(mode({ ...folders, dataset_mode: "coco" })).toEqual(["coco", "coco"]);
  expect(mode({}, { ...folders, dataset_mode: "facades" })).toEqual(["facades", "facades"]);
  expect(mode({})).toEqual(["coco", undefined]);
  // With the defaults of custom.
  expect(resolveTrainOptions(folders)).toMatchObject({ label_nc: 13, contain_dontcare_label: false });
  expect(() => resolveTrainOptions({ label_dir: "l" })).toThrow("--image_dir: is missing");
});
