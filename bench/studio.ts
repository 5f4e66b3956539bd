// npm run bench:studio [-- --quick] [--json FILE]: how soon pictures follow the brush in the painting studio, with the real page and nets, in
// Chromium on lavapipe. Four strokes of a mouse, two on the first start map of each net; every round has a new page. Measured for each:
//
//   latency     from a change of the map to the picture of it on the page's canvas
//   full pass   what the picture of the stroke's map takes with no table of it there, in slices as in a stroke: dictionary, tables of all its
//               windows, network, canvas (stats.total); alone, in the same page after the strokes, median of three passes of the map before
//               the stroke and three of the map after it, and of all rounds
//   frames      gaps between the page's animation frames from the press to the release
//
// Nothing fails: on a busy machine times say little, ratios more.

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { adapterVersion, chromiumVersion, launch, missing } from "./browser/launch.ts";
import { TestServer } from "./browser/server.ts";
import { root } from "./lib/maps.ts";
import { commit, median } from "./lib/measure.ts";
import { STROKES, type Stroke } from "./studio/strokes.ts";
import { visit, type Visit } from "./studio/visit.ts";
import type { Recording } from "./studio/recorder.ts";

const WANTED = { median: 2, p95: 3, frame: 25 };
const argv = process.argv.slice(2);
const rounds = argv.includes("--quick") ? 1 : 3;
const jsonAt = argv.indexOf("--json");

const lacks = missing();
if (lacks.length) {
  console.error(`bench:studio needs ${lacks.join(" and ")}: npm run test:browser says how to install them`);
  process.exit(1);
}
const server = await TestServer.start({
  site: join(root, "dist", "site"),
  "site/engine": join(root, "dist"),
  "site/weights": join(root, "weights"),
});
const browser = await launch();
const nets = [...new Set(STROKES.map(({ net }) => net))];
const visits = nets.map((): Visit[] => []);
for (let round = 0; round < rounds; round++) {
  for (const [i, net] of nets.entries()) {
    console.error(`${net}, round ${round + 1} of ${rounds}`);
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    context.setDefaultTimeout(180_000);
    const page = await context.newPage();
    page.on("pageerror", (error) => console.error(`page: ${error.message}`));
    const strokes = STROKES.filter((stroke) => stroke.net === net);
    visits[i].push(await visit(page, `${server.origin}/site/index.html`, strokes));
    await context.close();
  }
}
await browser.close();
await server.close();

const at = (values: readonly number[], part: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(part * values.length))];
const three = (values: readonly number[]) => ({ median: median(values), p95: at(values, 0.95), worst: at(values, 1) });

/** What was recorded of a stroke, and ms of full passes of its maps, in all rounds. */
function inRounds(stroke: Stroke): { own: Recording[]; passes: number[] } {
  const of = visits[nets.indexOf(stroke.net)];
  const place = STROKES.filter(({ net }) => net === stroke.net).indexOf(stroke);
  return { own: of.map(({ recordings }) => recordings[place]), passes: of.flatMap(({ full }) => full[place]) };
}

function summary(stroke: Stroke) {
  const { own, passes } = inRounds(stroke);
  const all = (values: (r: Recording) => number[]): number[] => own.flatMap(values);
  const latency = three(all((r) => r.latencies));
  const full = median(passes);
  return {
    name: stroke.name,
    net: stroke.net,
    latency,
    full,
    ratio: { median: latency.median / full, p95: latency.p95 / full },
    counted: three(all((r) => r.counted)),
    delay: three(all((r) => r.delays)),
    frame: three(all((r) => r.frames)),
    picture: three(all((r) => r.totals)),
    newWindows: median(all((r) => r.newWindows)),
    rate: (1000 * own.reduce((sum, r) => sum + r.pictures, 0)) / own.reduce((sum, r) => sum + r.duration, 0),
    changes: own.reduce((sum, r) => sum + r.latencies.length, 0),
    missed: own.reduce((sum, r) => sum + r.missed, 0),
    followed: own.every((r) => r.followed),
  };
}
const rows = STROKES.map(summary);

const ms = (value: number): string => value.toFixed(0);
const table = [
  ["stroke", "median", "p95", "full pass", "ratio", "p95's", "picture", "a second", "frame gap", "p95", "worst"],
  ...rows.map((r) => [
    `${r.name}, ${r.net}${r.followed ? "" : " *"}`,
    ...[r.latency.median, r.latency.p95, r.full].map(ms),
    ...[r.ratio.median, r.ratio.p95].map((x) => x.toFixed(2)),
    ...[ms(r.picture.median), r.rate.toFixed(1), r.frame.median.toFixed(1), ms(r.frame.p95), ms(r.frame.worst)],
  ]),
];
// Of each change, in full passes of its own stroke.
const every = three(
  STROKES.flatMap((stroke, i) => inRounds(stroke).own.flatMap((r) => r.latencies.map((t) => t / rows[i].full))),
);
const name = `${visits[0][0].adapter}, ${adapterVersion("lavapipe")}`;
console.log(`\nthe painting studio in Chromium ${chromiumVersion()} on ${name}; times in ms, ${rounds} rounds\n`);
for (const line of table) console.log(`  ${line.map((cell, i) => (i ? cell.padStart(10) : cell.padEnd(26))).join("")}`);
if (rows.some((r) => !r.followed))
  console.log(
    "\n  * pictures were slow (pace.ts), so some were painted when the hand paused: latencies hold the pause of 300 ms",
  );

console.log(
  `\nwanted: latency at most ${WANTED.median} x the full pass, p95 ${WANTED.p95} x, frame gap under ${WANTED.frame} ms`,
);
const misses = (ratio: { median: number; p95: number }): (string | false)[] => [
  ratio.median > WANTED.median && `latency ${ratio.median.toFixed(2)} x`,
  ratio.p95 > WANTED.p95 && `p95 ${ratio.p95.toFixed(2)} x`,
];
const verdict = (what: string, short: readonly (string | false)[]): void =>
  console.log(`  ${what}: ${short.filter(Boolean).join(", ") || "holds"}`);
for (const r of rows)
  verdict(r.name, [
    ...misses(r.ratio),
    r.frame.median >= WANTED.frame && `frame gap ${r.frame.median.toFixed(1)} ms`,
    !!r.missed && `${r.missed} changes without a picture`,
  ]);
verdict(`all four, ${every.median.toFixed(2)} x and p95 ${every.p95.toFixed(2)} x`, misses(every));
if (jsonAt >= 0) {
  const path = argv[jsonAt + 1];
  mkdirSync(dirname(path), { recursive: true });
  const machine = { adapter: name, chromium: chromiumVersion(), node: process.version, commit: commit() };
  writeFileSync(path, JSON.stringify({ ...machine, rounds, strokes: rows, every }, null, 1));
}
process.exit(0);
