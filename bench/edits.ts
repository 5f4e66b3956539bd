// npm run bench -- edits [--quick] [--profile] [--json FILE]: the cost of an edit of a map.
// 1. Its tables, beside those of a new map. An edit paints a square of 8x8 pixels into the street map, 20 in all, places and labels drawn
//    with seed 1 (a label of the map, other than the one at the square's centre). Measured: table rows computed, ms of the dictionary and of
//    the tables, launches, bytes uploaded.
// 2. Its picture, beside one that is computed whole: discs on COCO maps at 256x256, ngf 64 (edits/curve.ts), as a table and as a page with
//    a plot; strokes of a brush in the landscape net at 256x256.

import { profilePainter } from "../src/painting/profile.ts";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openCheckpointFile } from "../src/formats/file.ts";
import { publishedWeights } from "../src/formats/packaged.ts";
import { idsOf, readPng } from "../src/datasets/label_file.ts";
import type { LabelMap } from "../src/labels/label_map.ts";
import { LiveLevels } from "../src/labels/levels.ts";
import { outputSize } from "../src/models/kinds.ts";
import type { Config } from "../src/models/config.ts";
import { memorySource } from "../src/models/weights/source.ts";
import { pilNearestResize } from "../src/pictures/pil_nearest.ts";
import { openNodeDevice } from "../src/node/dawn.ts";
import { profileTable } from "../src/runtime/index.ts";
import { describeNet } from "../src/painting/describe_net.ts";
import { openNet, type NetWeights } from "../src/painting/open_net.ts";
import { liveWindowsOf, windowsOf } from "../src/painting/windows.ts";
import { allMaps, root } from "./lib/maps.ts";
import { BENCH_CONFIG, benchState } from "./lib/ours.ts";
import { machine, median } from "./lib/measure.ts";
import { discs, drawn, ratios, SHARES, strokes, type Edit } from "./edits/curve.ts";
import { plotPage } from "./edits/plot.ts";

const EDITS = 20;
const SIZE = 8;

const device = await openNodeDevice();
const checkpoint = await openCheckpointFile(publishedWeights("street_net_G.safetensors"));
const described = describeNet(checkpoint, { weights: "street_net_G.safetensors" });
/** A drawn map of the demo, in a net's labels and size. */
async function drawnMap(name: string, { config, labels }: Pick<NetWeights, "config" | "labels">): Promise<LabelMap> {
  const file = join(root, "demo/maps", name);
  const { h, w } = outputSize(config);
  return pilNearestResize(idsOf(await readPng(file), file, labels, "give a map of label ids"), w, h);
}

const map = await drawnMap("street_label.png", described);
const net = await openNet(described, { device, dtype: "f32" });
await checkpoint.close();
await net.painter.warm();

/** Launches and uploaded bytes of this process since `take` began. */
const counted = { launches: 0, uploads: 0 };
{
  const pass = Object.getPrototypeOf(device.gpu.createCommandEncoder().beginComputePass()) as GPUComputePassEncoder;
  const dispatch = pass.dispatchWorkgroups;
  pass.dispatchWorkgroups = function (this: GPUComputePassEncoder, ...args) {
    counted.launches++;
    return dispatch.apply(this, args);
  };
  const queue = Object.getPrototypeOf(device.gpu.queue) as GPUQueue;
  const write = queue.writeBuffer;
  queue.writeBuffer = function (this: GPUQueue, ...args: Parameters<GPUQueue["writeBuffer"]>) {
    counted.uploads += args[4] ?? (args[2] as ArrayBufferView).byteLength;
    return write.apply(this, args);
  } as typeof write;
}

interface Cost {
  rows: number;
  windows: number;
  dictionary: number;
  tables: number;
  launches: number;
  uploads: number;
}

/** Sets a map through `dictionary` and computes its tables. */
async function take(m: LabelMap, dictionary: LiveLevels): Promise<Cost> {
  Object.assign(counted, { launches: 0, uploads: 0 });
  const t0 = performance.now();
  const levels = liveWindowsOf(net.config, dictionary, [m], null);
  const windows = levels.reduce((sum, l) => sum + l.outerCount, 0);
  const t1 = performance.now();
  const { newWindows } = await net.painter.setMap(levels);
  await net.painter.runTables();
  const t2 = performance.now();
  return { rows: newWindows, windows, dictionary: t1 - t0, tables: t2 - t1, ...counted };
}

function* edits(): Generator<LabelMap> {
  const own = [...new Set(map.data)].sort((a, b) => a - b);
  const draws = drawn(EDITS);
  for (let i = 0; i < EDITS; i++) {
    const [u, v, l] = draws.subarray(3 * i, 3 * i + 3);
    const [x, y] = [Math.floor(u * (map.width - SIZE)), Math.floor(v * (map.height - SIZE))];
    const covered = map.data[(y + SIZE / 2) * map.width + x + SIZE / 2];
    const labels = own.filter((label) => label !== covered);
    const data = map.data.slice();
    for (let j = 0; j < SIZE; j++)
      data.fill(labels[Math.floor(l * labels.length)], (y + j) * map.width + x, (y + j) * map.width + x + SIZE);
    yield { ...map, data };
  }
}

const fresh: Cost[] = [];
for (let i = 0; i < 8; i++) fresh.push(await take(map, new LiveLevels()));
const made: Cost[] = [];
/** Edits that compute rows only for the windows that the street map lacks. */
let exact = 0;
for (const edited of edits()) {
  // Each edit starts from tables that hold the street map's rows only.
  const dictionary = new LiveLevels();
  await take(map, dictionary);
  const cost = await take(edited, dictionary);
  made.push(cost);
  const both = windowsOf(net.config, [map, edited], null).reduce((sum, l) => sum + l.outerCount, 0);
  const alone = windowsOf(net.config, [map], null).reduce((sum, l) => sum + l.outerCount, 0);
  if (cost.rows === both - alone) exact++;
}
const of = (costs: readonly Cost[], key: keyof Cost): number => median(costs.map((c) => c[key]));
const row = (name: string, costs: readonly Cost[]): string =>
  `${name.padEnd(10)} rows ${of(costs, "rows").toFixed(0).padStart(6)} of ${of(costs, "windows").toFixed(0)}   dictionary ${of(costs, "dictionary").toFixed(2)} ms   tables ${of(costs, "tables").toFixed(1).padStart(6)} ms   launches ${of(costs, "launches")}   uploads ${(of(costs, "uploads") / 1024).toFixed(0)} KiB`;
console.log(`${device.name}, street map ${map.width}x${map.height}, medians`);
console.log(row("new map", fresh.slice(2)));
console.log(row(`${EDITS} edits`, made));
const share = of(made, "tables") / of(fresh.slice(2), "tables");
console.log(`rows made equal the windows that the street map lacks in ${exact} of ${EDITS} edits`);
console.log(`tables of an edit: ${(100 * share).toFixed(0)} % of a new map's`);
const jsonAt = process.argv.indexOf("--json");
if (jsonAt >= 0)
  writeFileSync(process.argv[jsonAt + 1], JSON.stringify({ ...machine(device), fresh, edits: made }, null, 1));
if (process.argv.includes("--profile")) {
  for (const p of (await profilePainter(net.painter, new Float32Array(net.config.z_dim))).slice(0, -1))
    console.log(profileTable(p));
}
net.dispose();

const quick = process.argv.includes("--quick");
const places = quick ? 5 : 20;
{
  const maps = allMaps().slice(0, 5);
  const state = await benchState(device, BENCH_CONFIG, maps[0], console.log);
  const coco = await openNet(
    { config: BENCH_CONFIG, source: memorySource(state) },
    { device, dtype: "f32", edits: true },
  );
  const shares = quick ? SHARES.slice(0, 3) : SHARES;
  const found = await discs({ net: coco, maps, shares, places }, (e) =>
    process.stderr.write(e.tiles === null ? "o" : "."),
  );
  const pixels = maps[0].label.data.length;
  console.log(
    `\nCOCO ${maps[0].label.width}x${maps[0].label.height}, ngf ${BENCH_CONFIG.ngf}: discs at ${places} places of ${maps.length} maps`,
  );
  console.log(
    "share of area   pixels   whole pictures / edits   median edit   whole picture   painted whole   slowest",
  );
  for (const { share, ratio, slowest } of ratios(found)) {
    const own = found.filter((e) => e.share === share);
    const med = (of: (e: Edit) => number): string => median(own.map(of)).toFixed(0);
    console.log(
      [
        `${(100 * share).toFixed(2)} %`.padStart(13),
        med((e) => e.pixels).padStart(9),
        `${ratio.toFixed(2)} x`.padStart(25),
        `${med((e) => e.edit)} ms`.padStart(14),
        `${med((e) => e.whole)} ms`.padStart(16),
        `${own.filter((e) => e.tiles === null).length} of ${own.length}`.padStart(16),
        `${slowest.toFixed(2)} x`.padStart(10),
      ].join(""),
    );
  }
  const { activations } = coco.painter.memory;
  console.log(`layers with those that are kept: ${(activations / 2 ** 20).toFixed(0)} MiB`);
  const page =
    jsonAt >= 0 ? process.argv[jsonAt + 1].replace(/(\.json)?$/, ".html") : join(root, ".setup", "edits.html");
  writeFileSync(page, plotPage(`Edits of COCO maps on ${device.name}`, found, pixels));
  console.log(`plot: ${page}`);
  if (jsonAt >= 0) {
    const before = JSON.parse(readFileSync(process.argv[jsonAt + 1], "utf8")) as object;
    writeFileSync(process.argv[jsonAt + 1], JSON.stringify({ ...before, discs: found }, null, 1));
  }
  coco.dispose();
}
{
  const landscape = await openCheckpointFile(publishedWeights("landscape_net_G.safetensors"));
  const own = describeNet(landscape, { weights: "landscape_net_G.safetensors" });
  // Its weights are those of 256x256 with one more upsampling.
  const config: Config = { ...own.config, crop_size: 256, num_upsampling_layers: "more" };
  const large = await openNet({ ...own, config }, { device, dtype: "f32", edits: true });
  await landscape.close();
  const { stroke, fresh } = await strokes(large, await drawnMap("lake_label.png", { ...own, config }), places);
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  console.log(
    `\nlandscape net at 256x256: ${places} strokes of a 12-pixel brush ${(sum(stroke) / places).toFixed(0)} ms each, a new map ${(sum(fresh) / places).toFixed(0)} ms: ${(sum(fresh) / sum(stroke)).toFixed(2)} x`,
  );
  large.dispose();
}
device.dispose();
process.exit(0);
