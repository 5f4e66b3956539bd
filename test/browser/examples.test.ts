// Every folder of examples/: it opens without errors, fits a phone, shows a picture, and does what it is an example of.

import { readdirSync } from "node:fs";
import { encode, decode } from "fast-png";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { describePage, type Lab } from "./harness.ts";

const FOLDER = new URL("../../examples/", import.meta.url);
/** train_example.test.ts has the training. */
const names = readdirSync(FOLDER, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() && entry.name !== "training" ? entry.name : [],
);

const PATIENCE = { timeout: 20_000 };

declare global {
  interface Window {
    /** Textures that the page made to draw pictures on, newest last. */
    drawn: { device: GPUDevice; texture: GPUTexture }[];
  }
}

/** Lets a test read the textures of a page. */
const READABLE = `
window.drawn = [];
const { createTexture } = GPUDevice.prototype;
GPUDevice.prototype.createTexture = function (d) {
  const texture = createTexture.call(this, { ...d, usage: d.usage | GPUTextureUsage.COPY_SRC });
  if (d.usage & GPUTextureUsage.TEXTURE_BINDING) drawn.push({ device: this, texture });
  return texture;
};`;

interface Opened {
  page: Page;
  /** Errors of the page, its console and its requests. */
  problems: string[];
}

async function open(lab: Lab, name: string): Promise<Opened> {
  const context = await lab.context({ viewport: { width: 390, height: 844 }, hasTouch: true });
  const page = await context.newPage();
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  page.on("requestfailed", (request) => {
    const { errorText } = request.failure()!;
    // The package ends requests itself, when it has read what it needs of a file's beginning.
    if (errorText !== "net::ERR_ABORTED") problems.push(`${request.url()}: ${errorText}`);
  });
  page.on("response", (answer) => answer.status() >= 400 && problems.push(`${answer.url()}: ${answer.status()}`));
  await page.addInitScript(READABLE);
  await page.goto(`${lab.server.origin}/examples/${name}/index.html`);
  await ready(page);
  return { page, problems };
}

/** Waits for the end of loading. An error's words are in the message of the assertion. */
async function ready(page: Page): Promise<void> {
  await page.waitForFunction("['ready', 'error'].includes(document.body.dataset.state)");
  const state = await page.evaluate(
    () => `${document.body.dataset.state}: ${document.querySelector("#message")?.textContent}`,
  );
  expect(state).toMatch(/^ready: /);
}

/** Green of the page's pictures, 64 x 48 each: of its textures, if it has any, else of its canvases and elements. */
const pictures = (page: Page): Promise<number[][]> =>
  page.evaluate(async () => {
    const green = (data: ArrayLike<number>): number[] => Array.from(data).filter((_, i) => i % 4 === 1);
    const last = window.drawn.at(-1);
    if (last) {
      const { device, texture } = last;
      const { width, height } = texture;
      const usage = GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ;
      const buffer = device.createBuffer({ size: 4 * width * height, usage });
      const encoder = device.createCommandEncoder();
      encoder.copyTextureToBuffer({ texture }, { buffer, bytesPerRow: 4 * width }, [width, height]);
      device.queue.submit([encoder.finish()]);
      await buffer.mapAsync(GPUMapMode.READ);
      return [green(new Uint8Array(buffer.getMappedRange()))];
    }
    return [...document.querySelectorAll("#picture, spade-canvas")].map((element) => {
      const canvas = (element.shadowRoot?.querySelector("canvas") ?? element) as HTMLCanvasElement;
      const context = new OffscreenCanvas(64, 48).getContext("2d")!;
      context.drawImage(canvas, 0, 0, 64, 48);
      return green(context.getImageData(0, 0, 64, 48).data);
    });
  });

/** How far values are from their mean, on the whole. */
function spread(values: readonly number[]): number {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  return Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length);
}

async function expectPictures(page: Page): Promise<void> {
  const shown = await pictures(page);
  expect(shown.length).toBeGreaterThan(0);
  for (const picture of shown) expect(spread(picture)).toBeGreaterThan(15);
}

/** Acts, and waits until every picture of the page is another. */
async function changes(page: Page, act: () => Promise<unknown>): Promise<void> {
  const before = await pictures(page);
  await act();
  const same = async (): Promise<number> => {
    const now = await pictures(page);
    return now.filter((picture, i) => String(picture) === String(before[i])).length;
  };
  await expect.poll(same, PATIENCE).toBe(0);
  await expectPictures(page);
}

const slide = (page: Page, selector: string, value: string): Promise<void> => page.locator(selector).fill(value);

/** A touch that moves over an element. */
async function touch(page: Page, selector: string): Promise<void> {
  const { x, y, width, height } = (await page.locator(selector).boundingBox())!;
  const session = await page.context().newCDPSession(page);
  const at = (t: number) => [{ x: x + t * width, y: y + t * height }];
  await session.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: at(0.2) });
  for (const t of [0.4, 0.6, 0.8])
    await session.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: at(t) });
  await session.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
}

/** A photo: plain orange. */
const photo = (): Buffer => {
  const data = Uint8Array.from({ length: 3 * 60 * 40 }, (_, i) => [250, 140, 20][i % 3]);
  return Buffer.from(encode({ width: 60, height: 40, channels: 3, data }));
};

/** What each example is for. */
const USES: Record<string, (page: Page) => Promise<void>> = {
  "four-lines": async (page) => expect(await page.textContent("#message")).toMatch(/^Painted in \d+ ms/),

  progress: (page) => changes(page, () => slide(page, "#style", "3.5")),

  async live(page) {
    const { x, y, width, height } = (await page.locator("#map").boundingBox())!;
    await changes(page, async () => {
      await page.getByLabel("car").check();
      await page.mouse.move(x + 0.2 * width, y + 0.9 * height);
      await page.mouse.down();
      await page.mouse.move(x + 0.8 * width, y + 0.8 * height, { steps: 5 });
      await page.mouse.up();
    });
    const scrolled = await page.evaluate(() => scrollY);
    await changes(page, () => touch(page, "#map"));
    expect(await page.evaluate(() => scrollY)).toBe(scrolled);
    await changes(page, () => page.click("#dice"));
    const [file] = await Promise.all([page.waitForEvent("download"), page.click("#save")]);
    expect(file.suggestedFilename()).toBe("street.png");
  },

  worker: (page) => changes(page, () => page.click("#another")),

  async element(page) {
    const [first, second] = await pictures(page);
    expect(first).not.toEqual(second);
    await changes(page, () => page.click("#another"));
  },

  async "photo-map"(page) {
    const found = (await page.textContent("#found"))!;
    for (const name of ["sky", "building", "road"]) expect(found).toMatch(new RegExp(`\\b${name} [1-9]\\d %`));
    await changes(page, () =>
      page.setInputFiles("#file", { name: "photo.png", mimeType: "image/png", buffer: photo() }),
    );
    await page.setInputFiles("#file", { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("no photo") });
    await expect.poll(() => page.textContent("#message"), PATIENCE).toMatch(/^notes\.txt is no picture/);
  },

  async "photo-style"(page) {
    await changes(page, () =>
      page.setInputFiles("#first", { name: "photo.png", mimeType: "image/png", buffer: photo() }),
    );
    await changes(page, () => slide(page, "#mix", "1"));
    await page.setInputFiles("#second", { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("no photo") });
    await expect.poll(() => page.textContent("#message"), PATIENCE).toMatch(/^notes\.txt is no picture/);
  },

  async "own-device"(page) {
    await changes(page, () => page.click("#another"));
    await page.click("#lose");
    await expect.poll(() => page.textContent("#notice"), PATIENCE).toBe("The page has a new device.");
    await ready(page);
    await expectPictures(page);
  },
};

describePage("examples", (lab) => {
  test("each has a test of what it is for", () => expect(Object.keys(USES).sort()).toEqual(names.sort()));

  test.each(names)("%s", async (name) => {
    const { page, problems } = await open(lab, name);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    await expectPictures(page);
    await USES[name]?.(page);
    expect(problems).toEqual([]);
  });
});

describePage(
  "own-device on SwiftShader, which shows webgpu canvases",
  (lab) => {
    test("the page's canvas shows the picture", async () => {
      const { page, problems } = await open(lab, "own-device");
      const shown = async (): Promise<number> => {
        const { data, channels } = decode(await page.locator("#picture").screenshot());
        return spread(Array.from(data).filter((_, i) => i % channels === 1));
      };
      // The canvas alone is of one colour.
      await expect.poll(shown, PATIENCE).toBeGreaterThan(15);
      expect(problems).toEqual([]);
    });
  },
  "swiftshader",
);
