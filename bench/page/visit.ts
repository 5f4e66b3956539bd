// One visit: a new Chromium with an empty profile, a page, an engine.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createRequire } from "node:module";
import { gzipSync } from "node:zlib";
import { launch, type Adapter } from "../browser/launch.ts";
import { ISOLATED, TestServer } from "../browser/server.ts";
import { root } from "../lib/maps.ts";
import { publishedWeights } from "../../src/formats/packaged.ts";
import { WEIGHTS, type Inputs } from "./inputs.ts";

export const ENGINES = ["ours", "webgpu", "wasm"] as const;
export type Engine = (typeof ENGINES)[number];

export interface Visit {
  /** ms from import(): its end, the session's opening, the first picture on a canvas. */
  times: { import: number; open: number; first: number };
  /** ms: the longest task on the page's thread until the first picture; 0: none of 50 ms or more. */
  longest: number;
  /** ms of each new style and each edit. */
  style: number[];
  edit: number[];
  /** RGBA of the first picture. */
  pixels: number[];
  /** Bytes of the engine's GPU buffers after the first picture, and at most until the session was open. */
  gpu: number;
  gpuLoading: number;
  /**
   * Most bytes of the JavaScript heap, array buffers included, over those of the page without an engine, until the first picture;
   * undefined if not measured. Read every 100 ms when the page's thread answers: at least so much, for an engine that keeps it busy.
   */
  heap: number | undefined;
  /** Bytes of the engine's code after gzip -9, and of its weights. */
  code: number;
  weights: number;
}

const PAGE = "/page/page.html";
const ONNX = "/street.onnx";

export async function startServer({ onnx }: Inputs): Promise<TestServer> {
  const folders = {
    dist: join(root, "dist"),
    page: join(root, "bench", "page"),
    ort: dirname(createRequire(import.meta.url).resolve("onnxruntime-web/webgpu")),
  };
  const server = await TestServer.start(folders, ISOLATED);
  // From memory and without ETags, which cost time to compute.
  server.put(ONNX, onnx, { etag: false });
  server.put(`/${WEIGHTS}`, readFileSync(publishedWeights(WEIGHTS)), { etag: false });
  return server;
}

/** Chromium starts a further process for the next page, which takes as much of two cores as our loading does for a quarter of a second. */
const SETTLE_MS = 1000;

/** How many styles and edits are timed. */
export interface Counts {
  styles: number;
  edits: number;
}

export interface VisitOptions {
  counts: Counts;
  /** Folder of the driver's cache of compiled shaders; empty for a first visit on a new machine. */
  shaders: string;
  /** Watch the heap, which costs a little time. */
  heap: boolean;
}

export async function visit(
  server: TestServer,
  inputs: Inputs,
  engine: Engine,
  adapter: Adapter,
  { counts, shaders, heap }: VisitOptions,
): Promise<Visit> {
  const browser = await launch(adapter, { MESA_SHADER_CACHE_DIR: shaders });
  try {
    const page = await (await browser.newContext()).newPage();
    page.setDefaultTimeout(0);
    await page.goto(server.origin + PAGE);
    await page.waitForFunction("window.measure !== undefined");
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const devtools = await page.context().newCDPSession(page);
    const heapNow = async (): Promise<number> => {
      const { usedSize, backingStorageSize } = await devtools.send("Runtime.getHeapUsage");
      return usedSize + (backingStorageSize ?? 0);
    };
    await devtools.send("HeapProfiler.collectGarbage");
    const before = await heapNow();
    server.forgetVisits();
    const model = engine === "ours" ? `/${WEIGHTS}` : ONNX;
    const { classes } = inputs;
    const maps = [inputs.map, ...inputs.edits(counts.edits)];
    const options = { engine, model, classes, maps, styles: inputs.styles(1 + counts.styles) };
    let done = false;
    const measuring = page
      .evaluate(`window.measure(${JSON.stringify(options)})`)
      .finally(() => (done = true)) as Promise<Omit<Visit, "heap" | "code" | "weights">>;
    measuring.catch(() => undefined);
    let most = before;
    while (heap && !done && !(await page.evaluate("window.loaded === true"))) {
      most = Math.max(most, await heapNow());
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const measured = await measuring;
    const code = server
      .visited()
      .filter((path) => /^\/(dist|ort)\//.test(path))
      .reduce((sum, path) => sum + gzipSync(server.contents(path), { level: 9 }).length, 0);
    return { ...measured, heap: heap ? most - before : undefined, code, weights: server.sent(model) };
  } finally {
    await browser.close();
  }
}
