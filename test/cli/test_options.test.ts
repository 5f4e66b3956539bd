// From a test command line to its options and data, and the page of its results.

import { Command } from "commander";
import { describe, expect, test } from "vitest";
import { publishedNames } from "../../src/cli/options/argv.ts";
import { addTestOptions, resolveTestOptions, testData } from "../../src/cli/options/test_options.ts";
import { publishedTime, testPage } from "../../src/cli/reports/test_page.ts";
import { defaultConfig } from "../../src/models/config.ts";

function given(...args: string[]): Record<string, unknown> {
  const program = new Command().exitOverride();
  program.configureOutput({ writeErr: () => undefined });
  let options = {};
  addTestOptions(program.command("test"))
    .exitOverride()
    .action((o: Record<string, unknown>) => void (options = o));
  program.parse(publishedNames(["test", ...args], program), { from: "user" });
  return options;
}

test("the published defaults", () => {
  expect(resolveTestOptions(given())).toMatchObject({
    name: "label2coco",
    which_epoch: "latest",
    results_dir: "./results/",
    how_many: Infinity,
    display_winsize: 256,
    n_samples: 1,
    overrides: {},
    data: {},
  });
  expect(resolveTestOptions(given("--dataset_mode", "cityscapes")).display_winsize).toBe(512);
  const coco = testData({}, defaultConfig);
  expect(coco).toMatchObject({ dataset_mode: "coco", phase: "test", preprocess_mode: "resize_and_crop" });
  expect(coco).toMatchObject({ load_size: 256, crop_size: 256, isTrain: false, no_flip: true, serial_batches: true });
});

test("published options that a test has no use for are taken", () => {
  const args = [
    "--batchSize",
    "16",
    "--nThreads",
    "4",
    "--no_flip",
    "--serial_batches",
    "--norm_D",
    "spectralinstance",
  ];
  expect(resolveTestOptions(given(...args, "--how_many", "50")).how_many).toBe(50);
});

describe("precedence", () => {
  const saved = {
    dataset_mode: "custom",
    label_dir: "train/label",
    crop_size: 128,
    load_size: 286,
    phase: "train",
    no_flip: false,
    name: "another",
    max_dataset_size: 10,
  };

  test("command line over opt file; what only a training run means stays there", () => {
    const o = resolveTestOptions(given("--label_dir", "val/label", "--ngf", "8"), saved);
    expect(o.name).toBe("label2coco");
    expect(o.overrides).toEqual({ crop_size: 128, ngf: 8 });
    const data = testData(o.data, { ...defaultConfig, ...o.overrides });
    expect(data).toMatchObject({ dataset_mode: "custom", label_dir: "val/label", crop_size: 128, load_size: 128 });
    expect(data).toMatchObject({ phase: "test", no_flip: true, max_dataset_size: Infinity });
  });

  test("the net's labels and sizes over the data set's", () => {
    const config = { ...defaultConfig, label_nc: 7, contain_dontcare_label: false, crop_size: 64 };
    const stated = resolveTestOptions(given("--dataset_mode", "ade20k")).data;
    expect(testData(stated, config)).toMatchObject({ label_nc: 7, contain_dontcare_label: false, load_size: 64 });
    const wide = { ...config, aspect_ratio: 2 };
    expect(testData(stated, wide).preprocess_mode).toBe("fixed");
    expect(testData({ ...stated, preprocess_mode: "none" }, wide).preprocess_mode).toBe("none");
  });

  test("a weights file names the experiment where --name does not", () => {
    const of = (...args: string[]): unknown => resolveTestOptions(given(...args));
    expect(of("--weights", "a/street.safetensors")).toMatchObject({ name: "street", which_epoch: "latest" });
    expect(of("--weights", "/runs/mine/20_net_G.pth")).toMatchObject({ name: "mine", which_epoch: "20" });
    expect(of("--weights", "/runs/mine/20_net_G.pth", "--name", "x")).toMatchObject({ name: "x", which_epoch: "20" });
  });
});

test("the help says what is the net's own", () => {
  const help = addTestOptions(new Command("test")).helpInformation().replaceAll(/\s+/g, " ");
  expect(help).toContain("--label_nc <n> labels, don't-care not counted (default: the net's own)");
  expect(help).toContain("--netG <net> the generator: spade, clade, sean or pix2pixhd (default: the net's own)");
  expect(help).toContain("(default: test)");
  expect(help).not.toContain("batchSize");
});

describe("index.html", () => {
  const page = testPage(
    "Experiment = a<b, Phase = test, Epoch = latest",
    [{ header: "x & y", pictures: [{ path: 'images/input_label/50% #1 "q"?.png', caption: "input_label" }] }],
    300,
    new Date(2019, 6, 9, 14, 5),
  );

  test("holds the published title, headers and captions, as text", () => {
    expect(page).toContain("<title>Experiment = a&lt;b, Phase = test, Epoch = latest</title>");
    expect(page).toContain("<h3>x &amp; y</h3>");
    expect(page).toContain("<br>input_label</td>");
    expect(page).toContain("img { width: 300px }");
  });

  test("links resolve to the files, from the disk too", () => {
    const [, src] = /<img src="([^"]+)"/.exec(page)!;
    const url = new URL(src, "file:///results/index.html");
    expect(decodeURIComponent(url.pathname)).toBe('/results/images/input_label/50% #1 "q"?.png');
    expect(url.hash + url.search).toBe("");
  });

  test("the time is Python's %I:%M%p on %B %d, %Y", () => {
    expect(page).toContain("02:05PM on July 09, 2019");
    expect(publishedTime(new Date(2020, 0, 31, 0, 30))).toBe("12:30AM on January 31, 2020");
    expect(publishedTime(new Date(2020, 0, 31, 12, 0))).toBe("12:00PM on January 31, 2020");
  });
});
