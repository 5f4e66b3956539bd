// npm run bench -- memory [--turns N] [--quick] [--json FILE]: how the process's memory grows when a Spade is created and disposed,
// compared with bare Dawn. Each kind runs in a separate process, which collects garbage after every turn:
//
//   ours     createSpade, a picture, dispose
//   bare     none of our code: requestDevice; the shader modules, layouts, pipelines, buffers and bind groups of `ours`, created
//            again from a recording; every pipeline run once with one workgroup; device.destroy()
//   device   our openNodeDevice() and dispose() alone
//
// The growth of `bare` is Dawn's and the driver's; what `ours` adds to it is this engine's.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { dawn, openNodeDevice } from "../src/node/dawn.ts";
import { createSpade } from "../src/node.ts";
import { median } from "./lib/measure.ts";
import { Recorder, replay, type Recording } from "./lib/recording.ts";
import { tinyWeights, TINY } from "./lib/tiny.ts";

const KINDS = ["ours", "bare", "device"] as const;
type Kind = (typeof KINDS)[number];

interface Turn {
  /** Bytes after the turn. */
  rss: number;
  heap: number;
  external: number;
}

const argv = process.argv.slice(2);
const after = (flag: string): string | undefined => (argv.includes(flag) ? argv[argv.indexOf(flag) + 1] : undefined);
const turns = Number(after("--turns") ?? (argv.includes("--quick") ? 8 : 24));
/** Turns that are not counted: code is compiled, pools and caches are filled. */
const WARM = 4;

async function settle(): Promise<Turn> {
  // Twice, with the event loop running between: finalizers may release more objects.
  for (let i = 0; i < 2; i++) {
    (globalThis as { gc?: () => void }).gc!();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, heap: heapUsed, external };
}

async function paintOnce(weights: Uint8Array, device?: GPUDevice): Promise<void> {
  const spade = await createSpade({ weights, device });
  spade.addEventListener("notice", () => undefined);
  const { width, height } = spade.info;
  await spade.generate({ width, height, data: Uint8Array.from({ length: width * height }, (_, i) => (i >> 3) & 3) });
  spade.dispose();
}

async function turnsOf(kind: Kind, file: string): Promise<Turn[]> {
  const weights = await tinyWeights();
  const recording = kind === "bare" ? (JSON.parse(readFileSync(file, "utf8")) as Recording) : undefined;
  const out: Turn[] = [];
  for (let i = 0; i < WARM + turns; i++) {
    if (kind === "ours") await paintOnce(weights);
    else if (kind === "bare") await replay(await dawn(), recording!);
    else (await openNodeDevice()).dispose();
    out.push(await settle());
  }
  return out;
}

async function record(file: string): Promise<void> {
  const device = await openNodeDevice();
  const recorder = new Recorder(device.gpu);
  await paintOnce(await tinyWeights(), device.gpu);
  writeFileSync(file, JSON.stringify(recorder.recording));
  device.dispose();
}

function child(what: string, file: string): string {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--expose-gc", fileURLToPath(import.meta.url), "--child", what, "--turns", String(turns), "--file", file],
    { maxBuffer: 2 ** 26 },
  );
  if (status !== 0) {
    process.stderr.write(stderr);
    process.exit(status ?? 1);
  }
  return stdout.toString();
}

/** Median growth of a turn after the warm-up, and the whole growth divided by the turns. */
function growth(values: readonly number[]): { median: number; mean: number } {
  const counted = values.slice(WARM - 1);
  const steps = counted.slice(1).map((v, i) => v - counted[i]);
  return { median: median(steps), mean: (counted[counted.length - 1] - counted[0]) / steps.length };
}

function compare(): void {
  const folder = mkdtempSync(join(tmpdir(), "spade-memory-"));
  const file = join(folder, "recording.json");
  try {
    child("record", file);
    const { pipelines, buffers, adapter } = JSON.parse(readFileSync(file, "utf8")) as Recording;
    console.log(
      `${adapter}\nngf ${TINY.ngf}, ${TINY.crop_size}x${TINY.crop_size}: ${pipelines.length} pipelines, ${buffers.length} buffers a turn; ${turns} turns after ${WARM}\n`,
    );
    console.log("growth a turn      RSS, MB (median)    JS heap, kB (median)");
    const rows: Record<string, unknown>[] = [];
    for (const kind of KINDS) {
      const all = JSON.parse(child(kind, file)) as Turn[];
      const rss = growth(all.map((t) => t.rss));
      const heap = growth(all.map((t) => t.heap + t.external));
      rows.push({ kind, rss, heap, turns: all });
      const two = (g: typeof rss, unit: number): string =>
        `${(g.mean / unit).toFixed(2).padStart(9)} ${`(${(g.median / unit).toFixed(2)})`.padStart(9)}`;
      console.log(`  ${kind.padEnd(9)} ${two(rss, 2 ** 20)}     ${two(heap, 2 ** 10)}`);
    }
    const json = after("--json");
    if (json)
      writeFileSync(json, JSON.stringify({ adapter, config: TINY, pipelines: pipelines.length, rows }, null, 1));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const what = after("--child");
if (!what) compare();
else {
  const file = after("--file")!;
  if (what === "record") await record(file);
  else writeFileSync(1, JSON.stringify(await turnsOf(what as Kind, file)));
  process.exit(0);
}
