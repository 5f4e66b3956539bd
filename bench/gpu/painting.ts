// Parts of bench:gpu that paint: COCO's net, seeded, in both storage types and alone or eight at a time; the nets that come with this package.

import { join } from "node:path";
import { idsOf, readPng } from "../../src/datasets/label_file.ts";
import { openCheckpointFile } from "../../src/formats/file.ts";
import { publishedWeights } from "../../src/formats/packaged.ts";
import { outputSize } from "../../src/models/kinds.ts";
import type { Config } from "../../src/models/config.ts";
import { memorySource } from "../../src/models/weights/source.ts";
import { openNodeDevice } from "../../src/node/dawn.ts";
import { describeNet } from "../../src/painting/describe_net.ts";
import { storageType, type NetWeights } from "../../src/painting/open_net.ts";
import { profilePainter } from "../../src/painting/profile.ts";
import { pilNearestResize } from "../../src/pictures/pil_nearest.ts";
import type { Device, Profile } from "../../src/runtime/index.ts";
import { demoMap, demoMaps, root, varied, type BenchMap } from "../lib/maps.ts";
import { clockOf, median, spread } from "../lib/measure.ts";
import { BENCH_CONFIG, benchState, openPainting, type MapTimes } from "../lib/ours.ts";
import type { PartOptions, Row } from "./schedule.ts";

/** COCO's net at 256x256, or a small one. */
export const cocoConfig = (quick: boolean): Config =>
  quick ? { ...BENCH_CONFIG, ngf: 8, crop_size: 64 } : BENCH_CONFIG;

export const cocoMaps = (count: number, size: number): BenchMap[] =>
  varied(
    demoMaps().map((name) => demoMap(name, size)),
    count,
  );

/** The types in which this adapter can store, its default first. */
export const storageTypes = (device: Device): ("f16" | "f32")[] =>
  device.gpu.features.has("shader-f16") ? ["f16", "f32"] : ["f32"];

/** Time by shader, the longest first, of one picture's dispatches. */
export function byShader(profile: Profile): { shader: string; dispatches: number; ms: number; flops: number }[] {
  const sums = new Map<string, { dispatches: number; ms: number; flops: number }>();
  for (const { shader, ms, flops } of profile.rows) {
    const sum = sums.get(shader) ?? { dispatches: 0, ms: 0, flops: 0 };
    sums.set(shader, { dispatches: sum.dispatches + 1, ms: sum.ms + ms, flops: sum.flops + flops });
  }
  return [...sums].map(([shader, sum]) => ({ shader, ...sum })).sort((a, b) => b.ms - a.ms);
}

export const busyMs = (profile: Profile): number => profile.rows.reduce((sum, { ms }) => sum + ms, 0);

/** The three that take most: "gemm_tiled 61 %, ...". */
export const most = (profile: Profile): string =>
  byShader(profile)
    .slice(0, 3)
    .map(({ shader, ms }) => `${shader} ${((100 * ms) / (busyMs(profile) || 1)).toFixed(0)} %`)
    .join(", ");

interface Case {
  readonly name: string;
  readonly net: NetWeights;
  readonly maps: readonly BenchMap[];
  readonly dtype: "f16" | "f32";
  readonly runs: number;
}

/** A new map, a new style, and what the device does of it. @param seen gets the last picture */
async function* paint(device: Device, o: Case, seen?: (image: Float32Array) => void): AsyncGenerator<Row> {
  const images = o.maps.length;
  const what = `${o.name}, ${o.dtype}, batch ${images}`;
  const net = await openPainting(device, o.net, images, o.dtype);
  await net.newMaps(o.maps);
  const maps: MapTimes[] = [];
  const styles: number[] = [];
  for (let i = 0; i < o.runs; i++) {
    maps.push(await net.newMaps(o.maps));
    styles.push(await net.newStyle(i + 1));
  }
  await net.newMaps(o.maps);
  const isFinite = net.image.every((v) => Number.isFinite(v));
  const part = (pick: (t: MapTimes) => number): number => median(maps.map(pick));
  const total = part((t) => t.total);
  const parts = { labels: part((t) => t.labels), tables: part((t) => t.tables), network: part((t) => t.network) };
  const shown = Object.entries(parts).map(([name, ms]) => `${name} ${ms.toFixed(1)}`);
  yield {
    what: `${what}: new map`,
    ms: total,
    perSecond: (1e3 * images) / total,
    note: shown.join(" + "),
    ...{ parts, spread: spread(maps.map((t) => t.total)), memory: net.runner.memory },
    ...(!isFinite && { problem: "the picture has values that are not finite" }),
  };
  const style = median(styles);
  yield { what: `${what}: new style`, ms: style, perSecond: (1e3 * images) / style, spread: spread(styles) };
  if (clockOf(device) === "timestamps") {
    // The last stage is the picture; those before it are preparation and tables.
    const profiles: Profile[] = [];
    for (let i = 0; i < o.runs; i++) profiles.push((await profilePainter(net.runner)).pop()!);
    const picture = profiles.sort((a, b) => busyMs(a) - busyMs(b))[profiles.length >> 1];
    const ms = busyMs(picture);
    const flops = picture.rows.reduce((sum, row) => sum + row.flops, 0);
    yield {
      what: `${what}: a picture's dispatches alone`,
      ms,
      ...(ms > 0 && { perSecond: (1e3 * images) / ms, flops: (1e3 * flops) / ms }),
      note: `${picture.rows.length} dispatches: ${most(picture)}`,
      kernels: byShader(picture),
    };
  }
  seen?.(net.image);
  net.runner.dispose();
}

/** How far a batch's pictures in one type are from those in the other. */
function difference(a: Float32Array, b: Float32Array): Row {
  let [sum, worst] = [0, 0];
  a.forEach((v, i) => {
    const d = Math.abs(v - b[i]);
    sum += d;
    worst = Math.max(worst, d);
  });
  const mean = sum / a.length;
  return {
    what: "f16's picture beside f32's, of values in [-1, 1]",
    note: `mean difference ${mean.toExponential(1)}, greatest ${worst.toExponential(1)}`,
    ...{ mean, worst },
  };
}

export async function* coco({ quick }: PartOptions): AsyncGenerator<Row> {
  const device = await openNodeDevice();
  const config = cocoConfig(quick);
  const size = config.crop_size;
  const [map] = cocoMaps(1, size);
  const net = {
    config,
    source: memorySource(await benchState(device, config, map, (step) => console.error(`  ${step}`))),
  };
  const pictures: Float32Array[] = [];
  for (const images of quick ? [1, 2] : [1, 8])
    for (const dtype of storageTypes(device))
      yield* paint(
        device,
        { name: `${size}x${size}`, net, maps: cocoMaps(images, size), dtype, runs: quick ? 3 : 9 },
        (image) => void (images === 1 && pictures.push(image)),
      );
  if (pictures.length === 2) yield difference(pictures[0], pictures[1]);
}

/** Its map of demo/maps. */
const MAPS = { street: "street", landscape: "lake" };

export async function* published(name: keyof typeof MAPS, { quick }: PartOptions): AsyncGenerator<Row> {
  const device = await openNodeDevice();
  const weights = publishedWeights(`${name}_net_G.safetensors`);
  const checkpoint = await openCheckpointFile(weights);
  const net = describeNet(checkpoint, { weights });
  const { h, w } = outputSize(net.config);
  const path = join(root, "demo", "maps", `${MAPS[name]}_label.png`);
  const label = pilNearestResize(idsOf(await readPng(path), path, net.labels, "give a map of label ids"), w, h);
  const dtype = storageType(device);
  yield* paint(device, { name: `${w}x${h}`, net, maps: [{ name, label }], dtype, runs: quick ? 3 : 9 });
  await checkpoint.close();
}
