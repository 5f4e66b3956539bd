// Tables that live on: after any edits, the picture is that of a painter that never saw another map, bit for bit. Long form: SPADE_LONG=1.

import { afterAll, describe, expect, test } from "vitest";
import { LiveLevels } from "../../src/labels/levels.ts";
import type { LabelMap } from "../../src/labels/label_map.ts";
import { defaultConfig, type Config } from "../../src/models/config.ts";
import type { HostState } from "../../src/models/weights/seeded.ts";
import { memorySource } from "../../src/models/weights/source.ts";
import { calibratedState } from "../../src/painting/calibrated.ts";
import { loadGenerator } from "../../src/painting/open_net.ts";
import { SpadePainter } from "../../src/painting/spade_painter.ts";
import { liveWindowsOf, windowsOf } from "../../src/painting/windows.ts";
import { testDevice } from "../support/device.ts";
import { random } from "../support/random.ts";

const plain: Config = { ...defaultConfig, label_nc: 5, contain_dontcare_label: false, ngf: 1, crop_size: 64 };
const noisy: Config = { ...plain, add_noise: true };
const SIDE = 64;
const EDITS = process.env.SPADE_LONG === "1" ? 50 : 16;

const states = new Map<Config, HostState>();
const painters: SpadePainter[] = [];
afterAll(() => painters.forEach((p) => p.dispose()));

async function painter(config: Config, noiseSeed?: number): Promise<SpadePainter> {
  const device = await testDevice();
  // Weights as they come from a seed saturate the picture, and any two would be equal.
  const state =
    states.get(config) ?? (await calibratedState(device, config, 3, windowsOf(config, [mapOf(0.2, random(9))], null)));
  states.set(config, state);
  const source = memorySource(state);
  const made = await SpadePainter.create(device, config, await loadGenerator(device, config, source, "f32"), {
    noiseSeed,
  });
  painters.push(made);
  return made;
}

/** Share of the pixels with a label of their own: `noise` 0 is a map of bands. */
function mapOf(noise: number, next: () => number): LabelMap {
  const data = Uint8Array.from({ length: SIDE * SIDE }, (_, i) =>
    next() < noise ? Math.floor(next() * 5) : ((i >> 6) >> 4) % 5,
  );
  return { data, width: SIDE, height: SIDE };
}

function edit(map: LabelMap, next: () => number, wild: number): LabelMap {
  const data = map.data.slice();
  const size = 2 + Math.floor(next() * 14);
  const [x, y] = [Math.floor(next() * SIDE), Math.floor(next() * SIDE)];
  const label = Math.floor(next() * 5);
  const noisy = next() < wild;
  for (let j = y; j < Math.min(SIDE, y + size); j++)
    for (let i = x; i < Math.min(SIDE, x + size); i++) data[j * SIDE + i] = noisy ? Math.floor(next() * 5) : label;
  return { data, width: SIDE, height: SIDE };
}

describe.each([
  ["a map of regions", plain, 0, 0.1],
  ["a map near the share of windows from which tables are made densely", plain, 0.75, 0.5],
  ["a map of regions, by a net with noise", noisy, 0, 0.1],
] as const)("%s", (_name, config, noise, wild) => {
  test("edits paint what a painter of each map alone paints", async () => {
    const [edited, fresh] = [await painter(config), await painter(config)];
    const levels = new LiveLevels();
    const next = random(1);
    let map = mapOf(noise, next);
    let before = new Float32Array();
    let [rows, windows, changed, modes] = [0, 0, 0, new Set<string>()];
    for (let i = 0; i < EDITS; i++) {
      const dictionary = liveWindowsOf(config, levels, [map], null);
      const counts = dictionary.reduce((sum, l) => sum + l.outerCount, 0);
      modes.add(dictionary.at(-1)!.innerCount > 0.9 * SIDE * SIDE ? "dense" : "lookup");
      const { newWindows } = await edited.setMap(dictionary);
      if (i > 0) [rows, windows] = [rows + newWindows, windows + counts];
      const wanted = windowsOf(config, [map], null);
      expect(counts).toBe(wanted.reduce((sum, l) => sum + l.outerCount, 0));
      await fresh.setMap(wanted);
      const picture = await edited.paint();
      expect(picture).toEqual(await fresh.paint());
      expect(picture.filter((v) => Math.abs(v) > 0.999).length).toBeLessThan(picture.length / 2);
      if (!picture.every((v, j) => v === before[j])) changed++;
      before = picture;
      map = edit(map, next, wild);
    }
    expect(changed).toBeGreaterThan(0.8 * EDITS);
    if (noise === 0) expect(rows).toBeLessThan(windows / 3);
    else expect([...modes].sort()).toEqual(["dense", "lookup"]);
  });
});

test("an aborted map leaves no row that is taken for made", async () => {
  const config = plain;
  const [edited, fresh] = [await painter(config), await painter(config)];
  const levels = new LiveLevels();
  const next = random(2);
  let map = mapOf(0, next);
  await edited.setMap(liveWindowsOf(config, levels, [map], null));
  await edited.paint();
  for (let i = 0; i < 6; i++) {
    map = edit(map, next, 0.3);
    await edited.setMap(liveWindowsOf(config, levels, [map], null));
    if (i % 2) {
      // Before anything ran, and after the tables were begun.
      const stop = new AbortController();
      if (i > 2) setTimeout(() => stop.abort("enough"), 2);
      else stop.abort("enough");
      await edited.run({ slice: 1, signal: stop.signal }).catch((reason: unknown) => expect(reason).toBe("enough"));
    }
    map = edit(map, next, 0.3);
    await edited.setMap(liveWindowsOf(config, levels, [map], null));
    await fresh.setMap(windowsOf(config, [map], null));
    expect(await edited.paint()).toEqual(await fresh.paint());
  }
});

test("a net with noise paints a map alike again, with another seed otherwise, and grain where the label does not change", async () => {
  const flat = { data: new Uint8Array(SIDE * SIDE), width: SIDE, height: SIDE };
  const paint = async (config: Config, noiseSeed?: number): Promise<Float32Array> => {
    const made = await painter(config, noiseSeed);
    await made.setMap(windowsOf(config, [flat], null));
    const first = await made.paint();
    made.stages.at(-1)!.change("style");
    made.stages.at(-1)!.change("map");
    expect(await made.paint()).toEqual(first);
    return first;
  };
  /** Distinct values of the middle of the picture, where no window sees the border. */
  const kinds = (picture: Float32Array): number =>
    new Set(Array.from({ length: 256 }, (_, i) => picture[3 * ((24 + (i >> 4)) * SIDE + 24 + (i & 15))])).size;
  const [zero, other] = [await paint(noisy), await paint(noisy, 7)];
  expect(await paint(noisy, 0)).toEqual(zero);
  expect(other).not.toEqual(zero);
  expect(kinds(zero)).toBeGreaterThan(200);
});
