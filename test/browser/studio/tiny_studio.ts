// The studio with tiny nets, and what a person does there, for the tests of this folder's page.

import { createRequire } from "node:module";
import type { BrowserContext, BrowserContextOptions, CDPSession, Locator, Page } from "playwright-core";
import type { SiteNet } from "../../../src/studio/files/site.ts";
import type { Studio } from "../../../src/studio/studio.ts";
import type { Config } from "../../../src/models/config.ts";
import { encodePresets } from "../../../src/models/presets.ts";
import { seededGenerator } from "../../../src/models/weights/seeded.ts";
import { stateFile, vae } from "../../api/tiny.ts";
import type { Lab } from "../harness.ts";

declare global {
  /** Of src/studio/main.tsx. */
  var spadeStudio: Studio;
  /** Every line that was shown about what just happened, since the last that a test has heard. */
  var shownLines: string[];
}

/** A style of the tiny nets. */
export const z = (i: number): Float32Array => Float32Array.from({ length: 8 }, (_, k) => (k === i ? 3 : 0));
export const labels = ["sky", "tree", "road", "car"].map((name, id) => ({
  id,
  name,
  color: ["#88ccff", "#117733", "#444444", "#cc3311"][id],
}));
export const NET: SiteNet = {
  sha256: "a".repeat(64),
  id: "tiny",
  weights: "../tiny.safetensors",
  encoder: "../none.safetensors",
  bytes: 1,
  width: 64,
  height: 64,
  labels,
  dontCare: null,
  presets: ["mean", "red", "green"],
  style: "red",
  data: "nothing: its weights are random",
  source: "",
  licence: "",
};
/** Another, which knows "unknown". */
export const OTHER: SiteNet = {
  ...NET,
  id: "other",
  sha256: "b".repeat(64),
  weights: "../other.safetensors",
  dontCare: 4,
};

/** A tiny net with styles as a file. */
export function tinyNet(more: Partial<Config> = {}, names = labels): Promise<Uint8Array> {
  const config = { ...vae, contain_dontcare_label: false, no_instance: true, ...more };
  return stateFile(seededGenerator(config, 3, 1), {
    config: JSON.stringify(config),
    labels: JSON.stringify(names),
    styles: encodePresets(z(0), [z(1), z(2)], ["red", "green"]),
  });
}

/** Serves the page with these nets. */
export async function serveStudio({ server }: Lab, nets = [NET], more: object = {}): Promise<void> {
  server.put("/tiny.safetensors", await tinyNet());
  server.put("/other.safetensors", await tinyNet({ contain_dontcare_label: true }));
  server.put("/site/nets.json", JSON.stringify({ nets, segmenter: null, ...more }));
}

/** Opens the studio, and waits for its picture. */
export async function open(lab: Lab, options?: BrowserContextOptions): Promise<Page> {
  return visit(lab, await person(lab, options));
}

/** What a browser is on a phone. */
export const PHONE: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  hasTouch: true,
  isMobile: true,
};

type Touch = "touchStart" | "touchMove" | "touchEnd";

/** Puts fingers on places in the window, moves them, or lifts them all. */
export type Fingers = (type: Touch, ...points: [x: number, y: number][]) => Promise<unknown>;

/** Opens the studio on a phone. */
export async function openOnPhone(lab: Lab): Promise<{ page: Page; session: CDPSession; touch: Fingers }> {
  const page = await open(lab, PHONE);
  const session = await page.context().newCDPSession(page);
  const touch: Fingers = (type, ...points) =>
    session.send("Input.dispatchTouchEvent", { type, touchPoints: points.map(([x, y]) => ({ x, y })) });
  return { page, session, touch };
}

/** A person who was never here. The service worker, which fetches all files, works only where a test asks for it. */
export const person = (lab: Lab, options?: BrowserContextOptions): Promise<BrowserContext> =>
  lab.context({ viewport: { width: 1440, height: 900 }, serviceWorkers: "block", ...options });

/** Writes down what the page shows about what just happened: on a busy machine it is gone before a test looks. */
function noteLines(): void {
  globalThis.shownLines = [];
  let last = "";
  new MutationObserver(() => {
    const line = document.querySelector(".toast p")?.textContent ?? "";
    if (line && line !== last) shownLines.push(line);
    last = line;
  }).observe(document, { subtree: true, childList: true, characterData: true });
}

/** Opens it in a context. @param hash of its address */
export async function visit(lab: Lab, context: BrowserContext, hash = ""): Promise<Page> {
  const page = await context.newPage();
  await page.addInitScript(noteLines);
  page.setDefaultTimeout(120_000);
  page.on("pageerror", (error) => console.error(`page: ${error.message}`));
  await page.goto(`${lab.server.origin}/site/index.html${hash}`);
  await upToDate(page);
  return page;
}

/** Until the picture is of the map and the style that are there. */
export const upToDate = (page: Page): Promise<unknown> =>
  page.waitForFunction(() => globalThis.spadeStudio?.upToDate.value);

/** The id at a pixel of the map. */
export const idAt = (page: Page, x: number, y: number): Promise<number> =>
  page.evaluate(([x, y]) => spadeStudio.doc.value.ids[y * 64 + x], [x, y]);
export const idsOf = (page: Page): Promise<number[]> => page.evaluate(() => [...spadeStudio.doc.value.ids]);
/** A hash of the shown picture. */
export const shown = (page: Page): Promise<number> =>
  page.evaluate(() => spadeStudio.shown.value!.image.data.reduce((h, v) => (Math.imul(h, 31) + v) | 0, 7));

/** Where a pixel of the map is in the window. */
export async function place(page: Page, x: number, y: number): Promise<[number, number]> {
  const box = (await page.locator(".map-view").boundingBox())!;
  return [box.x + ((x + 0.5) * box.width) / 64, box.y + ((y + 0.5) * box.height) / 64];
}
export async function stroke(page: Page, from: [number, number], to: [number, number], steps = 6): Promise<void> {
  await page.mouse.move(...(await place(page, ...from)));
  await page.mouse.down();
  await page.mouse.move(...(await place(page, ...to)), { steps });
  await page.mouse.up();
}
export const take = (page: Page, label: string): Promise<void> =>
  page.locator(".labels .take", { hasText: label }).click();
export const button = (page: Page, name: string | RegExp): Locator => page.getByRole("button", { name });
/** Waits for a line about what just happened, whether it still is there or not, and lets it and those before it go. */
export async function hear(page: Page, text: string): Promise<string> {
  const line = await page.waitForFunction((part) => {
    const at = shownLines.findIndex((shown) => shown.toLowerCase().includes(part));
    return at < 0 ? undefined : shownLines.splice(0, at + 1).at(-1);
  }, text.toLowerCase());
  await page.evaluate(() => spadeStudio.say(""));
  return (await line.jsonValue())!;
}

/** What axe finds wrong with a page for those who can't see it or use a mouse. */
export async function violations(page: Page): Promise<string[]> {
  await page.addScriptTag({ path: createRequire(import.meta.url).resolve("axe-core/axe.min.js") });
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
    };
    return (await axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 200)}`);
  });
}

/** Drops a file on the page, as a person does. */
export async function drop(page: Page, name: string, bytes: Uint8Array): Promise<void> {
  await page.evaluate(
    ([name, base64]) => {
      const file = new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], name);
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(file);
      for (const type of ["dragenter", "dragover", "drop"])
        document
          .querySelector(".map-view")!
          .dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
    },
    [name, Buffer.from(bytes).toString("base64")],
  );
}

/** What a click downloads. */
export async function downloaded(page: Page, click: () => Promise<unknown>): Promise<{ name: string; bytes: Buffer }> {
  const [download] = await Promise.all([page.waitForEvent("download"), click()]);
  const parts: Buffer[] = [];
  for await (const part of await download.createReadStream()) parts.push(part as Buffer);
  return { name: download.suggestedFilename(), bytes: Buffer.concat(parts) };
}
