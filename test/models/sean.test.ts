// SEAN's generator: its config from a file's keys, its painter, and styles of regions through the API.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findConfig } from "../../src/models/weights/find_config.ts";
import { checkNet } from "../../src/models/kinds.ts";
import { seanShapes } from "../../src/models/sean/net.ts";
import { mixRegionStyles, RegionMeans, type RegionStyles } from "../../src/models/sean/region_styles.ts";
import { styleWindows } from "../../src/models/sean/style_windows.ts";
import { windowsOf } from "../../src/painting/windows.ts";
import { createSpade, type LabelMap, type Picture, type Spade } from "../../src/node.ts";
import { sean as c, seanWeights } from "../api/tiny_sean.ts";
import { noise } from "../support/device.ts";

/** Left label 0, right label 1, below label 2. */
const map: LabelMap = {
  width: 64,
  height: 64,
  data: Uint8Array.from({ length: 64 * 64 }, (_, i) => (i >= 64 * 48 ? 2 : i % 64 < 32 ? 0 : 1)),
};
const photo = (seed: number): Picture => ({
  data: Uint8ClampedArray.from(noise(4 * 64 * 64, seed), (v) => 128 + 120 * v),
  width: 64,
  height: 64,
  colorSpace: "srgb",
});

test("the published generator has 266,907,367 parameters, under 838 keys", () => {
  const full = seanShapes({ ...c, ngf: 64, label_nc: 19, crop_size: 256, style_length: 512, enc_ngf: 32 });
  const trained = [...full].filter(([key]) => !/running_|weight_[uv]$/.test(key));
  const scalars = trained.reduce((sum, [, shape]) => sum + shape.reduce((a, b) => a * b, 1), 0);
  expect([trained.length, scalars]).toEqual([838, 266_907_367]);
});

test("the config follows from keys and shapes; options that the net is not published with are refused", () => {
  const { config } = findConfig(seanShapes(c), {}, { crop_size: 64 });
  expect(config).toEqual(c);
  const instance = { ...c, norm_G: "spadeinstance5x5" };
  expect(findConfig(seanShapes(instance), {}, { crop_size: 64 }).config).toEqual(instance);
  for (const wrong of [{ use_vae: true }, { add_noise: true }, { num_upsampling_layers: "most" }] as const)
    expect(() => checkNet({ ...c, ...wrong })).toThrow(/netG sean/);
});

test("style windows hold what conv_gamma's 3x3 sees of the painted labels, edges over labels, in each picture", () => {
  const edged = { ...c, no_instance: false };
  const [lw] = windowsOf(edged, [map, map], [map, map]).filter(({ h }) => h === 8);
  const made = styleWindows(edged, lw, "lookup");
  const painted = (n: number, y: number, x: number): number => {
    if (y < 0 || x < 0 || y > 7 || x > 7) return 0;
    const code = lw.codes[(n * 8 + y) * 8 + x];
    return 1 + n * 5 + (code & 1 ? 4 : code >> 1);
  };
  for (let n = 0, p = 0; n < 2; n++)
    for (let y = 0; y < 8; y++)
      for (let x = 0; x < 8; x++, p++) {
        const window = Array.from({ length: 9 }, (_, t) => painted(n, y + Math.floor(t / 3) - 1, x + (t % 3) - 1));
        expect(Array.from(made.windows.subarray(9 * made.ids[p], 9 * made.ids[p] + 9))).toEqual(window);
        const pair = made.pairs.subarray(2 * made.pairIds[p], 2 * made.pairIds[p] + 2);
        expect(Array.from(pair)).toEqual([made.ids[p], lw.outerIds[p]]);
      }
});

test("mixing moves the labels that both have, each by its alpha, from the own style", () => {
  const own = { 0: [0, 2], 1: [4, 4], 3: [1, 1] };
  const reference = { 0: Float32Array.of(2, 0), 1: [0, 0], 2: [9, 9] };
  const plain = (styles: RegionStyles): unknown =>
    Object.fromEntries(Object.entries(styles).map(([label, code]) => [label, Array.from(code as number[])]));
  expect(plain(mixRegionStyles(own, reference, 0.25))).toEqual({ 0: [0.5, 1.5], 1: [3, 3], 3: [1, 1] });
  expect(plain(mixRegionStyles(own, reference, { 1: 1 }))).toEqual({ 0: [0, 2], 1: [0, 0], 3: [1, 1] });
  expect(() => mixRegionStyles(own, { 0: [1] })).toThrow(/label 0/);
});

test("means of a training are those of the pictures that have the label, and go on from a state", () => {
  const regions = { labels: 2, length: 2 };
  const means = new RegionMeans(regions);
  means.add(Float32Array.of(1, 2, 0, 0, 3, 4, 5, 6));
  const on = new RegionMeans(regions);
  on.restore(means.values());
  for (const m of [means, on]) m.add(Float32Array.of(0, 0, 7, 8));
  expect(on.values()).toEqual(means.values());
  expect(on.means()[0][0]).toBeCloseTo(2, 2);
  expect(on.means()[1][1]).toBeCloseTo(7, 2);
  expect(new RegionMeans(regions).metadata()).toEqual({});
});

describe("a session", () => {
  let spade: Spade;
  const mean = { 0: Array<number>(8).fill(0.1), 1: Array<number>(8).fill(-0.2) };
  beforeAll(async () => {
    spade = await createSpade({ weights: await seanWeights(mean) });
    spade.addEventListener("notice", () => undefined);
  });
  afterAll(() => spade.dispose());
  const paint = async (style?: RegionStyles, of = map): Promise<Uint8ClampedArray> =>
    (await spade.generate(of, { style })).data;

  test("says what regions its net has", () => {
    expect(spade.info.style).toBeNull();
    expect(spade.info.regions).toEqual({ labels: 4, length: 8, mean });
  });

  test("encodes the labels that the photo's map has, and paints equal bytes for equal styles, also as JSON numbers", async () => {
    const styles = await spade.encodeRegions(photo(1), map);
    expect(Object.keys(styles)).toEqual(["0", "1", "2"]);
    for (const code of Object.values(styles)) expect((code as Float32Array).every((v) => Math.abs(v) < 1)).toBe(true);
    expect(await spade.encodeRegions(photo(1), map)).toEqual(styles);
    const first = await paint(styles);
    const other = await spade.encodeRegions(photo(2), map);
    expect(await paint(other)).not.toEqual(first);
    const json = JSON.parse(
      JSON.stringify(Object.fromEntries(Object.entries(styles).map(([l, v]) => [l, Array.from(v as Float32Array)]))),
    ) as RegionStyles;
    expect(await paint(json)).toEqual(first);
    // One label's style changes the picture; that of a label that the map does not have is not used.
    expect(await paint({ ...styles, 1: other[1] })).not.toEqual(first);
    expect(await paint({ ...styles, 3: other[1] })).toEqual(first);
  });

  test("an edit gives the picture that a new session paints", async () => {
    const styles = await spade.encodeRegions(photo(1), map);
    const edited = { ...map, data: map.data.slice() };
    for (let y = 8; y < 20; y++) edited.data.fill(2, 64 * y + 20, 64 * y + 40);
    await paint(styles);
    const live = await paint(styles, edited);
    const fresh = await createSpade({ weights: await seanWeights() });
    fresh.addEventListener("notice", () => undefined);
    expect((await fresh.generate(edited, { style: styles })).data).toEqual(live);
    fresh.dispose();
  });

  test("takes mean codes for labels without one, and refuses a label of the map that has neither", async () => {
    const whole = { ...mean, 2: Array<number>(8).fill(0.3) };
    expect(await paint({ 2: whole[2] })).toEqual(await paint(whole));
    await expect(paint()).rejects.toThrow(/style of label 2/);
    await expect(paint({ 9: whole[2] })).rejects.toThrow(/label 9/);
    await expect(paint({ 2: [1] })).rejects.toMatchObject({ code: "shape" });
    await expect(spade.generate(map, { style: 3 as never })).rejects.toMatchObject({ code: "usage" });
  });
});
