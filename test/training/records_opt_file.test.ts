import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { defaultOptions, defaultsOf, type TrainOptions } from "../../src/training/options.ts";
import { loadOptions, loadOptionsFile, parseOptTxt, saveOptions } from "../../src/training/records/opt_file.ts";
import { failure } from "../formats/helpers.ts";

let folder = "";
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), "records-opt-"))));
afterEach(() => rm(folder, { recursive: true, force: true }));

const options: TrainOptions = {
  ...defaultsOf({ dataset_mode: "custom", netG: "spade", no_TTUR: true }),
  no_TTUR: true,
  dataset_mode: "custom",
  name: "a name: with [default: x] and \u00fc",
  label_dir: "/data/my labels",
  image_dir: "/a/path/longer/than/the/thirty/columns/of/the/table",
  lr: 1e-5,
  lambda_kld: 2,
  label_nc: 182,
  use_vae: true,
  add_noise: true,
  add_dist: true,
  style_length: 64,
  enc_ngf: 8,
  max_minutes: 90,
};

test("opt.txt has the published columns, remarks and order", async () => {
  await saveOptions(folder, options);
  const lines = (await readFile(join(folder, "opt.txt"), "utf8")).split("\n");
  const line = (name: string): string | undefined => lines.find((l) => l.startsWith(`${name.padStart(25)}: `));
  // The first and the rest as Python's '{:>25}: {:<30}{}' prints them.
  expect(lines[0]).toBe("            D_steps_per_G: 1                             ");
  expect(line("lr")).toBe("                       lr: 1e-05                         \t[default: 0.0002]");
  expect(line("lambda_kld")).toBe("               lambda_kld: 2.0                           \t[default: 0.05]");
  expect(line("label_nc")).toBe("                 label_nc: 182                           \t[default: 13]");
  expect(line("use_vae")).toBe("                  use_vae: True                          \t[default: False]");
  expect(line("label_dir")).toBe("                label_dir: /data/my labels               \t[default: ]");
  expect(line("max_steps")).toBe("                max_steps: inf                           ");
  // Of the dataset and of --no_TTUR: no remark.
  expect(line("contain_dontcare_label")).toBe("   contain_dontcare_label: False                         ");
  expect(line("beta1")).toBe("                    beta1: 0.5                           ");
  const names = lines.slice(0, -1).map((l) => l.slice(0, 25).trim());
  expect(names).toEqual([...names].sort((a, b) => (a < b ? -1 : 1)));
  expect(names.length).toBe(Object.keys(defaultOptions).length);
});

test("both files give back every option; opt.json goes first", async () => {
  const { isTrain: _, ...expected } = options;
  await saveOptions(folder, options);
  expect(await loadOptions(folder)).toEqual({ options: expected, unknown: [] });
  await rm(join(folder, "opt.json"));
  expect(await loadOptions(folder)).toEqual({ options: expected, unknown: [] });
  await writeFile(
    join(folder, "opt.json"),
    '{ "lr": 0.5, "max_steps": "inf", "max_minutes": 3, "__proto__": 1, "new_name": [] }',
  );
  expect(await loadOptions(folder)).toEqual({
    options: { lr: 0.5, max_steps: Infinity, max_minutes: 3 },
    unknown: ["__proto__", "new_name"],
  });
});

test("the published code's own file is read", () => {
  // In the format of its options printer; also what it prints to the console, with its rules.
  const rows: [string, string, string?][] = [
    ["D_steps_per_G", "1"],
    ["aspect_ratio", "2.0"],
    ["batchSize", "32", "16"],
    ["beta1", "0.0"],
    ["cache_filelist_read", "False"],
    ["contain_dontcare_label", "False"],
    ["dataset_mode", "cityscapes", "coco"],
    ["gpu_ids", "0,1,2,3,4,5,6,7", "0"],
    ["init_variance", "0.02"],
    ["isTrain", "True", "None"],
    ["lr", "1e-05", "0.0002"],
    ["max_dataset_size", "9223372036854775807"],
    ["my_own", "x"],
    ["name", "cityscapes", "label2coco"],
    ["netG", "spade"],
    ["no_TTUR", "False"],
    ["norm_E", "spectralinstance"],
    ["which_epoch", "latest"],
  ];
  const lines = rows.map(([name, value, by]) => {
    return `${name.padStart(25)}: ${value.padEnd(30)}${by === undefined ? "" : `\t[default: ${by}]`}\n`;
  });
  const text = `----------------- Options ---------------\n${lines.join("")}----------------- End -------------------`;
  expect(parseOptTxt(text, "opt.txt")).toEqual({
    options: {
      D_steps_per_G: 1,
      aspect_ratio: 2,
      batchSize: 32,
      beta1: 0,
      contain_dontcare_label: false,
      dataset_mode: "cityscapes",
      init_variance: 0.02,
      lr: 1e-5,
      max_dataset_size: 9223372036854775807,
      name: "cityscapes",
      netG: "spade",
      no_TTUR: false,
      norm_E: "spectralinstance",
      which_epoch: "latest",
    },
    unknown: ["my_own"],
  });
});

test("an opt file of a version before squeezenet_scale means 1; the published code's own says nothing of it", async () => {
  await saveOptions(folder, options);
  for (const name of ["opt.json", "opt.txt"]) {
    const path = join(folder, name);
    const lines = (await readFile(path, "utf8")).split("\n");
    await writeFile(path, lines.filter((line) => !line.includes("squeezenet_scale")).join("\n"));
    expect((await loadOptionsFile(path)).options, name).toMatchObject({ lr: 1e-5, squeezenet_scale: 1 });
  }
  expect(parseOptTxt("               lambda_vgg: 10.0\n", "opt.txt").options).toEqual({ lambda_vgg: 10 });
});

test.each([
  ["                       lr: fast\n", "lr"],
  ["                  use_vae: 1\n", "use_vae"],
  ["               batchSize: \n", "batchSize"],
  ["no colon here\n", "line 1"],
])("%j is refused by name", async (text, name) => {
  const error = await failure(() => parseOptTxt(text, "opt.txt"));
  expect(error.code).toBe("file");
  expect(error.message).toContain(name);
});

test("a folder without options, and a damaged opt.json, are said", async () => {
  expect(await failure(() => loadOptions(folder))).toMatchObject({ code: "file", where: join(folder, "opt.json") });
  for (const text of ["{", "[1]", "null", '{ "lr": null }']) {
    await writeFile(join(folder, "opt.json"), text);
    expect((await failure(() => loadOptions(folder))).code).toBe("file");
  }
});

test("of a CLADE net opt.txt says netG spade and norm_mode clade, as published; both files give back netG clade", async () => {
  const clade: TrainOptions = { ...options, netG: "clade", add_noise: false };
  await saveOptions(folder, clade);
  const text = await readFile(join(folder, "opt.txt"), "utf8");
  expect(text).toMatch(/^ +netG: spade +\n/m);
  expect(text).toMatch(/^ +norm_G: .*\n +norm_mode: clade +\t\[default: spade\]\n/m);
  for (const name of ["opt.json", "opt.txt"]) {
    const { options: read, unknown } = await loadOptionsFile(join(folder, name));
    expect(unknown).toEqual([]);
    expect(read).toMatchObject({ netG: "clade", add_dist: true });
  }
});
