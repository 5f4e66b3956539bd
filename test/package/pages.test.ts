// Pages that use the installed package: what bundlers make of it, and that each page paints.

import { readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { TestServer } from "../../bench/browser/server.ts";
import { createLabeler } from "../../src/labeler_node.ts";
import { createSpade } from "../../src/node.ts";
import { pilBilinearResize } from "../../src/pictures/pil_bilinear.ts";
import { plain, stripes, weights } from "../api/tiny.ts";
import { describePage } from "../browser/harness.ts";
import { rgba, valley } from "../segmenting/drawn.ts";
import { smallSegmenter } from "../segmenting/small.ts";
import { APPS, builtPages, codeOf, type App } from "./apps.ts";
import { pack, scratch } from "./packed.ts";

let dir: string;
let pages: Record<App, string>;
beforeAll(async () => {
  dir = await scratch();
  pages = await builtPages(dir, pack(dir));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** The files of a built page, index.html left out. */
const filesOf = (app: App): string[] =>
  readdirSync(pages[app], { recursive: true, encoding: "utf8" }).filter(
    (name) => /\.\w+$/.test(name) && name !== "index.html",
  );

/** A shader that every painter runs. */
const OURS = /fn main\(.*modulate|modulate.*fn main\(/s;

test.each(["vite", "esbuild"] as const)("%s makes one chunk of the page and the package", (app) => {
  const files = filesOf(app);
  expect(files.length, files.join()).toBe(1);
  const code = codeOf(join(pages[app], files[0]));
  expect(OURS.test(code)).toBe(true);
  expect(code.length).toBeLessThan(180_000);
});

test("vite makes a page of a worker and its starter, and puts the package into the worker alone", () => {
  const files = filesOf("vite-worker");
  expect(files.length, files.join()).toBe(2);
  const holds = files.filter((name) => OURS.test(codeOf(join(pages["vite-worker"], name))));
  expect(holds.map((name) => /worker/.test(name))).toEqual([true]);
});

test("vite finds the worker's scripts of spade-webgpu/worker, and puts the engine into these alone", () => {
  const files = filesOf("vite-own-worker");
  // The page's own; the worker's, with SPADE's generator and with all.
  expect(files.length, files.join()).toBe(3);
  const holds = files.filter((name) => OURS.test(codeOf(join(pages["vite-own-worker"], name))));
  expect(holds.map((name) => /(worker|pix2pixhd)_engine/.exec(name)?.[1]).sort()).toEqual(["pix2pixhd", "worker"]);
});

test("vite finds the worker's script of spade-webgpu/labeler-worker, and puts the engine into it alone", () => {
  const files = filesOf("vite-labeler");
  expect(files.length, files.join()).toBe(2);
  const holds = files.filter((name) =>
    /fn main\(.*depthwise|depthwise.*fn main\(/s.test(codeOf(join(pages["vite-labeler"], name))),
  );
  expect(holds.map((name) => /labeler_engine/.test(name))).toEqual([true]);
});

test("vite gives a page of the element one engine, and reads maps in a chunk of its own", () => {
  const files = filesOf("vite-element");
  const holds = files.filter((name) => OURS.test(codeOf(join(pages["vite-element"], name))));
  expect(holds.length).toBe(1);
  expect(files.length, files.join()).toBeGreaterThan(1);
});

describePage("each page", (lab) => {
  test.each(APPS)("%s paints the picture that Node paints", async (app) => {
    const net = await weights(plain);
    const map = stripes(64, 64, 4);
    const spade = await createSpade({ weights: net, dtype: "f32" });
    const inNode = (await spade.generate(map)).data;
    spade.dispose();

    const server = await TestServer.start({ page: pages[app] });
    try {
      server.put("/tiny.safetensors", net);
      const page = await (await lab.context()).newPage();
      await page.goto(`${server.origin}/page/index.html`);
      await page.waitForFunction("window.paint !== undefined");
      const job = { weights: `${server.origin}/tiny.safetensors`, map: { ...map, data: [...map.data] } };
      const pixels = await page.evaluate(
        (job) => (window as unknown as { paint(job: unknown): Promise<number[]> }).paint(job),
        job,
      );
      expect(Buffer.from(pixels).equals(Buffer.from(inNode))).toBe(true);
    } finally {
      await server.close();
    }
  });

  test("and the labeler's labels a photo as Node does", async () => {
    const net = smallSegmenter();
    const photo = rgba(pilBilinearResize(valley(), 60, 40));
    const to = { labels: [{ id: 3, name: "sky" }], width: 30, height: 20 };
    const labeler = await createLabeler({ weights: net });
    const inNode = [...(await labeler.label(photo, to)).data];
    labeler.dispose();
    expect(new Set(inNode)).toEqual(new Set([3, 255]));

    const server = await TestServer.start({ page: pages["vite-labeler"] });
    try {
      server.put("/small.safetensors", net);
      const page = await (await lab.context()).newPage();
      await page.goto(`${server.origin}/page/index.html`);
      await page.waitForFunction("window.label !== undefined");
      const job = { weights: `${server.origin}/small.safetensors`, photo: { ...photo, data: [...photo.data] }, to };
      const ids = await page.evaluate(
        (job) => (window as unknown as { label(job: unknown): Promise<number[]> }).label(job),
        job,
      );
      expect(ids).toEqual(inNode);
    } finally {
      await server.close();
    }
  });
});
