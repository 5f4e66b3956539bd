// npm run bench:labeler [-- --quick] [--json FILE]: label() in a page beside ONNX Runtime web's WebAssembly provider with the same net, Chromium
// on lavapipe, in one run, taking turns. Once in a page that is isolated from other origins, where WebAssembly has threads, and once in one that
// is not. Measured for both: a photo of the net's size to a map of 256x256. Fails if the classes of more than 1 in 1,000 cells differ, or if
// label() holds the page's thread for 50 ms.

import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import type { Page } from "playwright-core";
import { publishedWeights } from "../src/formats/packaged.ts";
import { adapterVersion, chromiumVersion, launch, missing } from "./browser/launch.ts";
import { ISOLATED, TestServer } from "./browser/server.ts";
import { root } from "./lib/maps.ts";
import { commit, spread } from "./lib/measure.ts";
import { segmenterOnnx } from "./lib/segmenter_onnx.ts";

const WANTED = { equal: 0.999, task: 50 };
const FILE = "ade20k_segmenter.safetensors";
/** A photo of a phone, and a small one. */
const PHOTOS = [
  [4000, 3000],
  [640, 480],
];
/** ONNX Runtime's threads wait busily for a while after a run. */
const PAUSE_MS = 300;
const argv = process.argv.slice(2);
const rounds = argv.includes("--quick") ? 3 : 9;

const lacks = missing();
if (lacks.length) {
  console.error(`bench:labeler needs ${lacks.join(" and ")}: npm run test:browser says how to install them`);
  process.exit(1);
}
const onnx = await segmenterOnnx(publishedWeights(FILE));
const folders = {
  dist: join(root, "dist"),
  page: join(root, "bench", "labeler_page"),
  ort: dirname(createRequire(import.meta.url).resolve("onnxruntime-web/webgpu")),
};

type Engine = "ours" | "ort";
interface Opened {
  opened: number;
  first: number;
  threads?: number;
}
interface Visit {
  isolated: boolean;
  threads: number;
  opened: Record<Engine, Opened>;
  turns: Record<Engine, ReturnType<typeof spread>>;
  /** The share of cells with equal classes. */
  equal: number;
  photos: { width: number; height: number; ms: number; longest: number }[];
}

const run = <T>(page: Page, call: string): Promise<T> => page.evaluate(`window.${call}`);

/** @param threads of ONNX Runtime; 0: as it chooses */
async function visit(isolated: boolean, threads: number): Promise<Visit> {
  const server = await TestServer.start(folders, isolated ? ISOLATED : {});
  server.put("/segmenter.onnx", onnx);
  server.put(`/${FILE}`, readFileSync(publishedWeights(FILE)));
  const browser = await launch("lavapipe");
  try {
    const page = await (await browser.newContext()).newPage();
    page.setDefaultTimeout(0);
    await page.goto(`${server.origin}/page/page.html`);
    await page.waitForFunction("window.turn !== undefined");
    const ours = await run<Opened>(page, `openOurs("/${FILE}")`);
    const photos = [];
    for (const [width, height] of PHOTOS)
      photos.push({
        width,
        height,
        ...(await run<{ ms: number; longest: number }>(page, `label(${width}, ${height})`)),
      });
    const ort = await run<Opened>(page, `openOrt("/segmenter.onnx", ${threads})`);
    const [cells, others] = [await run<number[]>(page, 'cells("ours")'), await run<number[]>(page, 'cells("ort")')];
    const equal = cells.filter((c, p) => c === others[p]).length / others.length;
    const times: Record<Engine, number[]> = { ours: [], ort: [] };
    for (let i = 0; i < rounds; i++)
      for (const engine of ["ours", "ort"] as const) {
        await new Promise((done) => setTimeout(done, PAUSE_MS));
        times[engine].push(await run<number>(page, `turn("${engine}")`));
      }
    return {
      isolated: await page.evaluate(() => crossOriginIsolated),
      threads: ort.threads!,
      opened: { ours, ort },
      turns: { ours: spread(times.ours), ort: spread(times.ort) },
      equal,
      photos,
    };
  } finally {
    await browser.close();
    await server.close();
  }
}

const visits = [await visit(true, availableParallelism()), await visit(false, 0)];
const ms = (value: number): string => `${value.toFixed(0)} ms`;
const range = ({ median, min, max }: ReturnType<typeof spread>): string => `${ms(median)} (${ms(min)} to ${ms(max)})`;
console.log(`Chromium ${chromiumVersion()} on ${adapterVersion("lavapipe")}, medians of ${rounds}`);
const failures: string[] = [];
for (const { isolated, threads, opened, turns, equal, photos } of visits) {
  const ratio = turns.ort.median / turns.ours.median;
  console.log(
    [
      `\ncrossOriginIsolated ${isolated}: ONNX Runtime wasm with ${threads} thread${threads === 1 ? "" : "s"}`,
      `  photo 513x513 to map 256x256   ours ${range(turns.ours)}   wasm ${range(turns.ort)}   wasm / ours ${ratio.toFixed(2)}`,
      `  import to open                 ours ${ms(opened.ours.opened)}   wasm ${ms(opened.ort.opened)}`,
      `  import to first map            ours ${ms(opened.ours.first)}   wasm ${ms(opened.ort.first)}`,
      `  classes equal on ${(100 * equal).toFixed(3)} % of the cells`,
      ...photos.map(
        (p) =>
          `  JPEG ${p.width}x${p.height}: ${ms(p.ms)}, longest task ${p.longest ? ms(p.longest) : `under ${WANTED.task} ms`}`,
      ),
    ].join("\n"),
  );
  if (equal < WANTED.equal) failures.push(`classes equal on ${100 * equal} % of the cells`);
  for (const { longest } of photos) if (longest >= WANTED.task) failures.push(`a task of ${ms(longest)}`);
}

const jsonAt = argv.indexOf("--json");
if (jsonAt >= 0) {
  const about = { adapter: adapterVersion("lavapipe"), chromium: chromiumVersion(), node: process.version };
  writeFileSync(argv[jsonAt + 1], JSON.stringify({ ...about, commit: commit(), rounds, visits, failures }, null, 1));
}
if (failures.length) console.log(`\nFAILED: ${failures.join("; ")}`);
process.exit(failures.length ? 1 : 0);
