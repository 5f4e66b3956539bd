// Edits that compute the tiles that they touch: after any strokes, fills, undos and styles the picture is that of a painter which
// computes all of it, bit for bit. Long form: SPADE_LONG=1.

import { afterAll, describe, expect, test, vi } from "vitest";
import { LiveLevels } from "../../src/labels/levels.ts";
import type { LabelMap } from "../../src/labels/label_map.ts";
import type { LevelWindows } from "../../src/labels/windows.ts";
import { defaultConfig, type Config } from "../../src/models/config.ts";
import { outputSize } from "../../src/models/kinds.ts";
import { normalValues } from "../../src/models/philox.ts";
import type { HostState } from "../../src/models/weights/seeded.ts";
import { memorySource } from "../../src/models/weights/source.ts";
import { calibratedState } from "../../src/painting/calibrated.ts";
import { Edits } from "../../src/painting/edits/edits.ts";
import { loadGenerator } from "../../src/painting/open_net.ts";
import { SpadePainter } from "../../src/painting/spade_painter.ts";
import type { TilePlan } from "../../src/painting/edits/tiles.ts";
import { liveWindowsOf, windowsOf } from "../../src/painting/windows.ts";
import { Device, SpadeError } from "../../src/runtime/index.ts";
import { testDevice } from "../support/device.ts";
import { random } from "../support/random.ts";

const LABELS = 6;
const base: Config = { ...defaultConfig, label_nc: LABELS, contain_dontcare_label: false, ngf: 1, crop_size: 128 };
const LONG = process.env.SPADE_LONG === "1";

const painters: SpadePainter[] = [];
afterAll(() => painters.forEach((p) => p.dispose()));

function bands({ h, w }: { h: number; w: number }): LabelMap {
  return { data: Uint8Array.from({ length: h * w }, (_, i) => Math.floor((i / w / h) * LABELS)), width: w, height: h };
}

/** A disc swept along a line. */
function stroke(map: LabelMap, next: () => number): LabelMap {
  const { width: w, height: h } = map;
  const data = map.data.slice();
  const [x0, y0] = [next() * w, next() * h];
  const [dx, dy, r] = [(next() - 0.5) * 12, (next() - 0.5) * 12, 0.8 + 7 * next() ** 3];
  const label = (data[Math.floor(y0) * w + Math.floor(x0)] + 1 + Math.floor(next() * (LABELS - 1))) % LABELS;
  for (let s = 0; s <= 1; s += 0.1)
    for (let y = 0; y < h; y++)
      for (let x = 0; x < w; x++) if (Math.hypot(x - x0 - s * dx, y - y0 - s * dy) <= r) data[y * w + x] = label;
  return { ...map, data };
}

/** Gives the region of a pixel another label. */
function fill(map: LabelMap, next: () => number): LabelMap {
  const { width: w, height: h } = map;
  const data = map.data.slice();
  const start = Math.floor(next() * w * h);
  const [from, to] = [data[start], Math.floor(next() * LABELS)];
  const todo = from === to ? [] : [start];
  while (todo.length) {
    const i = todo.pop()!;
    if (data[i] !== from) continue;
    data[i] = to;
    if (i % w) todo.push(i - 1);
    if (i % w < w - 1) todo.push(i + 1);
    if (i >= w) todo.push(i - w);
    if (i < w * (h - 1)) todo.push(i + w);
  }
  return { ...map, data };
}

async function pair(config: Config): Promise<[edited: SpadePainter, whole: SpadePainter]> {
  const device = await testDevice();
  const next = random(5);
  let map = bands(outputSize(config));
  // Weights as they come from a seed saturate the picture, and any two would be equal.
  for (let i = 0; i < 40; i++) map = stroke(map, next);
  const state: HostState = await calibratedState(device, config, 3, windowsOf(config, [map], null));
  const open = async (edits: boolean): Promise<SpadePainter> => {
    const made = await SpadePainter.create(
      device,
      config,
      await loadGenerator(device, config, memorySource(state), "f32"),
      { edits },
    );
    painters.push(made);
    return made;
  };
  return [await open(true), await open(false)];
}

const cases: [string, Config, number][] = [
  ["without VAE", { ...base, crop_size: 64 }, LONG ? 200 : 20],
  [
    "with VAE, Winograd's channels, a style now and then",
    { ...base, ngf: 8, use_vae: true, z_dim: 8 },
    LONG ? 200 : 10,
  ],
  [
    "wide, more upsamplings",
    { ...base, crop_size: 256, aspect_ratio: 2, num_upsampling_layers: "more" },
    LONG ? 200 : 6,
  ],
];
const most: Config = { ...base, ngf: 2, crop_size: 384, aspect_ratio: 4 / 3, num_upsampling_layers: "most" };
if (LONG) cases.push(["most upsamplings, odd first features", most, 60]);

describe.each(cases)("%s", (_name, config, edits) => {
  test(`${edits} edits`, async () => {
    const [edited, whole] = await pair(config);
    const size = outputSize(config);
    const all = (size.h / 2) * (size.w / 2);
    const levels = new LiveLevels();
    const next = random(1);
    let map = bands(size);
    const earlier: LabelMap[] = [];
    let z = config.use_vae ? normalValues(1, config.z_dim) : undefined;
    let [some, empty] = [0, 0];
    for (let i = 0; i < edits; i++) {
      await edited.setMap(liveWindowsOf(config, levels, [map], null));
      await whole.setMap(windowsOf(config, [map], null));
      const stop = new AbortController();
      // A picture that was given up leaves layers of neither map.
      if (i % 7 === 4) {
        if (z) edited.setStyle(z);
        setTimeout(() => stop.abort("enough"), 1);
        await edited.run({ slice: 0.1, signal: stop.signal }).catch((reason: unknown) => expect(reason).toBe("enough"));
      }
      const picture = await edited.paint(z);
      expect(await whole.paint(z)).toEqual(picture);
      expect(picture.filter((v) => Math.abs(v) > 0.999).length).toBeLessThan(0.9 * picture.length);
      if (edited.tiles !== null) {
        some++;
        if (edited.tiles === 0) empty++;
        expect(edited.tiles).toBeLessThanOrEqual(all);
      }
      if (z && i % 6 === 5) z = normalValues(i, config.z_dim);
      earlier.push(map);
      const what = next();
      if (what < 0.15 && earlier.length > 3) map = earlier[earlier.length - 2 - Math.floor(next() * 2)];
      else if (what < 0.25) map = fill(map, next);
      else map = stroke(map, next);
    }
    expect(some - empty).toBeGreaterThan(edits / 5);
    expect(some).toBeLessThan(edits);
  });
});

test("a device without room for layers that are kept paints every picture whole", async () => {
  const config: Config = { ...base, crop_size: 64 };
  const device = await testDevice();
  const place = vi.spyOn(device, "place").mockImplementation(function (this: Device, storage, label) {
    if (label?.startsWith("image ")) throw new SpadeError("out-of-memory", label, "has no room", "use a smaller net");
    return Device.prototype.place.call(this, storage, label);
  });
  const [edited, whole] = await pair(config);
  const levels = new LiveLevels();
  const next = random(1);
  let map = bands(outputSize(config));
  for (let i = 0; i < 3; i++) {
    await edited.setMap(liveWindowsOf(config, levels, [map], null));
    await whole.setMap(windowsOf(config, [map], null));
    expect(await edited.paint()).toEqual(await whole.paint());
    expect(edited.tiles).toBeNull();
    map = stroke(map, next);
  }
  expect(place.mock.results.some(({ type }) => type === "throw")).toBe(true);
  place.mockRestore();
});

test("all is computed where tiles would be nearly all", () => {
  const prepared = (share: number): (number | null)[] => {
    const list = Int32Array.of(2, 4, 5);
    const plan = { sizes: () => new Map([["conv_img", 9]]), lists: () => ({ of: new Map([["conv_img", list]]), share, tiles: 2 }) }; // prettier-ignore
    const edits = new Edits(plan as unknown as TilePlan);
    const level = (generation: number): LevelWindows => ({ h: 1, w: 1, outerIds: new Int32Array(1), live: { generation } }) as LevelWindows; // prettier-ignore
    const of = (generation: number): [number | null, number, number] => {
      edits.setMap([level(generation)]);
      const { tiles, counts, inputs } = edits.prepare();
      edits.forget()();
      return [tiles, counts.conv_img, inputs.conv_img?.[0]];
    };
    // The first picture; an edit; the dictionary was renumbered; an edit; another style.
    const found = [of(1), of(1), of(2), of(2)];
    edits.forget();
    return [...found, of(2)].flat();
  };
  const [all, some] = [
    [null, 16, -1],
    [2, 8, 2],
  ];
  expect(prepared(0.9)).toEqual([all, some, all, some, all].flat());
  // What a program knows is not said again.
  const same = [null, undefined, undefined];
  expect(prepared(0.96)).toEqual([all, same, same, same, same].flat());
});
