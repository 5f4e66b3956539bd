// Milliseconds from label map to window dictionary (host code, one core, warm), on real COCO-Stuff maps with instance edges,
// resized to 256x256 like the published data loader; distinct windows per level, and multiply-adds of the gamma and beta tables.
// npm run bench -- labels [--json FILE]

import { writeFileSync } from "node:fs";
import { buildLevels, LevelsScratch } from "../src/labels/levels.ts";
import { allMaps } from "./lib/maps.ts";
import { median } from "./lib/measure.ts";

const SIZE = 256;
const LEVELS = [8, 16, 32, 64, 128, 256].map((n) => ({ h: n, w: n, k: 3 }));
const COCO = { labelCount: 183, dontCare: 182, edges: true };
const HIDDEN = 128;
/** Channels of all SPADE norms at each level of the published COCO generator (ngf 64, `normal`). */
const NORM_CHANNELS = [2048, 4096, 2560, 1280, 640, 320];
/** Timed runs of each map; their median counts. */
const RUNS = 15;

const maps = allMaps(SIZE);
const scratch = new LevelsScratch();
const run = (m: (typeof maps)[number]) => buildLevels([m.label], [m.instance], COCO, LEVELS, scratch);

const first = performance.now();
run(maps[0]);
const cold = performance.now() - first;
for (let i = 0; i < 5; i++) maps.forEach(run);

const rows = maps.map((m) => {
  const times: number[] = [];
  for (let i = 0; i < RUNS; i++) {
    const start = performance.now();
    run(m);
    times.push(performance.now() - start);
  }
  const levels = run(m).map(({ innerCount, outerCount }) => ({ inner: innerCount - 1, outer: outerCount }));
  const gmac = levels.reduce((sum, { inner }, i) => sum + inner * HIDDEN * 9 * 2 * NORM_CHANNELS[i], 0) / 1e9;
  return { name: m.name, ms: median(times), max: Math.max(...times), gmac, levels };
});
const batch = maps.slice(0, 8);
const batchTimes: number[] = [];
const batchScratch = new LevelsScratch();
for (let i = 0; i < 10; i++) {
  const start = performance.now();
  const [labels, instances] = [batch.map((m) => m.label), batch.map((m) => m.instance)];
  buildLevels(labels, instances, COCO, LEVELS, batchScratch);
  batchTimes.push(performance.now() - start);
}

const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const summary = {
  maps: rows.length,
  msMedian: median(rows.map((r) => r.ms)),
  msWorst: Math.max(...rows.map((r) => r.ms)),
  msCold: cold,
  msBatch: { images: batch.length, ms: median(batchTimes.slice(2)) },
  gmac: {
    min: Math.min(...rows.map((r) => r.gmac)),
    mean: mean(rows.map((r) => r.gmac)),
    max: Math.max(...rows.map((r) => r.gmac)),
  },
  gmacDense: LEVELS.reduce((sum, { h, w }, i) => sum + h * w * HIDDEN * 9 * 2 * NORM_CHANNELS[i], 0) / 1e9,
  distinct: LEVELS.map(({ h, w }, i) => ({
    level: h,
    inner: mean(rows.map((r) => r.levels[i].inner)) / (h * w),
    outer: mean(rows.map((r) => r.levels[i].outer)) / (h * w),
  })),
};

const jsonAt = process.argv.indexOf("--json");
if (jsonAt >= 0) writeFileSync(process.argv[jsonAt + 1], JSON.stringify({ summary, rows }, null, 1));
console.log(
  `${rows.length} maps, ${SIZE}x${SIZE}, with edges, k = 3, levels ${LEVELS.map((l) => l.h).join(" ")}; distinct 3x3 / 5x5 windows a level\n`,
);
for (const { name, ms, gmac, levels } of rows) {
  const counts = levels.map(({ inner, outer }) => `${inner}/${outer}`.padStart(10)).join(" ");
  console.log(`${name}  ${ms.toFixed(2).padStart(5)} ms  ${gmac.toFixed(1).padStart(5)} GMAC ${counts}`);
}
console.log("\nmean share of the pixels");
for (const { level, inner, outer } of summary.distinct) {
  console.log(`  ${String(level).padStart(4)}²  3x3 ${inner.toFixed(3)}  5x5 ${outer.toFixed(3)}`);
}
const { gmac, gmacDense } = summary;
console.log(
  `\ngamma/beta tables: ${gmac.mean.toFixed(1)} GMAC a map (${gmac.min.toFixed(1)} to ${gmac.max.toFixed(1)}), dense ${gmacDense.toFixed(1)}`,
);
console.log(
  `median ${summary.msMedian.toFixed(2)} ms warm, worst map ${summary.msWorst.toFixed(2)} ms, very first call ${cold.toFixed(1)} ms`,
);
console.log(
  `batch of ${batch.length}: ${summary.msBatch.ms.toFixed(2)} ms, ${(summary.msBatch.ms / batch.length).toFixed(2)} ms an image`,
);
