// <spade-canvas>: an element of a page.

import { beforeAll, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { encodeLabelMap } from "../../src/label_maps.ts";
import type { SpadeCanvas } from "../../src/element.ts";
import { stripes } from "../api/tiny.ts";
import { serveTiny } from "./files.ts";
import { describePage, type Lab } from "./harness.ts";

/** A page with this body; the element is defined by the script tag of a plain page. */
async function open(lab: Lab, body: string): Promise<Page> {
  lab.server.put(
    "/element.html",
    new TextEncoder().encode(`<!doctype html><meta charset="utf-8"><title>element</title>
<script type="module" src="/pages/page.mjs"></script>
<script type="module" src="/dist/element.js"></script>${body}`),
  );
  return lab.page(undefined, { path: "/element.html" });
}

/** Resolves with the events of an element, from now to one of these types. */
const until = (page: Page, selector: string, type: string): Promise<string[]> =>
  page.evaluate(
    ({ selector, type }) =>
      new Promise<string[]>((done) => {
        const element = document.querySelector(selector)!;
        const seen: string[] = [];
        for (const name of ["progress", "ready", "picture", "error"])
          element.addEventListener(name, () => {
            if (seen.at(-1) !== name) seen.push(name);
            if (name === type) done(seen);
          });
      }),
    { selector, type },
  );

/** What an element shows. */
const shown = (page: Page, selector = "spade-canvas") =>
  page.evaluate(async (selector) => {
    const root = document.querySelector(selector)!.shadowRoot!;
    const canvas = root.querySelector("canvas")!;
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
    const message = root.querySelector<HTMLElement>("[part=message]")!;
    const bar = root.querySelector<HTMLProgressElement>("[part=bar]")!;
    return {
      picture: await window.lib.sha256(data),
      message: message.hidden ? null : message.textContent,
      bar: bar.hidden ? null : bar.value,
    };
  }, selector);

describePage("<spade-canvas>", (lab) => {
  let expected: string;
  beforeAll(async () => {
    ({ expected } = await serveTiny(lab));
    const png = await encodeLabelMap(stripes(64, 64, 4));
    lab.server.put("/map.png", new Uint8Array(await png.arrayBuffer()));
    const large = stripes(128, 128, 4, 16);
    lab.server.put("/large.png", new Uint8Array(await (await encodeLabelMap(large)).arrayBuffer()));
  });

  test("paints its map; events come in order; the same bytes as Node; maps of another size are resized", async () => {
    const page = await open(lab, "");
    await page.evaluate(() => {
      const element = document.createElement("spade-canvas");
      element.setAttribute("map", "/map.png");
      element.setAttribute("src", "/net.safetensors");
      document.body.append(element);
    });
    await until(page, "spade-canvas", "picture");
    expect(await shown(page)).toEqual({ picture: expected, message: null, bar: null });
    const again = until(page, "spade-canvas", "picture");
    await page.evaluate(() => document.querySelector("spade-canvas")!.setAttribute("map", "/large.png"));
    await again;
    expect(await shown(page)).toEqual({ picture: expected, message: null, bar: null });
  });

  test("loads when it comes near the window, not before; `loading=eager` at once", async () => {
    const page = await open(
      lab,
      `<p style="height: 5000px"></p><spade-canvas src="/net.safetensors" map="/map.png"></spade-canvas>`,
    );
    await page.waitForTimeout(300);
    const before = lab.server.visitsOf("/net.safetensors").length;
    const seen = until(page, "spade-canvas", "picture");
    await page.evaluate(() => document.querySelector("spade-canvas")!.scrollIntoView());
    expect((await seen).filter((name) => name !== "progress")).toEqual(["ready", "picture"]);
    expect((await seen)[0]).toBe("progress");
    expect(lab.server.visitsOf("/net.safetensors").length).toBe(before + 1);
  });

  test("maps and styles by property: a map of ids; a number for a net without styles is an error in words", async () => {
    const page = await open(lab, `<spade-canvas src="/net.safetensors"></spade-canvas>`);
    const picture = until(page, "spade-canvas", "picture");
    const info = await page.evaluate(async () => {
      const element = document.querySelector<SpadeCanvas>("spade-canvas")!;
      element.map = window.lib.stripes(64, 64, 4);
      return (await element.spade).info.width;
    });
    await picture;
    expect(info).toBe(64);
    expect((await shown(page)).picture).toBe(expected);
    await page.evaluate(() => document.querySelector("spade-canvas")!.setAttribute("style-seed", "7"));
    expect((await shown(page)).message).toMatch(/^generate\(\{ style \}\): this net was trained without VAE/);
  });

  test.each([
    ["", "map=/map.png", "<spade-canvas>: has no weights; set the attribute src to the address of a .safetensors file"],
    ["src=/none.safetensors", "map=/map.png", /none\.safetensors: the server answers 404/],
    ["src=/net.safetensors", "map=/none.png", /none\.png: the server answers 404; check the attribute map/],
    ["src=/net.safetensors", "map=/net.safetensors", /label map: /],
    ["src=/net.safetensors integrity=sha256-AAAA", "map=/map.png", /createSpade\(\{ integrity \}\): is sha256-AAAA/],
  ])("what fails is shown in words (%s %s)", async (src, map, message) => {
    const page = await open(lab, `<p style="height: 5000px"></p><spade-canvas ${src} ${map}></spade-canvas>`);
    const failed = until(page, "spade-canvas", "error");
    await page.evaluate(() => document.querySelector("spade-canvas")!.scrollIntoView());
    await failed;
    const { message: said, bar } = await shown(page);
    expect(said).toMatch(message);
    expect(bar).toBeNull();
  });

  test("two in one page share one session; the second paints another map", async () => {
    const page = await open(lab, "");
    const outcome = await page.evaluate(async () => {
      let devices = 0;
      const { requestDevice } = GPUAdapter.prototype;
      GPUAdapter.prototype.requestDevice = function (...args) {
        devices++;
        return requestDevice.apply(this, args);
      };
      const make = (labels: number) => {
        const element = document.createElement("spade-canvas") as SpadeCanvas;
        element.setAttribute("src", "/net.safetensors");
        element.map = window.lib.stripes(64, 64, labels);
        const picture = new Promise((done) => element.addEventListener("picture", done, { once: true }));
        document.body.append(element);
        return { element, picture };
      };
      const both = [make(4), make(3)];
      await Promise.all(both.map(({ picture }) => picture));
      const spades = await Promise.all(both.map(({ element }) => element.spade));
      const pictures = await Promise.all(
        both.map(({ element }) => {
          const canvas = element.shadowRoot!.querySelector("canvas")!;
          return window.lib.sha256(canvas.getContext("2d")!.getImageData(0, 0, 64, 64).data);
        }),
      );
      both[0].element.remove();
      await new Promise((done) => setTimeout(done, 20));
      const still = await window.lib.paint(spades[1], window.lib.stripes(64, 64, 4));
      both[1].element.remove();
      await new Promise((done) => setTimeout(done, 20));
      const after = await spades[1].generate(window.lib.stripes(64, 64, 4)).catch((e: { code: string }) => e.code);
      return { devices, same: spades[0] === spades[1], pictures, still, after };
    });
    expect(outcome).toMatchObject({ devices: 1, same: true, still: expected, after: "disposed" });
    expect(outcome.pictures[0]).toBe(expected);
    expect(outcome.pictures[1]).not.toBe(expected);
  });

  test(
    "moves in the page without loading again; 100 times in and out leave nothing",
    { timeout: 120_000 },
    async () => {
      const page = await open(lab, "<main></main>");
      const client = await page.context().newCDPSession(page);
      const heap = async (): Promise<number> => {
        await client.send("HeapProfiler.collectGarbage");
        return ((await client.send("Runtime.getHeapUsage")) as { usedSize: number }).usedSize;
      };
      const mount = (times: number): Promise<number> =>
        page.evaluate(async (times) => {
          let pictures = 0;
          for (let i = 0; i < times; i++) {
            const element = document.createElement("spade-canvas") as SpadeCanvas;
            element.setAttribute("src", "/net.safetensors");
            element.map = window.lib.stripes(64, 64, 4);
            const picture = new Promise((done) => element.addEventListener("picture", done, { once: true }));
            document.body.append(element);
            // Most leave while they load.
            if (i % 5) await new Promise((done) => setTimeout(done, (i * 7) % 30));
            else {
              document.querySelector("main")!.append(element);
              await picture;
              pictures++;
            }
            element.remove();
            await new Promise((done) => setTimeout(done, 0));
          }
          return pictures;
        }, times);
      await mount(20);
      await page.waitForTimeout(200);
      const before = await heap();
      expect(await mount(100)).toBe(20);
      await page.waitForTimeout(200);
      expect((await heap()) - before).toBeLessThan(2 ** 20);
    },
  );
});
