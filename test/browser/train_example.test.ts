// The example page that trains: pairs go in as files, losses, a preview and a net come out.

import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { createSpade } from "../../src/node.ts";
import { labelPng, photoPng } from "../datasets/folders.ts";
import { describePage } from "./harness.ts";

const SIDE = 80;
interface File {
  name: string;
  mimeType: string;
  buffer: Buffer;
}
const png = (name: string, bytes: Uint8Array): File => ({ name, mimeType: "image/png", buffer: Buffer.from(bytes) });

/** A meadow under the sky, with the horizon at `y`: the photograph and its map. */
const pair = (i: number, y: number): File[] => [
  png(
    `meadow${i}.png`,
    photoPng(SIDE, SIDE, (x, at) => (at < y ? [90, 150, 230] : [40 + (x % 7), 150, 60])),
  ),
  png(
    `meadow${i}_label.png`,
    labelPng(SIDE, SIDE, (_, at) => (at < y ? 0 : 1)),
  ),
];

const state = (page: Page): Promise<string | undefined> => page.evaluate(() => document.body.dataset.state);
const text = (page: Page, selector: string): Promise<string> => page.locator(selector).innerText();

describePage("the training example", (lab) => {
  test("trains on pairs, shows losses and a preview, stops, and gives the net; at 1440 px and on a phone's width", async () => {
    const page = await (await lab.context()).newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.goto(`${lab.server.origin}/examples/training/index.html`);
    await page.waitForFunction('document.body.dataset.state === "empty"');
    expect(await page.locator("#start").isEnabled()).toBe(false);

    await page.locator("#files").setInputFiles([...pair(1, 30), ...pair(2, 50), pair(3, 40)[0]]);
    await page.waitForFunction('document.body.dataset.state === "ready"');
    expect(await text(page, "#pairs")).toBe("2 pairs. Without a partner: meadow3");
    await page.locator("#perceptual").uncheck();
    await page.locator("#start").click();
    await page.waitForFunction('/after 10 steps/.test(document.getElementById("caption").textContent)');
    await page.locator("#stop").click();
    await page.waitForFunction('document.body.dataset.state === "stopped"');

    const losses = await page.locator("#losses tr").allInnerTexts();
    expect(losses.map((line) => line.split("\t")[0].trim())).toEqual(["GAN", "GAN_Feat", "D_Fake", "D_real"]);
    for (const line of losses) expect(Number(line.split("\t")[1])).not.toBeNaN();
    const colours = (id: string): Promise<number> =>
      page.evaluate((id) => {
        const { width, height } = document.getElementById(id) as HTMLCanvasElement;
        const context = (document.getElementById(id) as HTMLCanvasElement).getContext("2d")!;
        return new Set(new Uint32Array(context.getImageData(0, 0, width, height).data.buffer)).size;
      }, id);
    expect(await colours("map")).toBe(2);
    expect(await colours("photo")).toBeGreaterThan(5);
    expect(await colours("preview")).toBeGreaterThan(10);
    expect(await colours("plot")).toBeGreaterThan(4);

    const [download] = await Promise.all([page.waitForEvent("download"), page.locator("#save").click()]);
    const spade = await createSpade({ weights: new Uint8Array(await readFile(await download.path())) });
    expect(spade.info).toMatchObject({ width: 64, height: 64 });
    expect(spade.info.labels.length).toBe(2);
    spade.dispose();
    for (const width of [1440, 390]) {
      await page.setViewportSize({ width, height: 900 });
      const wide = (): Promise<number> => page.evaluate(() => document.documentElement.scrollWidth);
      await expect.poll(wide).toBeLessThanOrEqual(width);
      if (process.env.SCREENSHOTS)
        await page.screenshot({ path: `${process.env.SCREENSHOTS}/training_${width}.png`, fullPage: true });
    }
    expect(errors).toEqual([]);
    expect(await state(page)).toBe("stopped");
  });

  test("takes files that are dropped, and says in words what is wrong with one", async () => {
    const page = await (await lab.context()).newPage();
    await page.goto(`${lab.server.origin}/examples/training/index.html`);
    const map = [...labelPng(8, 8, () => 0)];
    await page.evaluate((map) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(["no picture"], "a.jpg"));
      dataTransfer.items.add(new File([Uint8Array.from(map)], "a_label.png"));
      document.getElementById("drop")!.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true }));
    }, map);
    await page.waitForFunction('document.body.dataset.state === "ready"');
    await page.locator("#start").click();
    await page.waitForFunction('document.body.dataset.state === "error"');
    expect(await text(page, "#message")).toBe(
      "a.jpg: is no picture that this browser reads. What you can do: give a JPEG or PNG.",
    );
  });
});
