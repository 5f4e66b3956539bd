// What goes out of the studio comes in again: maps, pictures, links, nets, and what is kept between visits. Tiny nets paint.

import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { encodePainting } from "../../src/studio/files/code.ts";
import { encodePicture } from "../../src/studio/files/png.ts";
import type { Site } from "../../src/studio/files/site.ts";
import { smallSegmenter } from "../segmenting/small.ts";
import { describePage } from "./harness.ts";
import {
  button,
  downloaded,
  drop,
  hear,
  idAt,
  idsOf,
  labels,
  NET,
  open,
  OTHER,
  person,
  serveStudio,
  shown,
  stroke,
  take,
  tinyNet,
  upToDate,
  visit,
  z,
} from "./studio/tiny_studio.ts";

/** An RGB PNG. @param color of a pixel */
async function rgb(width: number, height: number, color: (p: number) => [number, number, number]): Promise<Uint8Array> {
  const data = new Uint8Array(4 * width * height);
  for (let p = 0; p < width * height; p++) data.set([...color(p), 255], 4 * p);
  return new Uint8Array(await (await encodePicture({ data, width, height }, {})).arrayBuffer());
}

const chosen = (page: Page) => page.evaluate(() => spadeStudio.styles.find(spadeStudio.styles.chosen.value)?.name);
const netOf = (page: Page) => page.evaluate(() => spadeStudio.net.value.id);
const choose = async (page: Page, net: string): Promise<void> => {
  await page.getByLabel("Net", { exact: true }).selectOption(net);
  await page.waitForFunction((net) => spadeStudio.net.value.id === net && spadeStudio.upToDate.value, net);
};
/** Paints a line of "car" in this row. */
const paint = async (page: Page, y: number): Promise<void> => {
  await take(page, "car");
  await stroke(page, [10, y], [50, y]);
  await upToDate(page);
};
const undo = (page: Page): Promise<void> => button(page, /^Undo/).click();

describePage("the studio's files", (lab) => {
  beforeAll(() => serveStudio(lab, [NET, OTHER]));

  describe("a map", () => {
    test("that was saved is the same when it is dropped again, in one step of undo", async () => {
      const page = await open(lab);
      await paint(page, 40);
      await take(page, "tree");
      await stroke(page, [5, 5], [20, 20]);
      const ids = await idsOf(page);
      const { name, bytes } = await downloaded(page, () => button(page, "Save map").click());
      expect(name).toBe("tiny-map-64x64.png");
      await undo(page);
      await undo(page);
      const before = await idsOf(page);
      await drop(page, name, bytes);
      expect(await hear(page, "open")).toBe("tiny-map-64x64.png is open.");
      expect(await idsOf(page)).toEqual(ids);
      await undo(page);
      expect(await idsOf(page)).toEqual(before);
    });

    test("in GauGAN's colours is read by its red bytes; what has no label is counted, named and unknown", async () => {
      const page = await open(lab);
      await choose(page, "other");
      // Red bytes of sky and car, other greens and blues; three pixels of a red that no label has.
      const red = (p: number): number => (p < 3 ? 9 : p < 2048 ? 0x88 : 0xcc);
      await drop(page, "gaugan.png", await rgb(64, 64, (p) => [red(p), 1, 2]));
      expect(await hear(page, "gaugan")).toBe(
        "gaugan.png is open. 3 pixels have no label of this net (9): they are unknown now.",
      );
      expect(await idsOf(page)).toEqual(Array.from({ length: 4096 }, (_, p) => (p < 3 ? 4 : p < 2048 ? 0 : 3)));
      await upToDate(page);
    });

    test("of another size is resized, and that is said; a damaged file is one sentence and changes nothing", async () => {
      const page = await open(lab);
      const before = await idsOf(page);
      const half = await rgb(32, 32, (p) => (p < 512 ? [0x11, 0x77, 0x33] : [0x44, 0x44, 0x44]));
      await drop(page, "half.png", half);
      expect(await hear(page, "half")).toBe("half.png is open. The map was 32 x 32 and is 64 x 64 now.");
      expect(await idsOf(page)).toEqual(Array.from({ length: 4096 }, (_, p) => (p < 2048 ? 1 : 2)));
      await undo(page);
      for (const bytes of [half.subarray(0, 90), half.map((v, i) => (i === half.length - 20 ? v ^ 255 : v))]) {
        await drop(page, "broken.png", bytes);
        expect(await hear(page, "read")).toMatch(/^This file can't be read: [^.]+\. Save it again as a PNG\.$/);
        expect(await idsOf(page)).toEqual(before);
      }
      await drop(page, "notes.txt", Buffer.from("nothing"));
      expect(await hear(page, "no file")).toMatch(/^This is no file that can be opened here/);
    });
  });

  describe("a picture", () => {
    test("is saved in three sizes and brings map and style back when it is dropped", async () => {
      const page = await open(lab);
      await paint(page, 30);
      await page.locator(".style", { hasText: "green" }).locator(".take").click();
      await upToDate(page);
      const [ids, picture] = [await idsOf(page), await shown(page)];
      const files: { name: string; bytes: Buffer }[] = [];
      for (const size of [/^64 x 64/, /^128 x 128/, /^256 x 256/]) {
        await button(page, "Save picture").click();
        files.push(await downloaded(page, () => button(page, size).click()));
      }
      expect(files.map(({ name }) => name)).toEqual([
        "tiny-green-64x64.png",
        "tiny-green-128x128-enlarged.png",
        "tiny-green-256x256-enlarged.png",
      ]);
      expect(files.map(({ bytes }) => [bytes.readUInt32BE(16), bytes.readUInt32BE(20)])).toEqual([
        [64, 64],
        [128, 128],
        [256, 256],
      ]);
      await undo(page);
      await page.locator(".style", { hasText: "red" }).locator(".take").click();
      await drop(page, "any.png", files[2].bytes);
      await hear(page, "any.png is open: go on painting.");
      expect(await idsOf(page)).toEqual(ids);
      expect(await chosen(page)).toBe("green");
      await upToDate(page);
      expect(await shown(page)).toBe(picture);

      await button(page, "Save picture").click();
      const { name, bytes } = await downloaded(page, () => button(page, /sheet of all styles/).click());
      // Three styles, two in a row, four pixels between them.
      expect([name, bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).toEqual(["tiny-styles-132x132.png", 132, 132]);
    });

    test("of another net opens that net, and nothing is lost of the map of either", async () => {
      const page = await open(lab);
      await choose(page, "other");
      await paint(page, 20);
      const others = await idsOf(page);
      await choose(page, "tiny");
      await paint(page, 50);
      const tinys = await idsOf(page);
      await button(page, "Save picture").click();
      const { bytes } = await downloaded(page, () => button(page, /^64 x 64/).click());
      await stroke(page, [10, 5], [50, 5]);
      const later = await idsOf(page);
      await choose(page, "other");
      await drop(page, "any.png", bytes);
      await hear(page, "go on painting");
      expect(await netOf(page)).toBe("tiny");
      expect(await idsOf(page)).toEqual(tinys);
      await undo(page);
      expect(await idsOf(page)).toEqual(later);
      await choose(page, "other");
      expect(await idsOf(page)).toEqual(others);
    });
  });

  describe("a link", () => {
    const painting = (net: string, id: number, more: object = {}) => ({
      net,
      width: 64,
      height: 64,
      ids: new Uint8Array(4096).fill(id),
      style: { name: "dusk", z: z(5) },
      ...more,
    });
    const hashOf = async (net: string, id: number, more?: object): Promise<string> =>
      `#map=${await encodePainting(painting(net, id, more))}`;

    test("that was copied shows map and style to another person; where copying is forbidden it is shown", async () => {
      const page = await open(lab, { permissions: ["clipboard-read", "clipboard-write"] });
      await paint(page, 33);
      await page.locator(".style", { hasText: "green" }).locator(".take").click();
      await button(page, "Copy link").click();
      await hear(page, "copied");
      const link = await page.evaluate(() => navigator.clipboard.readText());
      const other = await visit(lab, await person(lab), new URL(link).hash);
      expect(await idsOf(other)).toEqual(await idsOf(page));
      expect(await chosen(other)).toBe("green");
      expect(new URL(other.url()).hash).toBe("");

      // A browser that forbids it.
      await page.evaluate(() => {
        navigator.clipboard.writeText = () => Promise.reject(new DOMException("Write permission denied."));
      });
      await button(page, "Copy link").click();
      expect(await page.getByRole("textbox", { name: "The link" }).inputValue()).toBe(link);
    });

    test("opened by a person with kept work: undo brings it back, or choosing its net again", async () => {
      const context = await person(lab);
      const page = await visit(lab, context);
      await choose(page, "other");
      await paint(page, 10);
      const others = await idsOf(page);
      await choose(page, "tiny");
      await paint(page, 20);
      const tinys = await idsOf(page);
      await page.goto("about:blank");

      await page.goto(`${lab.server.origin}/site/index.html${await hashOf("tiny", 2)}`);
      await upToDate(page);
      expect(await hear(page, "link")).toBe("This is the map of the link. Undo brings yours back.");
      expect(await idAt(page, 20, 20)).toBe(2);
      await page.waitForFunction(() => spadeStudio.styles.find(spadeStudio.styles.chosen.value)?.name === "dusk");
      await undo(page);
      expect(await idsOf(page)).toEqual(tinys);

      // A link that is opened in the page, of the other net.
      const hash = await hashOf("other", 1);
      await page.evaluate((hash) => (location.hash = hash), hash);
      await page.waitForFunction(() => spadeStudio.net.value.id === "other");
      await hear(page, "link");
      expect(await idAt(page, 20, 20)).toBe(1);
      await undo(page);
      expect(await idsOf(page)).toEqual(others);
      await choose(page, "tiny");
      expect(await idsOf(page)).toEqual(tinys);
    });

    test("that is damaged, or of a net that is not here, says so and changes nothing", async () => {
      const page = await open(lab);
      const before = await idsOf(page);
      const whole = await hashOf("tiny", 2);
      for (const [hash, line] of [
        [whole.slice(0, -9), "The link is damaged or was cut off"],
        ["#map=", "The link is damaged or was cut off"],
        [await hashOf("nowhere", 2), "This was painted with another net (nowhere)"],
        // Of a net of the same name that has more labels.
        [await hashOf("tiny", 7), "This was painted with another net (tiny)"],
      ] as const) {
        await page.evaluate((hash) => (location.hash = hash), hash);
        await hear(page, line);
        expect(await idsOf(page)).toEqual(before);
        expect(await page.evaluate(() => spadeStudio.canUndo.value)).toBe(false);
      }
    });

    test("'s style is that of its own net alone, whichever is opened before the weights are there", async () => {
      const context = await person(lab);
      const page = await context.newPage();
      lab.server.set("/tiny.safetensors", { delay: 1500 });
      await page.goto(`${lab.server.origin}/site/index.html${await hashOf("tiny", 2)}`);
      await page.waitForFunction(() => globalThis.spadeStudio?.doc.value.ids[0] === 2);
      await choose(page, "other");
      expect(await chosen(page)).toBe("red");
      lab.server.set("/tiny.safetensors", {});
      await choose(page, "tiny");
      expect(await chosen(page)).toBe("dusk");
    });
  });

  describe("what is kept", () => {
    const reload = async (page: Page): Promise<void> => {
      await page.reload();
      await upToDate(page);
    };

    test("comes back after a reload: the map, styles with their names, the chosen one, the size, and other nets' maps", async () => {
      const page = await open(lab);
      await choose(page, "other");
      await paint(page, 10);
      const others = await idsOf(page);
      await choose(page, "tiny");
      await paint(page, 40);
      await button(page, "Throw the dice").click();
      await button(page, "Name this style").click();
      await page.getByLabel("Name of the style").fill("my dawn");
      await page.keyboard.press("Enter");
      await page.getByLabel("Size").fill("20");
      await upToDate(page);
      const [ids, picture] = [await idsOf(page), await shown(page)];
      await reload(page);
      expect(await idsOf(page)).toEqual(ids);
      expect(await shown(page)).toBe(picture);
      expect(await chosen(page)).toBe("my dawn");
      expect(await page.getByLabel("Size").inputValue()).toBe("20");

      // A second reload, painted on and left before the weights are there, keeps the named style.
      lab.server.set("/tiny.safetensors", { delay: 1500 });
      await page.evaluate(() => caches.keys().then((all) => Promise.all(all.map((name) => caches.delete(name)))));
      await page.reload();
      await page.locator(".map-view").waitFor();
      await take(page, "tree");
      await stroke(page, [10, 60], [50, 60]);
      expect(await page.evaluate(() => spadeStudio.engine.value.info.value)).toBeUndefined();
      lab.server.set("/tiny.safetensors", {});
      await reload(page);
      expect(await chosen(page)).toBe("my dawn");
      expect(await idAt(page, 30, 60)).toBe(1);
      await choose(page, "other");
      expect(await idsOf(page)).toEqual(others);
    });

    test("is copied to a second tab, and neither overwrites the other", async () => {
      const context = await person(lab);
      const first = await visit(lab, context);
      await paint(first, 20);
      await first.waitForTimeout(700);
      const second = await visit(lab, context);
      await hear(second, "open in another tab: this is a copy");
      expect(await idsOf(second)).toEqual(await idsOf(first));
      await paint(second, 40);
      // Pages behind others are slow.
      await first.bringToFront();
      await paint(first, 60);
      await reload(first);
      await second.bringToFront();
      await reload(second);
      expect([await idAt(first, 30, 40), await idAt(first, 30, 60)]).not.toContain(0);
      expect([await idAt(first, 30, 60), await idAt(second, 30, 40)]).toEqual([3, 3]);
      expect([await idAt(first, 30, 40), await idAt(second, 30, 60)]).not.toContain(3);
    });

    test("of a net that the site lacks waits for it, and the page begins with its own", async () => {
      const context = await person(lab);
      const page = await visit(lab, context);
      await drop(page, "mine.safetensors", await tinyNet());
      await page.waitForFunction(() => spadeStudio.net.value.id === "mine.safetensors" && spadeStudio.upToDate.value);
      await paint(page, 30);
      const ids = await idsOf(page);
      await reload(page);
      expect(await netOf(page)).toBe("tiny");
      await hear(page, "mine.safetensors");
      await paint(page, 12);
      await reload(page);
      expect(await idAt(page, 30, 12)).toBe(3);
      await drop(page, "mine.safetensors", await tinyNet());
      await hear(page, "mine.safetensors is open.");
      await page.waitForFunction(() => spadeStudio.net.value.id === "mine.safetensors" && spadeStudio.upToDate.value);
      expect(await idsOf(page)).toEqual(ids);
      // Dropped once more it keeps what is painted.
      await paint(page, 50);
      await drop(page, "mine.safetensors", await tinyNet());
      await hear(page, "mine.safetensors is open.");
      await upToDate(page);
      expect(await idAt(page, 30, 50)).toBe(3);
    });
  });

  describe("a photo", () => {
    /** A drawn one, as JPEG. */
    const draw = (page: Page): Promise<string> =>
      page.evaluate(() => {
        const canvas = Object.assign(document.createElement("canvas"), { width: 200, height: 150 });
        const context = canvas.getContext("2d")!;
        const sky = context.createLinearGradient(0, 0, 0, 75);
        sky.addColorStop(0, "#3a7bd5");
        sky.addColorStop(1, "#d9ecff");
        context.fillStyle = sky;
        context.fillRect(0, 0, 200, 75);
        context.fillStyle = "#3d7a2a";
        context.fillRect(0, 75, 200, 75);
        return canvas.toDataURL("image/jpeg").split(",")[1];
      });

    test("gives its map in one step of undo, and lies under it; one that can't be read is one sentence", async () => {
      const segmenter = { weights: "../segmenter.safetensors", bytes: 1 };
      lab.server.put("/segmenter.safetensors", smallSegmenter());
      await serveStudio(lab, [NET, OTHER], { segmenter });
      const page = await open(lab);
      await paint(page, 40);
      const before = await idsOf(page);
      const photo = Buffer.from(await draw(page), "base64");
      await drop(page, "hills.jpg", photo);
      await button(page, /^Its map/).click();
      await page.locator(".toast p", { hasText: "Looking for sky" }).waitFor();
      expect(await page.evaluate(() => spadeStudio.lasting)).toBe(true);
      await hear(page, "This is the map of hills.jpg. Undo brings yours back.");
      const ids = await idsOf(page);
      expect(ids).not.toEqual(before);
      await upToDate(page);
      const slider = page.getByLabel("Photo under the map");
      await slider.fill("0.6");
      const map = page.locator(".map-view-ids");
      await expect.poll(() => map.evaluate((canvas) => getComputedStyle(canvas).opacity)).toBe("0.4");
      await undo(page);
      expect(await idsOf(page)).toEqual(before);
      // It is the photo of this map, not of another net's.
      await choose(page, "other");
      expect(await slider.count()).toBe(0);

      await drop(page, "cut.jpg", photo.subarray(0, 40));
      await button(page, /^Its map/).click();
      expect(await hear(page, "can't be read")).toBe(
        "cut.jpg can't be read. What you can do: save it as a JPEG or PNG.",
      );
    });

    test("gives its style, which is chosen, by the encoder of a net of ours", async () => {
      const site = JSON.parse(readFileSync(new URL("../../dist/site/nets.json", import.meta.url), "utf8")) as Site;
      await serveStudio(lab, [site.nets.find(({ id }) => id === "street")!]);
      const page = await open(lab);
      await drop(page, "dusk sky.jpg", Buffer.from(await draw(page), "base64"));
      await button(page, /^Its style/).click();
      await hear(page, "The style of dusk sky.jpg is among the styles now.");
      expect(await chosen(page)).toBe("dusk sky");
      expect(await page.evaluate(() => spadeStudio.styles.taken.value!.some((v) => v !== 0))).toBe(true);
    });
  });

  describe("a net of one's own", () => {
    test("opens with its labels and an empty map; a net without styles says so", async () => {
      const page = await open(lab);
      const names = ["sky", "grass", "wall", "boat"].map((name, id) => ({ ...labels[id], name }));
      const bytes = await tinyNet({ use_vae: false }, names);
      await drop(page, "mine.safetensors", bytes);
      await page.waitForFunction(() => spadeStudio.net.value.id === "mine.safetensors" && spadeStudio.upToDate.value);
      expect(await page.locator(".label .name").allInnerTexts()).toEqual(["sky", "grass", "wall", "boat"]);
      // Sky above, grass below.
      expect(await idsOf(page)).toEqual(Array.from({ length: 4096 }, (_, p) => (p < 2048 ? 0 : 1)));
      await expect
        .poll(() => page.locator(".styles").innerText())
        .toBe("This net paints one picture a map: it has no styles.");
    });

    test("as .pth goes through the converter; a broken one is one sentence and the open net stays", async () => {
      const page = await open(lab);
      const pth = readFileSync(new URL("../fixtures/formats/checkpoint_zip.pth", import.meta.url));
      await drop(page, "net.pth", pth);
      await page.waitForFunction(() => spadeStudio.net.value.id === "net.pth" && spadeStudio.upToDate.value);
      await hear(page, "net.pth is open.");
      const safetensors = Buffer.from(await tinyNet());
      for (const [name, bytes] of [
        ["cut.pth", pth.subarray(0, 20_000)],
        ["cut.safetensors", safetensors.subarray(0, safetensors.length - 500)],
        ["other.safetensors", readFileSync(new URL("../fixtures/formats/expected.safetensors", import.meta.url))],
      ] as const) {
        await drop(page, name, bytes);
        expect(await hear(page, "What you can do")).toMatch(/^[^\n]+\. What you can do: [^\n]+\.$/);
        expect(await netOf(page)).toBe("net.pth");
      }
    });

    test("with 182 labels shows a search and categories, in the colours of GauGAN's page", async () => {
      const page = await open(lab);
      const names = Array.from({ length: 182 }, (_, id) => ({
        id,
        name: `thing ${id}`,
        color: `#0102${(id + 16).toString(16)}`,
      }));
      names[156].name = "sky-other";
      names[168].name = "tree";
      await drop(page, "coco.safetensors", await tinyNet({ label_nc: 182 }, names));
      await page.waitForFunction(() => spadeStudio.net.value.id === "coco.safetensors" && spadeStudio.upToDate.value);
      expect(await page.locator(".categories button").allInnerTexts()).toEqual(["All", "Landscape", "Plant", "Other"]);
      await button(page, "Plant").click();
      expect(await page.locator(".label .name").allInnerTexts()).toEqual(["tree"]);
      expect(await page.locator(".label .swatch").getAttribute("style")).toContain("rgb(168, 200, 50)");
      await button(page, "All").click();
      await page.getByLabel("Search labels").fill("SKY");
      expect(await page.locator(".label .name").allInnerTexts()).toEqual(["sky-other"]);
      await take(page, "sky-other");
      await stroke(page, [10, 40], [50, 40]);
      expect(await idAt(page, 30, 40)).toBe(156);
      await upToDate(page);
    });
  });
});
