// CLADE's generator beside what the reference cases compare (test/conformance): keys, counts, guesses, configs, a style, f16.

import { describe, expect, test } from "vitest";
import { defaultConfig, storedForm, type Config } from "../../src/models/config.ts";
import { cladeShapes } from "../../src/models/clade/shapes.ts";
import { netOfMode, publishedMode } from "../../src/models/clade/norm_mode.ts";
import { netOf } from "../../src/models/kinds.ts";
import { findConfig } from "../../src/models/weights/find_config.ts";
import { isTrained } from "../../src/models/weights/packing.ts";
import { seededGenerator } from "../../src/models/weights/seeded.ts";
import { memorySource } from "../../src/models/weights/source.ts";
import { checkedConfig } from "../../src/models/weights/stored_config.ts";
import { loadGenerator } from "../../src/painting/open_net.ts";
import { createPainter } from "../../src/painting/painters.ts";
import { windowsOf } from "../../src/painting/windows.ts";
import { product } from "../../src/runtime/index.ts";
import { initialSource } from "../../src/training/init.ts";
import { testDevice } from "../support/device.ts";

const coco: Config = { ...defaultConfig, netG: "clade" };
const ade: Config = { ...coco, label_nc: 150, no_instance: true };
const streets: Config = {
  ...coco,
  ...{ label_nc: 35, contain_dontcare_label: false, num_upsampling_layers: "more", crop_size: 512, aspect_ratio: 2 },
};
const tiny: Config = { ...coco, label_nc: 3, ngf: 1, crop_size: 64 };

describe("keys and shapes", () => {
  test.each([
    ["ade20k", ade, 71_427_267, 71_427_375],
    ["coco", coco, 72_505_383, 72_505_491],
    ["cityscapes", streets, 67_901_991, undefined],
    ["26 classes", { ...ade, label_nc: 25 }, 67_539_267, undefined],
    ["26 classes, ngf 32", { ...ade, label_nc: 25, ngf: 32 }, 17_089_699, undefined],
  ])("of %s have the published net's number of parameters", (_, c, plain, placed) => {
    const count = (of: Config): number =>
      [...cladeShapes(of)].filter(([key]) => isTrained(key)).reduce((sum, [, shape]) => sum + product(shape), 0);
    expect(count(c)).toBe(plain);
    if (placed) expect(count({ ...c, add_dist: true })).toBe(placed);
  });

  test("have the published number of tensors", () => {
    const tensors = (c: Config): [trained: number, all: number] => {
      const keys = [...cladeShapes(c).keys()];
      // With num_batches_tracked.
      return [keys.filter(isTrained).length, keys.length + keys.filter((key) => key.endsWith("running_var")).length];
    };
    expect(tensors(ade)).toEqual([72, 162]);
    expect(tensors({ ...ade, add_dist: true })).toEqual([144, 234]);
    expect(tensors(coco)).toEqual([108, 198]);
    expect(tensors({ ...coco, add_dist: true })).toEqual([180, 270]);
  });

  test("with edges every conv of a block reads one more channel", () => {
    const shapes = cladeShapes({ ...coco, add_dist: true });
    expect(shapes.get("up_0.conv_s.weight_orig")).toEqual([512, 1025, 1, 1]);
    expect(shapes.get("up_0.conv_s.weight_v")).toEqual([1025]);
    expect(shapes.get("up_0.conv_1.weight_v")).toEqual([513 * 9]);
    expect(shapes.get("up_0.norm_s.class_specified_affine.weight")).toEqual([183, 1024]);
    expect(shapes.get("up_0.norm_s.class_specified_affine.dist_conv_b.weight")).toEqual([1, 2, 1, 1]);
    expect(shapes.get("up_0.norm_s.inst_conv.weight")).toEqual([1, 1, 1, 1]);
    expect(shapes.get("conv_img.weight")).toEqual([3, 64, 3, 3]);
    expect(cladeShapes(ade).get("up_0.conv_s.weight_orig")).toEqual([512, 1024, 1, 1]);
  });
});

describe("a config", () => {
  test.each([
    ["coco", coco],
    ["ade20k", ade],
    ["cityscapes", streets],
    ["positions", { ...coco, add_dist: true, ngf: 16 }],
    ["no edges and 7 labels", { ...ade, label_nc: 7, contain_dontcare_label: false }],
    ["instance norm without spectral norm, a style", { ...ade, use_vae: true, norm_G: "spadeinstance3x3" }],
  ])("is found by keys and shapes: %s", (_, c) => {
    expect(findConfig(cladeShapes(c)).config).toEqual(c);
  });

  test("leaves open how classes divide, not whether there are edges", () => {
    const { guessed, note } = findConfig(cladeShapes({ ...coco, label_nc: 9 }));
    expect(guessed).toContain("label_nc");
    expect(guessed).not.toContain("no_instance");
    expect(note?.fix).toContain("--contain_dontcare_label (9 labels, don't care, edges)");
    expect(note?.fix).not.toContain("--no_instance");
  });

  test("is stored with its kind, and of SPADE's nets without a word of it", () => {
    expect(checkedConfig(JSON.parse(JSON.stringify({ ...coco, add_dist: true })), "here")).toMatchObject({
      netG: "clade",
      add_dist: true,
    });
    expect(storedForm({ ...coco, add_dist: true })).toEqual({ ...storedForm(coco), add_dist: true });
    expect(Object.keys(storedForm(defaultConfig))).not.toContain("add_dist");
  });

  test.each([
    [{ netG: "clade", add_noise: true }, /netG clade, add_noise/],
    [{ netG: "clade", norm_G: "instance" }, /norm_G/],
    [{ netG: "spade", add_dist: true }, /netG spade, add_dist.*take netG clade/],
    [{ netG: "clade", add_dist: 1 }, /add_dist/],
  ])("%j is refused", (stored, message) => {
    expect(() => checkedConfig(stored, "here")).toThrow(message);
  });
});

test("the published norm_mode names the generator", () => {
  expect(netOfMode(undefined, "clade", "x")).toBe("clade");
  expect(netOfMode("spade", "clade", "x")).toBe("clade");
  expect(netOfMode("clade", "clade", "x")).toBe("clade");
  expect(netOfMode(undefined, "spade", "x")).toBe("spade");
  expect(netOfMode("pix2pixhd", "spade", "x")).toBe("pix2pixhd");
  expect(netOfMode("clade", undefined, "x")).toBe("clade");
  expect(() => netOfMode("clade", "spade", "x")).toThrow("norm_mode is spade where netG is clade");
  expect(() => netOfMode("pix2pixhd", "clade", "x")).toThrow("norm_mode is clade where netG is pix2pixhd");
  expect(() => netOfMode("spade", "oasis", "x")).toThrow("norm_mode is oasis; give spade or clade");
  expect(publishedMode(coco)).toEqual({ netG: "spade", norm_mode: "clade" });
  expect(publishedMode(defaultConfig)).toEqual({ netG: "spade" });
});

test("begins with scales from 0 to 1, no shifts, and positions that change nothing", () => {
  const source = initialSource(netOf({ ...coco, ngf: 2, add_dist: true }), {
    ...{ init_type: "xavier", init_variance: 0.02, seed: 1 },
  });
  const read = (part: string): Float32Array => source.read(`head_0.norm_0.${part}`) as Float32Array;
  const scales = read("class_specified_affine.weight");
  expect(Math.min(...scales)).toBeGreaterThanOrEqual(0);
  expect(Math.min(...scales)).toBeLessThan(0.01);
  expect(Math.max(...scales)).toBeLessThanOrEqual(1);
  expect(Math.max(...scales)).toBeGreaterThan(0.99);
  for (const zero of ["bias", "dist_conv_w.weight", "dist_conv_b.weight", "dist_conv_b.bias"])
    expect(
      read(`class_specified_affine.${zero}`).every((v) => v === 0),
      zero,
    ).toBe(true);
  expect(read("inst_conv.weight")[0]).not.toBe(0);
});

test("paints with a style and with instance norms; another style is another picture, and a class's row changes its pixels", async () => {
  const device = await testDevice();
  const c: Config = { ...tiny, use_vae: true, z_dim: 4, add_dist: true, norm_G: "spectralspadeinstance3x3" };
  const map = { data: Uint8Array.from({ length: 4096 }, (_, i) => (i % 64 < 32 ? 1 : 2)), width: 64, height: 64 };
  const windows = windowsOf(c, [map], null);
  const state = seededGenerator(c, 3, 1);
  const paint = async (z: number[], change?: (row: Float32Array) => void): Promise<Float32Array> => {
    const copy = new Map([...state].map(([key, { shape, data }]) => [key, { shape, data: data.slice() }]));
    change?.(copy.get("up_3.norm_1.class_specified_affine.bias")!.data);
    const painter = await createPainter(device, c, await loadGenerator(device, c, memorySource(copy), "f32"));
    await painter.setMap(windows);
    const picture = (await painter.paint(Float32Array.from(z))).slice();
    painter.dispose();
    return picture;
  };
  const plain = await paint([1, 0, 0, 0]);
  expect(plain.every(Number.isFinite)).toBe(true);
  expect(await paint([1, 0, 0, 0])).toEqual(plain);
  expect(await paint([0, 2, 0, 0])).not.toEqual(plain);
  // Class 2 is the right half; what is two pixels off its border reads no pixel of it after the last norm.
  const edited = await paint([1, 0, 0, 0], (row) => row.fill(3, 2));
  const half = (x: (column: number) => boolean): number[] =>
    [...plain.keys()].filter((i) => x(Math.floor(i / 3) % 64) && plain[i] !== edited[i]);
  expect(half((x) => x < 30)).toEqual([]);
  expect(half((x) => x >= 32).length).toBeGreaterThan(1000);
});
