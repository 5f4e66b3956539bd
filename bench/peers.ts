// npm run bench:peers [-- --quick] [--json FILE]: our engine beside ONNX Runtime's WebGPU provider, its CPU provider and TF.js WebGPU, on
// one machine, in one run, taking turns. COCO 256x256 with use_vae, seeded and calibrated, exported to ONNX for the peers.
// Fails if pictures or convolutions differ by more than 1e-3, if the picture is saturated, or on a software adapter if a ratio is too low.

import { profilePainter } from "../src/painting/profile.ts";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileSink } from "../src/formats/file.ts";
import { exportGenerator } from "../src/export/onnx/generator.ts";
import { writeModel } from "../src/export/onnx/model.ts";
import { denseSemantics } from "../src/export/onnx/semantics.ts";
import { openNodeDevice } from "../src/node/dawn.ts";
import { semanticNc, type Config } from "../src/models/config.ts";
import { allMaps, demoMap, MAP, type BenchMap } from "./lib/maps.ts";
import { convKey, openConv } from "./lib/conv.ts";
import { machine, median, spread, timeProgram } from "./lib/measure.ts";
import { probe } from "./lib/roofline.ts";
import { BENCH_CONFIG, openOurs, type MapTimes } from "./lib/ours.ts";
import {
  convFlops,
  convInput,
  convName,
  convWeight,
  openConvOrt,
  openConvTfjs,
  PEER_CONVS,
  type ConvShape,
} from "./peers/convs.ts";
import { OrtPeer } from "./peers/ort.ts";

const argv = process.argv.slice(2);
const quick = argv.includes("--quick");
const jsonAt = argv.indexOf("--json");
const started = performance.now();
const say = (line: string): void =>
  console.error(`[${((performance.now() - started) / 1e3).toFixed(0).padStart(4)} s] ${line}`);
const failures: string[] = [];
const require_ = (what: string, ok: boolean): void => {
  if (!ok) failures.push(what);
};

/** Least ratios to onnxruntime's WebGPU provider on lavapipe, as in docs/bench.md. */
const WANTED = { newMap: 7, newStyle: 11, conv: 2.5 };

const nhwc = (v: Float32Array, c: number, pixels: number): Float32Array => {
  const out = new Float32Array(v.length);
  for (let ch = 0; ch < c; ch++) for (let p = 0; p < pixels; p++) out[p * c + ch] = v[ch * pixels + p];
  return out;
};
const worst = (a: Float32Array, b: Float32Array): number =>
  a.reduce((m, v, i) => Math.max(m, Math.abs(v - b[i])), a.length === b.length ? 0 : Infinity);

/** 255 to label_nc, like the published loader. */
const mapped = (m: BenchMap, c: Config): Int32Array =>
  Int32Array.from(m.label.data, (v) => (v === 255 ? c.label_nc : v));

const device = await openNodeDevice();
say(`adapter: ${device.name}`);
const roofline = await probe(device);
const map = demoMap();
const ours = await openOurs(device, BENCH_CONFIG, map, say);

const folder = mkdtempSync(join(tmpdir(), "spade-bench-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const model = join(folder, "coco.onnx");
say("exporting the generator as ONNX");
await writeModel(await fileSink(model), exportGenerator(BENCH_CONFIG, ours.state));

say("opening it in onnxruntime (webgpu)");
const size = map.label.width;
const seg = {
  shape: [1, semanticNc(BENCH_CONFIG), size, size],
  data: denseSemantics(BENCH_CONFIG, mapped(map, BENCH_CONFIG), map.instance.data, size),
};
const z = { shape: [1, BENCH_CONFIG.z_dim], data: ours.z };
const ort = await OrtPeer.open(model, "webgpu");
await ort.feed({ seg, z });

const maps: MapTimes[] = [];
const styles: number[] = [];
const ortMs: number[] = [];
const tables: number[] = [];
await ours.newMap(map);
/** One turn of ours: a new map (newMap computes dictionary, tables and picture again, also for the same map), a new style, the tables. */
const turn = async (i: number): Promise<void> => {
  maps.push(await ours.newMap(map));
  styles.push(await ours.newStyle(i + 1));
  const t = performance.now();
  await ours.runner.runTables();
  tables.push(performance.now() - t);
};
const [ortRuns, ourRuns] = quick ? [1, 3] : [3, 6];
const perTurn = Math.ceil(ourRuns / (ortRuns + 1));
let picture = new Float32Array();
for (let i = 0; i <= ortRuns; i++) {
  for (let j = 0; j < perTurn && maps.length < ourRuns; j++) await turn(maps.length);
  if (i === ortRuns) break;
  say(`onnxruntime webgpu, run ${i + 1} of ${ortRuns}`);
  const run = await ort.run(1);
  ortMs.push(...run.ms);
  picture = nhwc(run.outputs.image.data, 3, size * size) as Float32Array<ArrayBuffer>;
}
while (maps.length < ourRuns) await turn(maps.length);
await ort.stop();
await ours.newMap(map);
const difference = worst(ours.image, picture);
const saturated = ours.image.filter((v) => Math.abs(v) > 0.999).length / ours.image.length;
require_(`pictures equal within 1e-3 (they differ by ${difference.toExponential(1)})`, difference <= 1e-3);
require_(`at most 5 % of the picture beyond |0.999| (${(100 * saturated).toFixed(2)} %)`, saturated <= 0.05);

say("onnxruntime cpu");
const cpu = await OrtPeer.open(model, "cpu");
await cpu.feed({ seg, z });
const cpuMs = (await cpu.run(quick ? 3 : 5)).ms;
await cpu.stop();

interface ConvResult {
  shape: ConvShape;
  ours: number[];
  ort: number[];
  ortChain: number[];
  tfjs: number[];
  difference: number;
}
const convs: ConvResult[] = [];
for (const s of PEER_CONVS) {
  say(`conv ${convName(s)}`);
  const x = convInput(s);
  const conv = await openConv(device, s, nhwc(x.data, s.cin, s.h * s.w), convWeight(s).data, {
    [convKey(s)]: "winograd",
  });
  // A third of the time of three in one graph holds a third of the peer's upload, read-back and change of layout.
  // --quick leaves the chain out: it differs from the single one by a few percent.
  const [single, tfjs, chain] = await Promise.all([
    openConvOrt(s, "webgpu", folder),
    openConvTfjs(s),
    quick ? undefined : openConvOrt(s, "webgpu", folder, 3),
  ]);
  const r: ConvResult = { shape: s, ours: [], ort: [], ortChain: [], tfjs: [], difference: 0 };
  // First runs compile; they do not count.
  await timeProgram(conv.program, {}, 1);
  await single.run(1);
  await tfjs.run(1);
  await chain?.run(1);
  for (let i = 0; i < (quick ? 2 : 5); i++) {
    r.ours.push(...(await timeProgram(conv.program, {}, 2)));
    const one = await single.run(1);
    r.ort.push(...one.ms);
    r.tfjs.push(...(await tfjs.run(1)).ms);
    if (chain) r.ortChain.push(...(await chain.run(1)).ms.map((ms) => ms / 3));
    if (i === 0) r.difference = worst(await conv.program.read("y"), nhwc(one.outputs.y.data, s.cout, s.h * s.w));
  }
  require_(`conv ${convName(s)} equal within 1e-3 (differs by ${r.difference.toExponential(1)})`, r.difference <= 1e-3);
  await Promise.all([single.stop(), chain?.stop(), tfjs.stop()]);
  conv.dispose();
  convs.push(r);
}

const every: { name: string; times: MapTimes }[] = [];
if (!quick) {
  say("all maps");
  for (const m of allMaps()) {
    await ours.newMap(m);
    every.push({ name: m.name, times: await ours.newMap(m) });
  }
}

const total = maps.map((t) => t.total);
const ratios = {
  newMap: median(ortMs) / median(total),
  newStyle: median(ortMs) / median(styles),
  convs: convs.map((c) => Math.min(median(c.ort), ...(c.ortChain.length ? [median(c.ortChain)] : [])) / median(c.ours)),
};
const ms = (v: readonly number[]): string =>
  `${median(v).toFixed(0)} ms (${Math.min(...v).toFixed(0)} to ${Math.max(...v).toFixed(0)}, ${v.length} runs)`;
console.log(
  `\nadapter: ${device.name}; multiply-add peak ${(roofline.flops / 1e9).toFixed(1)} GFLOP/s, copy ${(roofline.bytes / 1e9).toFixed(1)} GB/s`,
);
console.log(
  `model: COCO 256x256, use_vae, seeded and calibrated; map ${MAP}; pictures differ by ${difference.toExponential(1)}, ${(100 * saturated).toFixed(2)} % beyond |0.999|`,
);
console.log(`\n  onnxruntime-node webgpu          ${ms(ortMs)}`);
console.log(
  `  onnxruntime-node cpu             ${ms(cpuMs)}   (printed, not claimed against: on a software adapter the CPU wins)`,
);
console.log(`  ours, new label map to image     ${ms(total)}   ${ratios.newMap.toFixed(1)} x onnxruntime webgpu`);
console.log(`  ours, new style on a cached map  ${ms(styles)}   ${ratios.newStyle.toFixed(1)} x onnxruntime webgpu`);
console.log(
  `  ours, label dictionary           ${median(maps.map((t) => t.labels)).toFixed(1)} ms; label tables alone ${ms(tables)}`,
);
if (every.length) {
  const t = every.map((e) => e.times.total);
  console.log(
    `  ours, ${every.length} maps: least ${Math.min(...t).toFixed(0)}, mean ${(t.reduce((a, b) => a + b) / t.length).toFixed(0)}, greatest ${Math.max(...t).toFixed(0)} ms`,
  );
}
console.log(
  "\n  convolution                    ours     GFLOP/s  of peak    ort webgpu  (of 3 in a row)   TF.js webgpu   ratio to ort",
);
convs.forEach((c, i) => {
  const t = median(c.ours);
  const g = convFlops(c.shape) / t / 1e6;
  console.log(
    `  ${convName(c.shape).padEnd(26)} ${t.toFixed(0).padStart(6)} ms ${g.toFixed(1).padStart(9)} ${((g * 1e11) / roofline.flops).toFixed(0).padStart(7)}% ${median(c.ort).toFixed(0).padStart(10)} ms ${(c.ortChain.length ? `${median(c.ortChain).toFixed(0)} ms` : "-").padStart(15)} ${median(c.tfjs).toFixed(0).padStart(14)} ms ${ratios.convs[i].toFixed(1).padStart(10)} x`,
  );
});
const profiles = await profilePainter(ours.runner, ours.z);
const moved = profiles.flatMap((p) => p.rows).reduce((sum, r) => sum + r.bytes, 0);
const busy = profiles.reduce((sum, p) => sum + p.total, 0);
console.log(
  `\n  bytes moved, map to image: ${(moved / 2 ** 30).toFixed(2)} GiB at ${(moved / busy / 1e6).toFixed(2)} GB/s (copy: ${(roofline.bytes / 1e9).toFixed(2)} GB/s); memory ${JSON.stringify(ours.runner.memory)}`,
);

// The least ratios are for lavapipe, where they were measured.
if (device.software) {
  require_(`new label map at least ${WANTED.newMap} x (${ratios.newMap.toFixed(2)})`, ratios.newMap >= WANTED.newMap);
  require_(
    `new style at least ${WANTED.newStyle} x (${ratios.newStyle.toFixed(2)})`,
    ratios.newStyle >= WANTED.newStyle,
  );
  ratios.convs.forEach((r, i) =>
    require_(`conv ${convName(PEER_CONVS[i])} at least ${WANTED.conv} x (${r.toFixed(2)})`, r >= WANTED.conv),
  );
}
if (jsonAt >= 0) {
  const path = argv[jsonAt + 1];
  mkdirSync(dirname(path), { recursive: true });
  const result = {
    ...machine(device),
    roofline,
    map: MAP,
    difference,
    saturated,
    ort: spread(ortMs),
    ortCpu: spread(cpuMs),
    newMap: spread(total),
    newStyle: spread(styles),
    tables: spread(tables),
    convs,
    every,
    ratios,
    failures,
  };
  writeFileSync(path, JSON.stringify(result, null, 1));
}
console.log(
  failures.length
    ? `\nFAILED: ${failures.join("; ")}`
    : `\nall hold (${((performance.now() - started) / 1e3).toFixed(0)} s)`,
);
device.dispose();
process.exit(failures.length ? 1 : 0);
