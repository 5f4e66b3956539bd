// The studio with a net of SEAN: each label may take its style from a photo of its own.

import { encode } from "fast-png";
import { beforeAll, expect, test } from "vitest";
import type { Locator, Page } from "playwright-core";
import { createSpade, mixRegionStyles, type LabelMap, type Picture, type RegionStyles } from "../../src/node.ts";
import { photo, sean, seanWeights } from "../api/tiny_sean.ts";
import { describePage } from "./harness.ts";
import {
  button,
  drop,
  hear,
  labels,
  NET,
  open,
  person,
  serveStudio,
  shown,
  stroke,
  take,
  upToDate,
  violations,
  visit,
} from "./studio/tiny_studio.ts";

const LENGTH = 8;
const mean = Object.fromEntries([0, 1, 2].map((label) => [label, Array<number>(LENGTH).fill(0.2 * (label + 1))]));
/** Sky above, road below: the studio's empty map of these labels. */
const map: LabelMap = {
  width: 64,
  height: 64,
  data: Uint8Array.from({ length: 64 * 64 }, (_, p) => (p < 32 * 64 ? 0 : 2)),
};

/** A photo as a file. */
function file(name: string, seed: number): { name: string; mimeType: string; buffer: Buffer } {
  const png = encode({ data: photo(seed), width: 64, height: 64, channels: 4, depth: 8 });
  return { name: `${name}.png`, mimeType: "image/png", buffer: Buffer.from(png) };
}

/** Chooses a photo with the button, as a person does. */
async function addPhoto(page: Page, name: string, seed: number): Promise<string> {
  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), button(page, "Style of a photo").click()]);
  await chooser.setFiles(file(name, seed));
  const said = await hear(page, `style of ${name}.png is among`);
  await upToDate(page);
  return said;
}

/** The button of a label in the strip. */
const chip = (page: Page, label: string): Locator => page.locator(".fed button", { hasText: label });
const tile = (page: Page, name: string): Locator => page.locator(".style", { hasText: name }).locator(".take");
const feeds = (page: Page): Promise<string[]> => page.locator(".fed button").allInnerTexts();
/** Away from tiles, which show themselves under the pointer. */
async function rest(page: Page): Promise<void> {
  await page.mouse.move(700, 60);
  await upToDate(page);
}

describePage("the studio with a style for each region", (lab) => {
  let weights: Uint8Array;
  /** The hash of Node's picture in some styles, as `shown`; the codes of two photos by the map. */
  let inNode: (style: RegionStyles) => Promise<number>;
  let codes: RegionStyles[];
  beforeAll(async () => {
    weights = await seanWeights(mean, sean, { labels: JSON.stringify(labels) });
    lab.server.put("/sean.safetensors", weights);
    await serveStudio(lab, [
      { ...NET, id: "regions", weights: "../sean.safetensors", presets: ["mean"], style: "mean" },
    ]);
    const spade = await createSpade({ weights, dtype: "f32" });
    spade.addEventListener("notice", () => undefined);
    const of = (seed: number): Picture => ({ data: photo(seed), width: 64, height: 64, colorSpace: "srgb" });
    codes = [await spade.encodeRegions(of(5), map), await spade.encodeRegions(of(7), map)];
    inNode = async (style) =>
      (await spade.generate(map, { style })).data.reduce((h, v) => (Math.imul(h, 31) + v) | 0, 7);
    return () => spade.dispose();
  });

  test("photos feed the selected labels, by alpha; all, reset; the strip says what feeds what; it stays over a reload", async () => {
    const context = await person(lab);
    const page = await visit(lab, context);
    await page.locator(".fed").waitFor();
    const base = await shown(page);
    expect(base).toBe(await inNode(mean));
    expect(await feeds(page)).toEqual(["sky", "road"]);
    // No dice: a code is no random number.
    expect(await button(page, "Throw the dice").count()).toBe(0);
    await page.keyboard.press("r");
    expect(await page.locator(".style").count()).toBe(1);

    // All labels are selected at first.
    expect(await addPhoto(page, "dusk", 5)).toContain("read by the map that is open");
    await rest(page);
    expect(await feeds(page)).toEqual(["sky: dusk", "road: dusk"]);
    expect(await shown(page)).toBe(await inNode({ ...mean, ...codes[0] }));
    await button(page, "Reset").click();
    await rest(page);
    expect(await feeds(page)).toEqual(["sky", "road"]);
    expect(await shown(page)).toBe(base);

    // The road alone takes a second photo, the sky the first one.
    await chip(page, "sky").click();
    expect(await chip(page, "sky").getAttribute("aria-pressed")).toBe("false");
    await addPhoto(page, "noon", 7);
    await rest(page);
    expect(await feeds(page)).toEqual(["sky", "road: noon"]);
    await chip(page, "sky").click();
    await chip(page, "road").click();
    // The pointer over a tile shows it in the selected labels.
    await tile(page, "dusk").hover();
    const both = await inNode({ ...mean, 0: codes[0][0], 2: codes[1][2] });
    await expect.poll(() => shown(page)).toBe(both);
    expect(await feeds(page)).toEqual(["sky", "road: noon"]);
    await tile(page, "dusk").click();
    await rest(page);
    expect(await feeds(page)).toEqual(["sky: dusk", "road: noon"]);
    expect(await shown(page)).toBe(both);
    expect(await tile(page, "noon").getAttribute("aria-pressed")).toBe("true");

    // Half way, the sky alone: the slider moves what is selected.
    await page.getByLabel("How far the selected labels move").fill("0.5");
    await rest(page);
    expect(await feeds(page)).toEqual(["sky: dusk 50 %", "road: noon"]);
    const half = mixRegionStyles(mean, codes[0], { 0: 0.5 });
    const mixed = await inNode({ ...half, 2: codes[1][2] });
    expect(await shown(page)).toBe(mixed);

    await expect
      .poll(() => page.evaluate(() => indexedDB.databases().then((all) => all.length)), { timeout: 20_000 })
      .toBeGreaterThan(0);
    await page.waitForTimeout(1500);
    await page.close();
    const again = await visit(lab, context);
    await again.locator(".fed").waitFor();
    await rest(again);
    expect(await feeds(again)).toEqual(["sky: dusk 50 %", "road: noon"]);
    expect(await shown(again)).toBe(mixed);
    // A new visit selects all labels.
    await button(again, "Reset").click();
    await rest(again);
    expect(await feeds(again)).toEqual(["sky", "road"]);
    expect(await shown(again)).toBe(base);
  });

  test("a net that is dropped, by keyboard; a label that the photo lacks stays; a new label gets a button", async () => {
    await serveStudio(lab);
    const page = await open(lab);
    await drop(page, "my.safetensors", weights);
    await hear(page, "my.safetensors is open");
    await page.locator(".fed").waitFor();
    await upToDate(page);
    await addPhoto(page, "dusk", 5);
    await take(page, "car");
    await stroke(page, [5, 50], [60, 50]);
    await upToDate(page);
    expect(await feeds(page)).toEqual(["sky: dusk", "road: dusk", "car"]);
    // Only the car is selected: the photo has none.
    await page.locator(".regions").getByRole("button", { name: "All" }).press("Enter");
    expect(await page.locator(".fed [aria-pressed=true]").count()).toBe(0);
    await chip(page, "car").press("Space");
    const before = await shown(page);
    await tile(page, "dusk").press("Enter");
    await hear(page, "dusk has none of the selected labels");
    expect(await feeds(page)).toEqual(["sky: dusk", "road: dusk", "car"]);
    expect(await shown(page)).toBe(before);
    // The mean has one; its code is what the label was painted with.
    await tile(page, "mean").press("Enter");
    await rest(page);
    expect(await feeds(page)).toEqual(["sky: dusk", "road: dusk", "car: mean"]);
    await page.locator(".regions").getByRole("button", { name: "All" }).press("Enter");
    await page.locator(".regions").getByRole("slider").press("Home");
    await rest(page);
    expect(await feeds(page)).toEqual(["sky: dusk 0 %", "road: dusk 0 %", "car: mean 0 %"]);
    await button(page, "Reset").press("Enter");
    await rest(page);
    expect(await feeds(page)).toEqual(["sky", "road", "car"]);
    // Throwing the photo away leaves its labels to the first style.
    await tile(page, "dusk").press("Enter");
    await tile(page, "dusk").hover();
    await button(page, "Throw this style away").click();
    await rest(page);
    expect(await feeds(page)).toEqual(["sky", "road", "car"]);
  });

  test("axe finds nothing, wide and on a phone, light and dark, with a label that is fed and one that is not", async () => {
    await serveStudio(lab, [
      { ...NET, id: "regions", weights: "../sean.safetensors", presets: ["mean"], style: "mean" },
    ]);
    for (const [width, height, colorScheme] of [
      [1440, 900, "dark"],
      [390, 844, "light"],
      [844, 390, "light"],
    ] as const) {
      const page = await open(lab, { viewport: { width, height }, colorScheme });
      await chip(page, "sky").click();
      await addPhoto(page, "dusk", 5);
      await rest(page);
      expect(await feeds(page)).toEqual(["sky", "road: dusk"]);
      expect(await violations(page), `${width}x${height} ${colorScheme}`).toEqual([]);
    }
  });
});
