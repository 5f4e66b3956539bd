// npm run bench:page [-- --quick] [--swiftshader] [--json FILE]: this package in a page beside ONNX Runtime web's WebGPU and WebAssembly
// providers: the street net, Chromium on lavapipe, in one run, taking turns. Every visit has a new Chromium with an empty profile. The first
// of each pair also has an empty cache of the driver's compiled shaders; the second finds them compiled. Fails if pictures differ or a
// target is missed. --swiftshader: the stock Chromium on SwiftShader, without ONNX Runtime's WebGPU provider, which is too slow there.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { adapterVersion, chromiumVersion, missing } from "./browser/launch.ts";
import { commit, spread } from "./lib/measure.ts";
import { readInputs } from "./page/inputs.ts";
import { ENGINES, startServer, visit, type Counts, type Engine, type Visit } from "./page/visit.ts";

const argv = process.argv.slice(2);
const quick = argv.includes("--quick");
const adapter = argv.includes("--swiftshader") ? "swiftshader" : "lavapipe";
/** SwiftShader compiles anew in every process. */
const keepsShaders = adapter === "lavapipe";
const jsonAt = argv.indexOf("--json");
const repeats = quick ? 1 : 3;
const engines = ENGINES.filter((e) => adapter === "lavapipe" || e !== "webgpu");
const NAMES: Record<Engine, string> = {
  ours: "spade-webgpu",
  webgpu: "ONNX Runtime webgpu",
  wasm: "ONNX Runtime wasm",
};
/** Pictures and edits of each visit; the peers take seconds for one. */
const COUNTS: Record<Engine, Counts> = {
  ours: { styles: 9, edits: 20 },
  webgpu: { styles: 2, edits: 1 },
  wasm: { styles: 3, edits: 2 },
};
const FIRST = { webgpu: 10, wasm: 2.5 };
/** ORT's time to a first picture, or of a new style, over ours. */
const TARGETS =
  adapter === "lavapipe"
    ? { first: FIRST, coldFirst: FIRST, style: { webgpu: 80 }, edit: { webgpu: 45 } }
    : { first: { wasm: 1 }, coldFirst: {}, style: {}, edit: {} };
const MOST_DIFFERENCE = 2;
/** Milliseconds of a task; bytes of the JavaScript heap while loading; GPU bytes while loading over those after the first picture. */
const MOST_TASK = 50;
const MOST_HEAP = 16e6;
const MOST_GPU = 1.1;

const lacks = missing();
if (lacks.length) {
  console.error(`bench:page needs ${lacks.join(" and ")}: npm run test:browser says how to install them`);
  process.exit(1);
}
const started = performance.now();
const say = (line: string): void =>
  console.error(`[${((performance.now() - started) / 1e3).toFixed(0).padStart(4)} s] ${line}`);

say("reading the street net, exporting it as ONNX");
const inputs = await readInputs();
const server = await startServer(inputs);
const visits = Object.fromEntries(engines.map((e) => [e, []])) as unknown as Record<Engine, Pair[]>;
for (let i = 0; i < repeats; i++) {
  for (const engine of engines) {
    const shaders = mkdtempSync(join(tmpdir(), "spade-shaders-"));
    try {
      const once = (heap: boolean): Promise<Visit> =>
        visit(server, inputs, engine, adapter, { counts: COUNTS[engine], shaders, heap });
      say(`${NAMES[engine]}, visit ${i + 1} of ${repeats}${keepsShaders ? ", shaders not compiled" : ""}`);
      const cold = await once(true);
      if (keepsShaders) say(`${NAMES[engine]}, visit ${i + 1} of ${repeats}, shaders compiled`);
      visits[engine].push({ cold, warm: keepsShaders ? await once(false) : cold });
    } finally {
      rmSync(shaders, { recursive: true, force: true });
    }
  }
}
await server.close();

/** One engine's visits with an empty cache of compiled shaders, and with a full one. */
interface Pair {
  cold: Visit;
  warm: Visit;
}

const summary = Object.fromEntries(
  engines.map((e) => {
    const of = (value: (v: Visit) => number, kind: keyof Pair = "warm") => spread(visits[e].map((v) => value(v[kind])));
    const { code, weights, gpu, gpuLoading } = visits[e][0].warm;
    return [
      e,
      {
        ...{ code, weights, gpu, gpuLoading },
        coldOpen: of((v) => v.times.open, "cold"),
        coldFirst: of((v) => v.times.first, "cold"),
        open: of((v) => v.times.open),
        first: of((v) => v.times.first),
        style: spread(visits[e].flatMap((v) => v.warm.style)),
        edit: spread(visits[e].flatMap((v) => v.warm.edit)),
        longest: of((v) => v.longest),
        heap: of((v) => v.heap!, "cold"),
      },
    ];
  }),
) as Record<Engine, Summary>;
type Spread = ReturnType<typeof spread>;
type Timed = "coldOpen" | "coldFirst" | "open" | "first" | "style" | "edit" | "longest" | "heap";
type Summary = Record<Timed, Spread> & Record<"code" | "weights" | "gpu" | "gpuLoading", number>;

const failures: string[] = [];
const check = (what: string, ok: boolean): void => {
  console.log(`  ${what}: ${ok ? "holds" : "DOES NOT HOLD"}`);
  if (!ok) failures.push(what);
};

const mega = (bytes: number): string =>
  bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
const time = (s: Spread): string => `${s.median.toFixed(0)} ms`;
const range = (s: Spread): string => `${time(s)} (${s.min.toFixed(0)} to ${s.max.toFixed(0)})`;
const rows: [string, (s: Summary) => string][] = [
  ["code, gzip -9", (s) => mega(s.code)],
  ["weights", (s) => mega(s.weights)],
  ["import to session", (s) => range(s.open)],
  ["import to first picture", (s) => range(s.first)],
  ["  shaders not compiled", (s) => range(s.coldFirst)],
  ["new style", (s) => range(s.style)],
  ["edit of 8x8 pixels", (s) => range(s.edit)],
  ["longest task until then", (s) => (s.longest.median ? range(s.longest) : "under 50 ms")],
  ["JS heap while loading", (s) => `at least ${mega(s.heap.median)}`],
  ["GPU buffers", (s) => (s.gpu ? mega(s.gpu) : "none")],
  ["  while loading at most", (s) => (s.gpuLoading ? mega(s.gpuLoading) : "none")],
];
const name = adapterVersion(adapter);
console.log(
  `\nstreet net ${inputs.map.width}x${inputs.map.height} in Chromium ${chromiumVersion()} on ${name}; ${keepsShaders ? `${repeats} visits with the driver's shaders compiled and ${repeats} without` : `${repeats} visits`}, medians (least to greatest)\n`,
);
console.log(`  ${"".padEnd(26)}${engines.map((e) => NAMES[e].padEnd(30)).join("")}`);
for (const [title, cell] of rows.filter(([title]) => keepsShaders || !title.includes("shaders")))
  console.log(`  ${title.padEnd(26)}${engines.map((e) => cell(summary[e]).padEnd(30)).join("")}`);

console.log("\ntargets");
for (const [kind, what] of [
  ["first", "import to first picture"],
  ["coldFirst", "import to first picture, shaders not compiled,"],
  ["style", "new style"],
  ["edit", "edit"],
] as const) {
  for (const [peer, least] of Object.entries(TARGETS[kind]) as [Engine, number][]) {
    const ratio = summary[peer][kind].median / summary.ours[kind].median;
    check(`${what} at least ${least} x sooner than ${NAMES[peer]} (${ratio.toFixed(1)} x)`, ratio >= least);
  }
}
const { longest, heap, gpu, gpuLoading } = summary.ours;
check(`no task of ${MOST_TASK} ms or more (${longest.median.toFixed(0)} ms)`, longest.median < MOST_TASK);
check(`JS heap while loading at most ${mega(MOST_HEAP)} (${mega(heap.median)})`, heap.median <= MOST_HEAP);
check(
  `GPU buffers while loading at most ${MOST_GPU} x those after the first picture (${(gpuLoading / gpu).toFixed(2)} x)`,
  gpuLoading <= MOST_GPU * gpu,
);
for (const peer of engines.slice(1)) {
  const ours = visits.ours[0].warm.pixels;
  const worst = visits[peer][0].warm.pixels.reduce((most, v, i) => Math.max(most, Math.abs(v - ours[i])), 0);
  check(`first pictures within ${MOST_DIFFERENCE} of 255 of ${NAMES[peer]}'s (${worst})`, worst <= MOST_DIFFERENCE);
}

if (jsonAt >= 0) {
  const path = argv[jsonAt + 1];
  mkdirSync(dirname(path), { recursive: true });
  const machine = { adapter: name, chromium: chromiumVersion(), node: process.version, commit: commit() };
  const ratios = Object.fromEntries(
    engines.slice(1).map((e) => [
      e,
      {
        first: summary[e].first.median / summary.ours.first.median,
        coldFirst: summary[e].coldFirst.median / summary.ours.coldFirst.median,
        style: summary[e].style.median / summary.ours.style.median,
        edit: summary[e].edit.median / summary.ours.edit.median,
      },
    ]),
  );
  writeFileSync(path, JSON.stringify({ ...machine, repeats, summary, ratios, failures }, null, 1));
}
const seconds = ((performance.now() - started) / 1e3).toFixed(0);
console.log(failures.length ? `\nFAILED: ${failures.join("; ")}` : `\nall hold (${seconds} s)`);
process.exit(failures.length ? 1 : 0);
