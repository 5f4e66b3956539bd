// The map of the studio, worked as a person works it.

import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { describePage, type Lab } from "./harness.ts";
import { servePart } from "./studio/bundle.ts";
import type {} from "./studio/map_page.ts";

const [WIDTH, HEIGHT, SCALE] = [32, 24, 10];
/** Where the view is on the page. */
const [LEFT, TOP] = [50, 40];

const BODY = `<link rel="stylesheet" href="/studio/map_page.css">
<style>body { margin: ${TOP}px ${LEFT}px; height: 2000px }</style><div id="app"></div>`;

async function open(lab: Lab, options: { touch?: boolean; ratio?: number } = {}): Promise<Page> {
  const context = await lab.context({ hasTouch: options.touch, deviceScaleFactor: options.ratio });
  const page = await context.newPage();
  page.on("pageerror", (error) => console.error(`page: ${error.message}`));
  await page.goto(`${lab.server.origin}/studio/map.html`);
  await page.waitForFunction("window.start !== undefined");
  await page.evaluate(([w, h, s]) => window.start(w, h, s), [WIDTH, HEIGHT, SCALE]);
  await page.waitForSelector(".map-view", { timeout: 10_000 });
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
            const window = document.querySelector(".map-view")!.getBoundingClientRect();
            const box = canvas.getBoundingClientRect();
            const found: string[] = [];
            for (let y = 0; y < (canvas.hidden ? 0 : height); y++)
              for (let x = 0; x < width; x++) {
                const at = [
                  (((x + 0.5) / width) * window.width + window.left - box.left) * (canvas.width / box.width),
                  (((y + 0.5) / height) * window.height + window.top - box.top) * (canvas.height / box.height),
                ].map(Math.floor);
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
    beforeAll(() => servePart(lab, "map", BODY));

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

    test("the cursor leaves out what is locked, and is as exact on a screen with three pixels for two", async () => {
      const page = await open(lab, { ratio: 1.5 });
      await choose(page, { shape: "round", size: 9, label: 1, locked: [2] });
      await page.mouse.move(LEFT + 80, TOP + 80);
      const cursor = await tinted(page);
      await page.mouse.down();
      await page.mouse.up();
      const set = (await pixels(page, 1)).filter((p) => Number(p.split(",")[1]) < 16);
      expect(set.length).toBeGreaterThan(30);
      expect(cursor).toEqual(set);
      expect(await pixels(page, 2)).toEqual(box(4, 4, 8, 8));
    });

    test("fill shows its region and fills it; Shift: all of that label", async () => {
      const page = await open(lab);
      await page.evaluate(() => {
        const { doc } = window.studio;
        doc.value.begin();
        doc.value.paint([{ y: 20, x0: 3, x1: 5 }], 2, new Set());
        doc.value.commit();
      });
      await choose(page, { tool: "fill", label: 3 });
      await page.mouse.move(...on(5, 5));
      expect(await tinted(page)).toEqual(box(4, 4, 8, 8));
      await page.mouse.click(...on(5, 5));
      expect(await pixels(page, 2)).toEqual(["3,20", "4,20"]);
      await page.keyboard.press("Control+z");
      await page.keyboard.down("Shift");
      expect(await tinted(page)).toEqual([...box(4, 4, 8, 8), "3,20", "4,20"]);
      await page.mouse.click(...on(5, 5));
      await page.keyboard.up("Shift");
      expect(await pixels(page, 2)).toEqual([]);
      await page.keyboard.press("Control+z");
      expect(await pixels(page, 2)).toHaveLength(18);
    });

    test("line and rectangle are seen before they are let go, and only then set; Escape takes them back", async () => {
      const page = await open(lab);
      const before = await ids(page);
      await choose(page, { tool: "line", size: 1, label: 3 });
      await page.mouse.move(...on(2, 10));
      await page.mouse.down();
      await page.mouse.move(...on(9, 10));
      expect(await tinted(page)).toEqual(box(2, 10, 10, 11));
      expect(await ids(page)).toEqual(before);
      await page.keyboard.press("Escape");
      await page.mouse.up();
      expect(await ids(page)).toEqual(before);
      await page.mouse.move(...on(2, 10));
      await page.mouse.down();
      await page.mouse.move(...on(9, 10));
      await page.mouse.up();
      expect(await pixels(page, 3)).toEqual([...box(20, 4, 24, 8), ...box(2, 10, 10, 11)]);
      await page.keyboard.press("u");
      await page.mouse.move(...on(12, 14));
      await page.mouse.down();
      await page.mouse.move(...on(10, 12));
      expect(await tinted(page)).toEqual(box(10, 12, 13, 15));
      await page.mouse.up();
      expect(await pixels(page, 3)).toEqual(expect.arrayContaining(box(10, 12, 13, 15)));
    });

    test("Escape takes a stroke of the brush back; with Shift it goes straight from the last", async () => {
      const page = await open(lab);
      const before = await ids(page);
      await choose(page, { size: 1, label: 3 });
      await page.mouse.move(...on(2, 10));
      await page.mouse.down();
      await page.mouse.move(...on(9, 14));
      await page.keyboard.press("Escape");
      await page.mouse.move(...on(20, 14));
      await page.mouse.up();
      expect(await ids(page)).toEqual(before);
      await page.mouse.click(...on(2, 10));
      await page.keyboard.down("Shift");
      await page.mouse.click(...on(9, 10));
      await page.keyboard.up("Shift");
      expect(await pixels(page, 3)).toEqual([...box(20, 4, 24, 8), ...box(2, 10, 10, 11)]);
    });

    test("Alt and the right button pick a label, and paint nothing", async () => {
      const page = await open(lab);
      const before = await ids(page);
      const label = () => page.evaluate(() => window.studio.settings.label.value);
      await page.mouse.move(...on(5, 5));
      await page.keyboard.down("Alt");
      await page.mouse.click(...on(5, 5));
      await page.keyboard.up("Alt");
      expect(await label()).toBe(2);
      await page.mouse.click(...on(21, 5), { button: "right" });
      expect(await label()).toBe(3);
      await page.keyboard.press("x");
      expect(await label()).toBe(2);
      expect(await ids(page)).toEqual(before);
    });

    test("the wheel zooms at the pointer, middle button and Space pan, and clicks hit what is under them", async () => {
      const page = await open(lab);
      await choose(page, { size: 1, label: 3 });
      const look = () =>
        page.evaluate(() => {
          const { zoom, origin } = window.studio.controls.viewport;
          return { zoom: zoom.value, ...origin.value };
        });
      await page.mouse.move(LEFT + 160, TOP + 120);
      for (let i = 0; i < 2; i++) await page.mouse.wheel(0, -120);
      await expect.poll(look).toEqual({ zoom: 2, x: 8, y: 6 });
      // Now a map pixel has 20 CSS pixels.
      await page.mouse.click(LEFT + 20 * (10 - 8) + 3, TOP + 20 * (12 - 6) + 19);
      expect(await pixels(page, 3)).toEqual([...box(20, 4, 24, 8), "10,12"]);
      await page.mouse.move(LEFT + 100, TOP + 100);
      await page.mouse.down({ button: "middle" });
      await page.mouse.move(LEFT + 140, TOP + 80);
      await page.mouse.up({ button: "middle" });
      expect(await look()).toEqual({ zoom: 2, x: 6, y: 7 });
      await page.keyboard.down("Space");
      await page.mouse.down();
      await page.mouse.move(LEFT + 120, TOP + 80);
      await page.mouse.up();
      await page.keyboard.up("Space");
      expect(await look()).toEqual({ zoom: 2, x: 7, y: 7 });
      await page.mouse.click(LEFT + 20 * (23 - 7) - 1, TOP + 20 * (9 - 7) + 1);
      expect(await pixels(page, 3)).toEqual([...box(20, 4, 24, 8), "22,9", "10,12"]);
      // Where it is drawn is where it was clicked.
      const drawn = await page.evaluate(() => {
        const { x, y, width } = document.querySelector(".map-view-ids")!.getBoundingClientRect();
        return [x, y, width];
      });
      expect(drawn).toEqual([LEFT - 7 * 20, TOP - 7 * 20, 32 * 20]);
      for (let i = 0; i < 4; i++) await page.mouse.wheel(0, 120);
      await expect.poll(look).toEqual({ zoom: 1, x: 0, y: 0 });
    });

    test("one finger paints; a second that comes soon takes it back and zooms; a late one does nothing", async () => {
      const page = await open(lab, { touch: true });
      const before = await ids(page);
      await choose(page, { size: 1, label: 3 });
      const session = await page.context().newCDPSession(page);
      const start = Date.now() / 1000;
      type Points = [number, number][];
      const touch = (type: "touchStart" | "touchMove" | "touchEnd", points: Points, seconds: number) =>
        session.send("Input.dispatchTouchEvent", {
          type,
          touchPoints: points.map(([x, y], id) => ({ x, y, id })),
          timestamp: start + seconds,
        });
      await touch("touchStart", [on(2, 10)], 10);
      await touch("touchMove", [on(9, 10)], 10.1);
      // The brush is shown under the finger and again above it.
      const shown = await tinted(page);
      expect(shown).toContain("9,10");
      expect(shown.length).toBe(2);
      await touch("touchStart", [on(9, 10), on(20, 10)], 10.3);
      await touch("touchMove", [on(10, 10), on(20, 20)], 10.4);
      await touch("touchEnd", [], 10.5);
      expect(await pixels(page, 3)).toEqual([...box(20, 4, 24, 8), ...box(2, 10, 11, 11)]);
      expect(await tinted(page)).toEqual([]);
      await page.evaluate(() => window.studio.doc.value.undo());

      await touch("touchStart", [on(10, 10)], 20);
      await touch("touchStart", [on(10, 10), on(20, 10)], 20.1);
      expect(await ids(page)).toEqual(before);
      // Twice as far apart, and their middle from 15.5 to 13.5.
      await touch("touchMove", [on(3, 10), on(23, 10)], 20.2);
      await touch("touchEnd", [], 20.3);
      const { zoom, x, y } = await page.evaluate(() => ({
        zoom: window.studio.controls.viewport.zoom.value,
        ...window.studio.controls.viewport.origin.value,
      }));
      expect(zoom).toBeCloseTo(2);
      expect(x).toBeCloseTo(15.5 - 13.5 / 2);
      expect(y).toBeCloseTo(10.5 / 2);
      expect(await ids(page)).toEqual(before);
    });

    test("a pen's pressure makes the brush, and one stroke of a pen has all the places between two frames", async () => {
      const page = await open(lab);
      await choose(page, { size: 8, shape: "square", label: 3 });
      await page.evaluate(
        ([left, top]) => {
          const root = document.querySelector(".map-view")!;
          const event = (type: string, x: number, y: number, pressure: number, parts: PointerEvent[] = []) =>
            new PointerEvent(type, {
              ...{ pointerId: 1, pointerType: "pen", bubbles: true, button: type === "pointermove" ? -1 : 0, pressure },
              ...{ clientX: left + x * 10, clientY: top + y * 10, coalescedEvents: parts },
            });
          // A made pointer can't be captured.
          root.setPointerCapture = () => {};
          root.dispatchEvent(event("pointerdown", 6, 12, 0));
          const parts = [event("pointermove", 26, 12, 0), event("pointermove", 26, 20, 1)];
          root.dispatchEvent(event("pointermove", 26, 20, 1, parts));
          root.dispatchEvent(event("pointerup", 26, 20, 0));
        },
        [LEFT, TOP],
      );
      const painted = await pixels(page, 3);
      // Two pixels high on the way to the right, eight at the end.
      expect(painted.filter((p) => p.startsWith("15,"))).toEqual(["15,11", "15,12"]);
      expect(painted.filter((p) => p.endsWith(",21"))).toEqual(box(22, 21, 30, 22));
    });

    test("all moves of a frame are drawn once; the map has its labels' colours", async () => {
      const page = await open(lab);
      await choose(page, { size: 1, label: 3 });
      await page.mouse.move(...on(2, 10));
      await page.mouse.down();
      const draws = await page.evaluate(
        async ([left, top]) => {
          const frame = () => new Promise((done) => requestAnimationFrame(done));
          await frame();
          await frame();
          let draws = 0;
          const { putImageData } = CanvasRenderingContext2D.prototype;
          CanvasRenderingContext2D.prototype.putImageData = function (
            this: CanvasRenderingContext2D,
            ...args: unknown[]
          ) {
            draws++;
            putImageData.apply(this, args as Parameters<typeof putImageData>);
          };
          const root = document.querySelector(".map-view")!;
          let asked = 0;
          const request = window.requestAnimationFrame;
          window.requestAnimationFrame = (act) => {
            asked++;
            return request(act);
          };
          for (let x = 3; x < 30; x++) {
            const init = { pointerId: 1, pointerType: "mouse", clientX: left + x * 10 + 5, clientY: top + 105 };
            root.dispatchEvent(new PointerEvent("pointermove", init));
          }
          window.requestAnimationFrame = request;
          await frame();
          await frame();
          await frame();
          return [asked, draws];
        },
        [LEFT, TOP],
      );
      await page.mouse.up();
      expect(draws).toEqual([1, 1]);
      const drawn = await page.evaluate(() => {
        const canvas = document.querySelector<HTMLCanvasElement>(".map-view-ids")!;
        const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
        const color = (x: number, y: number) => [...data.subarray(4 * (y * canvas.width + x)).subarray(0, 4)];
        return [color(0, 0), color(0, 20), color(20, 10)];
      });
      expect(drawn).toEqual([
        [0x80, 0xc0, 0xff, 255],
        [0x40, 0x40, 0x40, 255],
        [0xa0, 0x40, 0x20, 255],
      ]);
    });

    test("it can be worked by keys alone, which scroll nothing; other keys go on to the page", async () => {
      const page = await open(lab);
      await choose(page, { size: 2, shape: "square", label: 0 });
      await page.evaluate(() => {
        window.addEventListener("keydown", ({ key }) => (document.title = `${document.title} ${key}`));
        document.title = "keys";
      });
      await page.keyboard.press("Tab");
      const focused = await page.evaluate(() => {
        const { role, ariaLabel } = document.activeElement!;
        return [role, ariaLabel];
      });
      expect(focused).toEqual(["application", "Label map, 32 by 24 pixels"]);
      for (const key of ["4", "ArrowDown", "ArrowDown", "Shift+ArrowLeft", "Space", "r", "Tab"])
        await page.keyboard.press(key);
      expect(await pixels(page, 3)).toEqual([...box(20, 4, 24, 8), ...box(8, 14, 10, 16)]);
      expect(await page.evaluate(() => [document.title, scrollY, window.studio.controls.said.value])).toEqual([
        "keys Tab Shift r Tab",
        0,
        "House, size 2, at 8, 14",
      ]);
    });

    test("the label under the pointer is known, named after a rest, and a label's regions are outlined", async () => {
      const page = await open(lab);
      const name = () =>
        page.evaluate(() => {
          const element = document.querySelector<HTMLElement>(".map-view-name")!;
          return element.hidden ? null : element.textContent;
        });
      await page.mouse.move(...on(5, 5));
      expect(await page.evaluate(() => window.studio.settings.pointed.value)).toBe(2);
      expect(await name()).toBeNull();
      await expect.poll(name, { interval: 50, timeout: 5000 }).toBe("Tree");
      await page.mouse.move(...on(5, 12));
      expect(await name()).toBeNull();
      await page.mouse.move(5, 5);
      expect(await page.evaluate(() => window.studio.settings.pointed.value)).toBeUndefined();
      expect(await tinted(page)).toEqual([]);
      await page.evaluate(() => (window.studio.settings.outlined.value = 3));
      await tinted(page);
      const lines = await page.evaluate(() => {
        const canvas = document.querySelector<HTMLCanvasElement>(".map-view-overlay")!;
        const window = document.querySelector(".map-view")!.getBoundingClientRect();
        const box = canvas.getBoundingClientRect();
        const at = (x: number, y: number) => [
          ...canvas.getContext("2d")!.getImageData(x + window.left - box.left, y + window.top - box.top, 1, 1).data,
        ];
        return [at(199, 50), at(200, 50), at(201, 50), at(239, 50), at(240, 50), at(220, 50)];
      });
      const [white, black, none] = [
        [255, 255, 255, 255],
        [0, 0, 0, 255],
        [0, 0, 0, 0],
      ];
      expect(lines).toEqual([white, black, none, black, white, none]);
    });

    test("the size is shown in the middle while it changes and no pointer is there", async () => {
      const page = await open(lab);
      await choose(page, { size: 3, shape: "square", label: 3 });
      expect(await tinted(page)).toEqual(box(15, 11, 18, 14));
      await expect.poll(() => tinted(page), { timeout: 5000 }).toEqual([]);
    });

    test("a photo shines through as much as it is to", async () => {
      const page = await open(lab);
      await page.evaluate(async () => {
        window.studio.photo.value = await createImageBitmap(new ImageData(8, 6));
        window.studio.photoOpacity.value = 0.25;
      });
      await tinted(page);
      const state = await page.evaluate(() => {
        const [photo, map] = document.querySelectorAll<HTMLCanvasElement>(".map-view-layers canvas");
        const size = (canvas: HTMLCanvasElement) => canvas.getBoundingClientRect().toJSON() as unknown;
        return { opacity: map.style.opacity, width: photo.width, same: [size(photo), size(map)] };
      });
      expect(state).toMatchObject({ opacity: "0.75", width: 8 });
      expect(state.same[0]).toEqual(state.same[1]);
    });

    test("another document is shown at once, whole; what was begun in the old one is taken back", async () => {
      const page = await open(lab);
      await choose(page, { size: 1, label: 3 });
      await page.mouse.move(...on(2, 10));
      await page.mouse.wheel(0, -120);
      await page.mouse.down();
      await page.mouse.move(...on(9, 10));
      const [editing, zoom, size] = await page.evaluate(async () => {
        const { studio } = window;
        const old = studio.doc.value;
        studio.doc.value = new studio.MapDocument(16, 16, new Uint8Array(256));
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        const root = document.querySelector<HTMLElement>(".map-view")!;
        const canvas = document.querySelector<HTMLCanvasElement>(".map-view-ids")!;
        const { zoom } = studio.controls.viewport;
        return [old.editing, zoom.value, [root.offsetWidth, root.offsetHeight, canvas.width, canvas.height]];
      });
      await page.mouse.up();
      expect([editing, zoom, size]).toEqual([false, 1, [160, 160, 16, 16]]);
      expect(await page.getAttribute(".map-view", "aria-label")).toBe("Label map, 16 by 16 pixels");
    });

    test("taken off the page, it leaves no listener on the window and draws no more", async () => {
      const page = await open(lab);
      const session = await page.context().newCDPSession(page);
      const listeners = async () => {
        const { result } = await session.send("Runtime.evaluate", { expression: "window" });
        const found = await session.send("DOMDebugger.getEventListeners", { objectId: result.objectId! });
        return found.listeners.map(({ type }) => type).filter((type) => type === "resize");
      };
      expect(await listeners()).toEqual(["resize"]);
      const after = await page.evaluate(async () => {
        const { studio } = window;
        studio.shown.value = false;
        const frame = () => new Promise((done) => requestAnimationFrame(done));
        await frame();
        await frame();
        let draws = 0;
        CanvasRenderingContext2D.prototype.putImageData = () => draws++;
        studio.doc.value.replace(new Uint8Array(32 * 24));
        studio.settings.size.value = 30;
        await frame();
        await frame();
        return [draws, document.querySelector(".map-view")];
      });
      expect(after).toEqual([0, null]);
      expect(await listeners()).toEqual([]);
    });

    test("on a screen of another ratio and at another scale the cursor stays exact", async () => {
      const page = await open(lab);
      await choose(page, { size: 5, label: 3 });
      await page.mouse.move(...on(10, 11));
      const cursor = await tinted(page);
      const sizes = () =>
        page.evaluate(() => {
          const { width, style } = document.querySelector<HTMLCanvasElement>(".map-view-overlay")!;
          return [width / parseFloat(style.width), document.querySelector<HTMLElement>(".map-view")!.offsetWidth];
        });
      expect(await sizes()).toEqual([1, 320]);
      const session = await page.context().newCDPSession(page);
      const metrics = { width: 1000, height: 700, deviceScaleFactor: 2, mobile: false };
      await session.send("Emulation.setDeviceMetricsOverride", metrics);
      await expect.poll(sizes).toEqual([2, 320]);
      expect(await tinted(page)).toEqual(cursor);
      await page.evaluate(() => (window.studio.scale.value = 5));
      await expect.poll(sizes).toEqual([2, 160]);
      expect(await tinted(page)).toEqual(cursor);
    });

    test("keys act with the focus on any control, but not where they have a meaning or are typed", async () => {
      const page = await open(lab);
      await page.evaluate(() =>
        document.body.insertAdjacentHTML(
          "beforeend",
          `<button>b</button><input type="range" min="0" max="9" value="5"><input type="search">
           <select><option>a<option>g</select><dialog><button id="in">b</button></dialog>`,
        ),
      );
      const state = () =>
        page.evaluate(() => {
          const { settings, controls } = window.studio;
          return [settings.tool.value, settings.label.value, settings.size.value, controls.viewport.zoom.value];
        });
      await choose(page, { size: 5 });
      for (const on of ["button", "input[type=range]"]) {
        await page.focus(on);
        for (const key of ["g", "3", "]", "+"]) await page.keyboard.press(key);
        expect(await state()).toEqual(["fill", 2, 6, 1.5]);
        for (const key of ["b", "1", "[", "-"]) await page.keyboard.press(key);
        expect(await state()).toEqual(["brush", 0, 5, 1]);
      }
      await page.keyboard.press("+");
      await page.keyboard.press("Home");
      expect([await page.inputValue("input[type=range]"), (await state())[3]]).toEqual(["0", 1.5]);
      await page.focus("button");
      const before = await ids(page);
      for (const key of ["Home", "Space", "Enter", "ArrowLeft"]) await page.keyboard.press(key);
      expect([await state(), await ids(page)]).toEqual([["brush", 0, 5, 1], before]);
      await page.evaluate(() => document.querySelector("dialog")!.show());
      for (const on of ["input[type=search]", "select", "#in"]) {
        await page.focus(on);
        for (const key of ["g", "3", "+"]) await page.keyboard.press(key);
        expect(await state()).toEqual(["brush", 0, 5, 1]);
      }
      await page.evaluate(() => document.querySelector("dialog")!.close());
      await page.focus("button");
      for (const key of "/house") await page.keyboard.press(key);
      expect((await state())[1]).toBe(3);
    });

    test("another map is shown whole, whatever was seen of the one before", async () => {
      const page = await open(lab);
      const zooms = await page.evaluate(async () => {
        const { viewport } = window.studio.controls;
        const { doc, MapDocument } = window.studio;
        const zooms: number[] = [];
        const frame = () => new Promise((done) => requestAnimationFrame(done));
        for (const exchange of [
          () => doc.value.replace(new Uint8Array(32 * 24)),
          () => (doc.value = new MapDocument(32, 24, new Uint8Array(32 * 24))),
          () => (doc.value.begin(), doc.value.paint([{ y: 1, x0: 1, x1: 4 }], 1, new Set()), doc.value.commit()),
        ]) {
          viewport.zoomTo(3);
          exchange();
          await frame();
          zooms.push(viewport.zoom.value);
        }
        return zooms;
      });
      expect(zooms).toEqual([1, 1, 3]);
    });

    test("the system's cursor is hidden where the brush is shown, a ring shows the focus of keys alone", async () => {
      const page = await open(lab);
      const style = () =>
        page.evaluate(() => {
          const { cursor, outlineStyle } = getComputedStyle(document.querySelector(".map-view")!);
          return [cursor, outlineStyle];
        });
      await page.mouse.click(...on(3, 3));
      expect(await style()).toEqual(["none", "none"]);
      await page.keyboard.press("g");
      expect(await style()).toEqual(["crosshair", "solid"]);
      await page.keyboard.down("Space");
      expect((await style())[0]).toBe("grab");
      expect(await tinted(page)).toEqual([]);
    });
  },
  "swiftshader",
);
