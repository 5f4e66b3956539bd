// One visit of the studio: a page with an empty profile, a net, its strokes as a mouse paints them.

import type { CDPSession, Page } from "playwright-core";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { record, type Recording } from "./recorder.ts";
import { RATE, type Stroke } from "./strokes.ts";

/** After the picture of the stroke before: a quick hand. */
const HASTY_MS = 250;
/** Of a rested page. */
const REST_MS = 1000;
const PASSES = 3;

export interface Visit {
  /** For each stroke, ms of full passes of the map before it and of the map after it, as many of both. */
  full: number[][];
  recordings: Recording[];
  adapter: string;
}

const upToDate = (page: Page): Promise<unknown> => page.waitForFunction(() => spadeStudio.upToDate.value);
export const thumbnails = (page: Page): Promise<unknown> =>
  page.waitForFunction(() => {
    const { all } = spadeStudio.thumbnails;
    return spadeStudio.styles.all.value.every(({ id }) => all.value.get(id)?.fresh);
  });

/** Opens a net with its first start map, paints its strokes. @param strokes of one net */
export async function visit(page: Page, address: string, strokes: readonly Stroke[]): Promise<Visit> {
  const { net } = strokes[0];
  await page.goto(address);
  await page.waitForFunction(() => globalThis.spadeStudio?.upToDate.value);
  if ((await page.evaluate(() => spadeStudio.net.value.id)) !== net) {
    await page.locator(".top select").selectOption(net);
    await page.waitForFunction((id) => spadeStudio.net.value.id === id && spadeStudio.upToDate.value, net);
  }
  const adapter = await page.evaluate(() => {
    const { vendor, architecture } = spadeStudio.engine.value.info.value!.adapter;
    return [vendor, architecture].filter(Boolean).join(" ");
  });
  await thumbnails(page);
  // The start map, and the map after each stroke.
  const maps: number[][] = [];
  const keepMap = async (): Promise<unknown> => maps.push(await page.evaluate(() => [...spadeStudio.doc.value.ids]));
  await keepMap();
  const recordings: Recording[] = [];
  const devtools = await page.context().newCDPSession(page);
  for (const stroke of strokes) {
    await upToDate(page);
    if (!stroke.hasty) await thumbnails(page);
    await sleep(stroke.hasty ? HASTY_MS : REST_MS);
    recordings.push(await paint(page, devtools, stroke));
    await keepMap();
  }
  // Afterwards: a hasty stroke is to find what the stroke before it left.
  const passes: number[][] = [];
  for (const map of maps) passes.push(await fullPasses(page, map));
  return { full: strokes.map((_, i) => [...passes[i], ...passes[i + 1]]), recordings, adapter };
}

/**
 * ms of the whole picture of a map, tables of all its windows included. A picture of one label before it makes the tables forget the map:
 * they keep at most twice the rows of the newest map.
 */
async function fullPasses(page: Page, map: readonly number[]): Promise<number[]> {
  await thumbnails(page);
  const passes = await page.evaluate(
    async ([map, count]) => {
      const { doc, pictures, engine } = spadeStudio;
      const picture = async (ids: Uint8Array): Promise<void> => {
        // Else the picture that is kept would be shown.
        pictures.clear();
        doc.value.replace(ids);
        // The studio asks in a microtask.
        await Promise.resolve();
        while (!spadeStudio.upToDate.value) await new Promise((done) => setTimeout(done, 5));
      };
      const passes: { ms: number; newWindows: number }[] = [];
      for (let i = 0; i < count; i++) {
        await picture(new Uint8Array(map.length).fill(map[0]));
        await picture(Uint8Array.from(map));
        const { total, newWindows, windows } = engine.value.stats.value!;
        passes.push({ ms: total, newWindows: newWindows / windows });
      }
      return passes;
    },
    [map, PASSES] as const,
  );
  for (const { newWindows } of passes)
    if (newWindows < 0.95) throw new Error(`a full pass found ${Math.round(100 * (1 - newWindows))} % of its tables`);
  return passes.map(({ ms }) => ms);
}

/** Paints a stroke with the mouse and waits for its picture. */
export async function paint(page: Page, devtools: CDPSession, stroke: Stroke): Promise<Recording> {
  const { label, size, seconds } = stroke;
  await page.evaluate(
    ({ label, size }) => {
      const { settings, net } = spadeStudio;
      settings.tool.value = "brush";
      settings.size.value = size;
      settings.take(net.value.labels.find(({ name }) => name === label)!.id);
    },
    { label, size },
  );
  const box = (await page.locator(".map-view").boundingBox())!;
  const sent: Promise<unknown>[] = [];
  const mouse = (type: "mousePressed" | "mouseMoved" | "mouseReleased", time: number): void => {
    const [x, y] = stroke.at(time);
    const buttons = type === "mouseReleased" ? 0 : 1;
    const place = { x: box.x + x * box.width, y: box.y + y * box.height };
    // Not awaited: the next position comes by the clock, whatever the page does.
    sent.push(devtools.send("Input.dispatchMouseEvent", { type, ...place, button: "left", buttons, clickCount: 1 }));
  };
  const [x, y] = stroke.at(0);
  await page.mouse.move(box.x + x * box.width, box.y + y * box.height);
  const end = await record(page);
  const steps = Math.round(seconds * RATE);
  const begun = performance.now();
  mouse("mousePressed", 0);
  for (let i = 1; i <= steps; i++) {
    await sleep(Math.max(0, begun + (i * 1000) / RATE - performance.now()));
    mouse("mouseMoved", i / steps);
  }
  mouse("mouseReleased", 1);
  await Promise.all(sent);
  await page.waitForFunction(() => spadeStudio.upToDate.value && !spadeStudio.doc.value.editing);
  // The picture is on the canvas once the page has rendered.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  return end();
}
