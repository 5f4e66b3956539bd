// The map of the studio, worked as a person works it.

import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { describePage, type Lab } from "./harness.ts";
import type {} from "./studio/map_page.ts";

const [WIDTH, HEIGHT, SCALE] = [32, 24, 10];
/** Where the view is on the page. */
const [LEFT, TOP] = [50, 40];

async function bundle(lab: Lab): Promise<void> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("studio/map_page.ts", import.meta.url))],
    bundle: true,
    format: "esm",
    outdir: "/studio",
    write: false,
  });
  for (const { path, contents } of outputFiles) lab.server.put(path, contents);
  lab.server.put(
    "/studio/map.html",
    `<!doctype html><meta charset="utf-8"><title>map</title><link rel="stylesheet" href="/studio/map_page.css">
<style>body { margin: ${TOP}px ${LEFT}px; height: 2000px }</style><div id="app"></div>
<script type="module" src="/studio/map_page.js"></script>`,
  );
}

async function open(lab: Lab, options: { touch?: boolean; ratio?: number } = {}): Promise<Page> {
  const context = await lab.context({ hasTouch: options.touch, deviceScaleFactor: options.ratio });
  const page = await context.newPage();
  page.on("pageerror", (error) => console.error(`page: ${error.message}`));
  await page.goto(`${lab.server.origin}/studio/map.html`);
  await page.waitForFunction("window.start !== undefined");
  await page.evaluate(([w, h, s]) => window.start(w, h, s), [WIDTH, HEIGHT, SCALE]);
  await page.waitForSelector(".map-view");
  return page;
}

/** The middle of a map pixel, on the page, at zoom 1. */
const on = (x: number, y: number): [number, number] => [LEFT + (x + 0.5) * SCALE, TOP + (y + 0.5) * SCALE];

const ids = (page: Page): Promise<number[]> => page.evaluate(() => [...window.studio.doc.value.ids]);

/** The map's pixels of a label, as "x,y". */
const pixels = async (page: Page, label: number): Promise<string[]> =>
  (await ids(page)).flatMap((id, p) => (id === label ? [`${p % WIDTH},${Math.floor(p / WIDTH)}`] : []));

const box = (x0: number, y0: number, x1: number, y1: number): string[] => {
  const places: string[] = [];
  for (let y = y0; y < y1; y++) for (let x = x0; x < x1; x++) places.push(`${x},${y}`);
  return places;
};

interface Choice {
  tool?: "brush" | "fill" | "line" | "rectangle" | "picker";
  shape?: "round" | "square" | "diamond";
  size?: number;
  label?: number;
  locked?: number[];
}
const choose = (page: Page, choice: Choice): Promise<void> =>
  page.evaluate(({ locked, ...plain }) => {
    const { settings } = window.studio;
    for (const [name, value] of Object.entries(plain)) (settings[name as "size"] as { value: unknown }).value = value;
    if (locked) settings.locked.value = new Set(locked);
  }, choice);

/** The map's pixels over which the overlay is tinted, at zoom 1, after the next frame. */
const tinted = (page: Page): Promise<string[]> =>
  page.evaluate(
    ([width, height]) =>
      new Promise<string[]>((done) =>
        requestAnimationFrame(() =>
          requestAnimationFrame(() => {
            const canvas = document.querySelector<HTMLCanvasElement>(".map-view-overlay")!;
            const context = canvas.getContext("2d")!;
            const found: string[] = [];
            for (let y = 0; y < height; y++)
              for (let x = 0; x < width; x++) {
                const at = [(x + 0.5) * (canvas.width / width), (y + 0.5) * (canvas.height / height)].map(Math.floor);
                if (context.getImageData(at[0], at[1], 1, 1).data[3]) found.push(`${x},${y}`);
              }
            done(found);
          }),
        ),
      ),
    [WIDTH, HEIGHT],
  );

describePage(
  "the studio's map",
  (lab) => {
    beforeAll(() => bundle(lab));

    test("a stroke paints without gaps, however fast, as one step of undo", async () => {
      const page = await open(lab);
      const before = await ids(page);
      await choose(page, { size: 1, label: 3 });
      await page.mouse.move(...on(1, 10));
      await page.mouse.down();
      await page.mouse.move(...on(30, 12));
      await page.mouse.move(...on(30, 23));
      await page.mouse.up();
      const painted = (await pixels(page, 3)).filter((p) => !box(20, 4, 24, 8).includes(p));
      expect(new Set(painted.map((p) => p.split(",")[0])).size).toBe(30);
      expect(painted).toEqual(expect.arrayContaining(["1,10", ...box(30, 12, 31, 24)]));
      expect(painted.length).toBe(30 + 11);
      const after = await ids(page);
      await page.keyboard.press("Control+z");
      expect(await ids(page)).toEqual(before);
      await page.keyboard.press("Control+Shift+z");
      expect(await ids(page)).toEqual(after);
      await page.keyboard.press("Control+z");
      await page.keyboard.press("Control+y");
      expect(await ids(page)).toEqual(after);
    });

    test("the cursor is exactly what a click sets, of each shape and size", async () => {
      const page = await open(lab);
      for (const [shape, size] of [
        ["round", 7],
        ["square", 4],
        ["diamond", 5],
        ["round", 10],
      ] as const) {
        await choose(page, { shape, size, label: 2 });
        await page.evaluate(() => window.studio.doc.value.replace(new Uint8Array(32 * 24)));
        await page.mouse.move(LEFT + 123, TOP + 117);
        const cursor = await tinted(page);
        await page.mouse.down();
        await page.mouse.up();
        expect(cursor.length).toBeGreaterThan(9);
        expect(await pixels(page, 2)).toEqual(cursor);
      }
    });
  },
  "swiftshader",
);
