// npm run bench -- edits [--profile] [--json FILE]: the cost of an edit of a map beside that of a new map. An edit paints a square of
// 8x8 pixels into the street map, 20 in all, places and labels drawn with seed 1 (a label of the map, other than the one at the square's
// centre). Measured: table rows computed, ms of the dictionary and of the tables, launches, bytes uploaded.

import { profilePainter } from "../src/painting/profile.ts";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openCheckpointFile } from "../src/formats/file.ts";
import { publishedWeights } from "../src/formats/packaged.ts";
import { idsOf, readPng } from "../src/datasets/label_file.ts";
import type { LabelMap } from "../src/labels/label_map.ts";
import { LiveLevels } from "../src/labels/levels.ts";
import { outputSize } from "../src/models/kinds.ts";
import { uniformValues } from "../src/models/philox.ts";
import { pilNearestResize } from "../src/pictures/pil_nearest.ts";
import { openNodeDevice } from "../src/node/dawn.ts";
import { profileTable } from "../src/runtime/index.ts";
import { describeNet } from "../src/painting/describe_net.ts";
import { openNet } from "../src/painting/open_net.ts";
import { liveWindowsOf, windowsOf } from "../src/painting/windows.ts";
import { root } from "./lib/maps.ts";
import { machine, median } from "./lib/measure.ts";

const EDITS = 20;
const SIZE = 8;

const device = await openNodeDevice();
const checkpoint = await openCheckpointFile(publishedWeights("street_net_G.safetensors"));
const described = describeNet(checkpoint, { weights: "street_net_G.safetensors" });
const file = join(root, "demo/maps/street_label.png");
const { h, w } = outputSize(described.config);
const map = pilNearestResize(idsOf(await readPng(file), file, described.labels, "give a map of label ids"), w, h);
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
  // From [-1, 1] to [0, 1).
  const draws = uniformValues(1, 3 * EDITS).map((v) => Math.min((v + 1) / 2, 1 - 2 ** -24));
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
device.dispose();
process.exit(0);
