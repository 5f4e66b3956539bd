// pix2pixHD's generator beside what the golden cases compare (test/conformance): keys, sizes, norms that upstream fails on, configs.

import { describe, expect, test } from "vitest";
import { defaultConfig, type Config } from "../../src/models/config.ts";
import { outputSize } from "../../src/models/kinds.ts";
import { findConfig } from "../../src/models/weights/find_config.ts";
import { checkedConfig } from "../../src/models/weights/stored_config.ts";
import { isTrained } from "../../src/models/weights/packing.ts";
import { loadGenerator } from "../../src/painting/open_net.ts";
import { createPainter } from "../../src/painting/painters.ts";
import { ParameterStore } from "../../src/models/weights/parameters.ts";
import { pix2pixhdNet, pix2pixhdShapes, recordPix2PixHD } from "../../src/models/nets/pix2pixhd.ts";
import { netOf } from "../../src/models/kinds.ts";
import { seededState } from "../../src/models/weights/seeded.ts";
import { memorySource } from "../../src/models/weights/source.ts";
import { windowsOf } from "../../src/painting/windows.ts";
import { Graph, product, Program } from "../../src/runtime/index.ts";
import { testDevice } from "../support/device.ts";
import { F16_PSNR } from "../tolerances.ts";

const published: Config = { ...defaultConfig, netG: "pix2pixhd", norm_G: "spectralinstance" };
const tiny: Config = {
  ...published,
  label_nc: 4,
  ngf: 3,
  crop_size: 16,
  resnet_n_downsample: 2,
  resnet_n_blocks: 1,
};
const facades = { label_nc: 13, contain_dontcare_label: false, no_instance: true };

test("keys and parameter counts are the published ones", () => {
  const count = (c: Config): number =>
    [...pix2pixhdShapes(c)].filter(([key]) => isTrained(key)).reduce((sum, [, shape]) => sum + product(shape), 0);
  expect(count(published)).toBe(182_989_507);
  expect(count({ ...published, ...facades })).toBe(182_453_251);
  const shapes = pix2pixhdShapes(published);
  // 27 convs with weight_orig, u and v, and the last one's weight and bias.
  expect(shapes.size).toBe(83);
  expect(shapes.get("model.1.0.weight_orig")).toEqual([64, 184, 7, 7]);
  expect(shapes.get("model.9.0.weight_orig")).toEqual([1024, 512, 3, 3]);
  expect(shapes.get("model.19.conv_block.4.0.weight_u")).toEqual([1024]);
  expect(shapes.get("model.20.0.weight_orig")).toEqual([1024, 512, 3, 3]);
  expect(shapes.get("model.20.0.weight_u")).toEqual([512]);
  expect(shapes.get("model.20.0.weight_v")).toEqual([1024 * 9]);
  expect(shapes.get("model.29.weight")).toEqual([3, 64, 7, 7]);
});

test("values are read as they were written, transposed convs' too", async () => {
  const c = { ...tiny, norm_G: "spectralbatch" };
  const net = pix2pixhdNet(c);
  const state = seededState(net.shapes, 1, 1);
  const p = await ParameterStore.loadNet(await testDevice(), net, memorySource(state), "f32");
  for (const [key, { data }] of state) expect(await p.read(key), key).toEqual(data);
  p.dispose();
});

test.each(["instance", "batch", "none", "spectralsync_batch"])("norm_G %s paints", async (norm_G) => {
  const device = await testDevice();
  const c = { ...tiny, norm_G };
  const p = await ParameterStore.loadNet(device, netOf(c), memorySource(seededState(netOf(c).shapes, 1, 1)), "f32");
  const map = { data: Int32Array.from({ length: 256 }, (_, i) => (i >> 5) % 5), width: 16, height: 16 };
  const [{ codes }] = windowsOf(c, [map], null);
  const g = new Graph(device.target);
  g.output("image", recordPix2PixHD(g, c, p, g.input("codes", [1, 16, 16], "i32"), true));
  const program = await Program.compile(g, device, { name: "pix2pixHD" });
  await program.run({ inputs: { codes } });
  const image = await program.read("image");
  expect(image).toHaveLength(16 * 16 * 3);
  expect(image.every((v) => Math.abs(v) <= 1)).toBe(true);
  expect(new Set(image).size).toBeGreaterThan(100);
  program.dispose();
  p.dispose();
});

test("f16 storage paints the same picture as f32", async () => {
  const device = await testDevice();
  const c = { ...tiny, crop_size: 32 };
  const state = seededState(pix2pixhdShapes(c), 1, 1);
  const map = { data: Int32Array.from({ length: 1024 }, (_, i) => (i >> 7) % 5), width: 32, height: 32 };
  const paint = async (dtype: "f32" | "f16"): Promise<Float32Array> => {
    const runner = await createPainter(device, c, await loadGenerator(device, c, memorySource(state), dtype));
    await runner.setMap(windowsOf(c, [map], null));
    const image = await runner.paint();
    runner.dispose();
    return image;
  };
  const [a, b] = [await paint("f32"), await paint("f16")];
  const mse = a.reduce((sum, v, i) => sum + (v - b[i]) ** 2, 0) / a.length;
  expect(mse).toBeGreaterThan(0);
  const spread = Math.max(...a) - Math.min(...a);
  expect(spread).toBeGreaterThan(0.1);
  expect(10 * Math.log10(spread ** 2 / mse)).toBeGreaterThanOrEqual(F16_PSNR);
});

test("sizes are the crop's, as long as they halve evenly", () => {
  expect(outputSize({ ...published, crop_size: 272, aspect_ratio: 1 })).toEqual({ h: 272, w: 272 });
  expect(outputSize({ ...published, crop_size: 512, aspect_ratio: 2 })).toEqual({ h: 256, w: 512 });
  expect(() => outputSize({ ...published, crop_size: 264 })).toThrow(/264x264.*multiples of 16/);
  expect(() => pix2pixhdShapes({ ...published, resnet_kernel_size: 4 })).toThrow(/resnet_kernel_size 4: is even/);
  expect(() => pix2pixhdShapes({ ...published, norm_G: "spectralspadesyncbatch3x3" })).toThrow(
    /norm_G .*not a known norm/,
  );
});

describe("the config of a checkpoint", () => {
  test.each<Partial<Config>>([
    {},
    facades,
    { norm_G: "spectralbatch", resnet_n_blocks: 6, ngf: 32 },
    { norm_G: "instance", resnet_n_downsample: 3, resnet_initial_kernel_size: 5, resnet_kernel_size: 5 },
    { norm_G: "spectralnone" },
  ])("is guessed from its keys: %j", (over) => {
    const c = { ...published, ...over };
    expect(findConfig(pix2pixhdShapes(c)).config).toEqual(c);
  });

  test("is checked where the file says it", () => {
    const stored = { netG: "pix2pixhd", norm_G: "spectralinstance" };
    expect(checkedConfig(stored, "here")).toEqual(published);
    // The published default is a SPADE norm, with which the published code fails too.
    expect(() => checkedConfig({ netG: "pix2pixhd" }, "here")).toThrow(/norm_G .*not a known norm/);
    expect(() => checkedConfig({ ...stored, resnet_n_blocks: 0 }, "here")).toThrow(/resnet_n_blocks/);
    expect(() => checkedConfig({ ...stored, crop_size: 250 }, "here")).toThrow(/multiples of 16/);
    expect(() => checkedConfig({ ...stored, use_vae: true }, "here")).toThrow(/reads no z/);
    expect(() => checkedConfig({ netG: "cyclegan" }, "here")).toThrow(/spade or clade or pix2pixhd/);
  });
});
