// The studio under difficulties: the GPU is lost, there is no network, no mouse, only a finger. Tiny nets paint.

import type { Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { describePage, type Lab } from "./harness.ts";
import {
  button,
  drop,
  hear,
  idAt,
  idsOf,
  NET,
  open,
  openOnPhone,
  OTHER,
  person,
  place,
  serveStudio,
  shown,
  stroke,
  take,
  tinyNet,
  upToDate,
  visit,
} from "./studio/tiny_studio.ts";

/** Notes every device that the page opens, so that tests can destroy it. */
const DEVICES = `
window.devices = [];
const { requestDevice } = GPUAdapter.prototype;
GPUAdapter.prototype.requestDevice = async function (...args) {
  const device = await requestDevice.apply(this, args);
  devices.push(device);
  return device;
};`;

const noted = async (lab: Lab, phone = false): Promise<Page> => {
  const size = phone ? { width: 390, height: 844 } : { width: 1440, height: 900 };
  const context = await person(lab, { viewport: size, hasTouch: phone });
  await context.addInitScript(DEVICES);
  return visit(lab, context);
};
const destroy = (page: Page) => page.evaluate(() => window.devices.at(-1)!.destroy());

async function crash(lab: Lab): Promise<void> {
  const session = await lab.browser.newBrowserCDPSession();
  // It does not answer: the process is gone.
  void session.send("Browser.crashGpuProcess" as never).catch(() => undefined);
  await new Promise((done) => setTimeout(done, 500));
}

/** Whether the map's canvas shows the colours of the map. */
const mapIsShown = (page: Page) =>
  page.evaluate(() => {
    const { ids } = spadeStudio.doc.value;
    const colors = new Map(spadeStudio.labels.value.map(({ id, color }) => [id, color]));
    const canvas = document.querySelector<HTMLCanvasElement>(".map-view-ids")!;
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, 64, 64);
    const hex = (p: number) => `#${[0, 1, 2].map((c) => data[4 * p + c].toString(16).padStart(2, "0")).join("")}`;
    return ids.every((id, p) => hex(p) === colors.get(id));
  });

/** Text that is cut off is not read. */
async function readable(page: Page): Promise<string> {
  const failure = page.locator(".failure");
  await failure.waitFor();
  const cut = await failure.evaluate((element) => {
    const { left, right, top, bottom } = element.getBoundingClientRect();
    return (
      element.scrollHeight > element.clientHeight + 1 || left < 0 || right > innerWidth || top < 0 || bottom <= top
    );
  });
  expect(cut, "cut off").toBe(false);
  return failure.innerText();
}

describePage("the studio", (lab) => {
  beforeAll(() => serveStudio(lab, [NET, OTHER]));

  describe("a lost GPU", () => {
    test("in mid-stroke: the map stays, the status says it, and the picture comes by itself; a second is final, in words", async () => {
      const page = await noted(lab);
      const errors: string[] = [];
      page.on("pageerror", ({ message }) => errors.push(message));
      await page.evaluate(() => {
        const lines = ((globalThis as unknown as { lines: string[] }).lines = [] as string[]);
        const note = () => lines.push(document.querySelector(".status [role=status]")!.textContent);
        new MutationObserver(note).observe(document.querySelector(".status")!, {
          subtree: true,
          childList: true,
          characterData: true,
        });
      });
      await button(page, "Throw the dice").click();
      await take(page, "car");
      await page.mouse.move(...(await place(page, 10, 30)));
      await page.mouse.down();
      await page.mouse.move(...(await place(page, 30, 30)), { steps: 3 });
      const styles = await page.evaluate(() => spadeStudio.styles.stored());
      await destroy(page);
      await page.mouse.move(...(await place(page, 50, 30)), { steps: 3 });
      await page.mouse.up();
      const ids = await idsOf(page);
      await upToDate(page);
      expect([await idAt(page, 12, 30), await idAt(page, 48, 30)]).toEqual([3, 3]);
      expect(await page.evaluate(() => (globalThis as unknown as { lines: string[] }).lines)).toContain(
        "The browser took the GPU away; it is being opened again",
      );
      expect(await page.evaluate(() => spadeStudio.styles.stored())).toEqual(styles);
      expect(styles.own.length).toBe(1);
      // It is the right picture: that of the same map after a new start.
      const picture = await shown(page);
      await page.reload();
      await upToDate(page);
      expect(await idsOf(page)).toEqual(ids);
      expect(await shown(page)).toBe(picture);

      await destroy(page);
      await page.waitForFunction(
        () => window.devices.length === 2 && spadeStudio.engine.value.state.value.kind === "ready",
      );
      await destroy(page);
      expect(await readable(page)).toMatch(/lost twice within a minute.*reload the page/s);
      await stroke(page, [10, 50], [50, 50]);
      await page.locator(".style").last().locator(".take").click();
      await button(page, /^Undo/).click();
      await button(page, /^Redo/).click();
      expect(await idAt(page, 30, 50)).toBe(3);
      await button(page, "Save picture").click();
      await button(page, /^64 x 64/).click();
      await hear(page, "lost twice");
      expect(await readable(page)).toContain("You can go on painting the map; it is kept.");
      // Trying again keeps map, undo and the last picture, and works where the GPU is back.
      await button(page, "Try again").click();
      expect(await page.locator(".sight canvas").count()).toBe(1);
      await upToDate(page);
      expect(await idAt(page, 30, 50)).toBe(3);
      await button(page, /^Undo/).click();
      expect(await idAt(page, 30, 50)).not.toBe(3);
      expect(errors).toEqual([]);
    });

    test("because its process crashed: the picture comes again; after the second crash a reload brings all back", async () => {
      const page = await open(lab);
      await take(page, "car");
      await page.mouse.move(...(await place(page, 10, 30)));
      await page.mouse.down();
      await page.mouse.move(...(await place(page, 30, 30)), { steps: 3 });
      await crash(lab);
      await page.mouse.move(...(await place(page, 50, 30)), { steps: 3 });
      await page.mouse.up();
      await upToDate(page);
      expect(await idAt(page, 48, 30)).toBe(3);
      expect(await mapIsShown(page)).toBe(true);
      await crash(lab);
      expect(await readable(page)).toMatch(/switched it off for this page.*reload the page/s);
      await stroke(page, [10, 50], [50, 50]);
      expect(await idAt(page, 30, 50)).toBe(3);
      expect(await mapIsShown(page)).toBe(true);
      await page.reload();
      await upToDate(page);
      expect([await idAt(page, 30, 30), await idAt(page, 30, 50)]).toEqual([3, 3]);
    });

    test("on a phone its words can be read, and the map under a finger goes on", async () => {
      const page = await noted(lab, true);
      await destroy(page);
      await page.waitForFunction(
        () => window.devices.length === 2 && spadeStudio.engine.value.state.value.kind === "ready",
      );
      await page.locator(".sight").tap();
      await destroy(page);
      expect(await readable(page)).toMatch(/reload the page.*You can go on painting/s);
      await page.locator(".labels .take", { hasText: "car" }).tap();
      await page.touchscreen.tap(...(await place(page, 30, 30)));
      expect(await idAt(page, 30, 30)).toBe(3);
      await button(page, "Try again").tap();
      await upToDate(page);
    });
  });

  test("without a network after the first visit it opens and paints", async () => {
    const html = lab.server.contents("/site/index.html");
    lab.server.put("/site/", html, { headers: { "content-type": "text/html" } });
    const page = await open(lab, { serviceWorkers: "allow" });
    await take(page, "car");
    await stroke(page, [10, 30], [50, 30]);
    await page.evaluate(() => navigator.serviceWorker.ready);
    await upToDate(page);
    const picture = await shown(page);
    await page.context().setOffline(true);
    await page.reload();
    await upToDate(page);
    expect(await shown(page)).toBe(picture);
    await stroke(page, [10, 50], [50, 50]);
    await upToDate(page);
    expect(await shown(page)).not.toBe(picture);
    await button(page, "Start maps").click();
    expect(await page.getByRole("dialog").innerText()).toContain("Start maps");
  });

  describe("by keyboard alone", () => {
    test("Tab reaches all in order with a visible ring, arrows and Space paint, digits choose labels", async () => {
      const page = await open(lab, { reducedMotion: "reduce" });
      await page.waitForFunction(() => document.querySelectorAll(".style").length === 3);
      const stops: string[] = [];
      for (;;) {
        await page.keyboard.press("Tab");
        const stop = await page.evaluate(() => {
          const element = document.activeElement as HTMLElement;
          const { outlineStyle, outlineWidth, opacity } = getComputedStyle(element);
          const name = element.ariaLabel ?? element.closest("label")?.firstChild?.textContent ?? element.innerText;
          const ring = outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 && opacity !== "0";
          return element === document.body ? undefined : { name: name.replace(/\n.*/s, ""), ring };
        });
        if (!stop || stops.length > 60) break;
        expect(stop).toEqual({ name: stop.name, ring: true });
        stops.push(stop.name);
      }
      expect(stops).toEqual([
        ...["Net", "Start maps", "Save map", "Copy link", "Open", "Save picture"],
        ...["Brush (B)", "Fill (G)", "Line (L)", "Rectangle (U)", "Pick a label (I)"],
        // One label is reached; arrows go to the others.
        ...["sky", "Lock sky: no tool paints over it", "Size", "Round", "Square", "Diamond"],
        ...["Label map, 64 by 64 pixels", "Smooth", "Last pictures"],
        ...["Throw the dice", "Style of a photo", "red", "green", "mean"],
      ]);

      await page.locator(".labels .take", { hasText: "sky" }).focus();
      await page.keyboard.press("ArrowUp");
      await page.keyboard.press("Enter");
      expect(await page.evaluate(() => spadeStudio.settings.label.value)).toBe(3);
      await page.locator(".map-view").focus();
      await page.keyboard.press("2");
      await page.keyboard.press("Shift+ArrowRight");
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Space");
      const spoken = page.locator("[aria-live=polite]");
      await expect.poll(() => spoken.innerText()).toBe("tree, size 12, at 40, 33");
      expect([await idAt(page, 40, 33), await idAt(page, 40, 26)]).toEqual([1, 0]);
      await page.keyboard.press("Control+z");
      await expect.poll(() => spoken.innerText()).toBe("Undone");
      const timing = await page.evaluate(() => {
        const line = document.querySelector(".progress")!.appendChild(document.createElement("i"));
        return getComputedStyle(line).animationTimingFunction;
      });
      expect(timing).toBe("steps(4)");
    });

    test("Escape closes what was opened, and the focus goes back to the button", async () => {
      const page = await open(lab);
      const focused = () =>
        page.evaluate(() => (document.activeElement as HTMLElement).ariaLabel ?? document.activeElement!.textContent);
      for (const name of ["Save picture", "Start maps"]) {
        for (const close of ["Escape", "Enter"]) {
          await button(page, name).focus();
          await page.keyboard.press("Enter");
          await page.getByRole("dialog", { name }).waitFor();
          // Letters are not keys of the page behind it.
          await page.keyboard.press("r");
          if (close === "Enter") await button(page, "Close").focus();
          await page.keyboard.press(close);
          await page.getByRole("dialog").waitFor({ state: "detached" });
          await expect.poll(focused).toBe(name);
        }
      }
      expect(await page.evaluate(() => spadeStudio.styles.all.value.length)).toBe(3);
      await button(page, "Last pictures").focus();
      await page.keyboard.press("Enter");
      await page.locator(".film .popover button").first().focus();
      await page.keyboard.press("Escape");
      await expect.poll(focused).toBe("Last pictures");
      await expect.poll(() => page.locator(".film .popover").count()).toBe(0);

      await page.keyboard.press("r");
      await button(page, "Name this style").focus();
      await page.keyboard.press("Enter");
      await page.locator("input:focus").waitFor();
      await page.keyboard.type("reef");
      await page.keyboard.press("Escape");
      await expect.poll(focused).toContain("Throw");
      await button(page, "Name this style").focus();
      await page.keyboard.press("Enter");
      await page.locator("input:focus").waitFor();
      await page.keyboard.press("Control+a");
      await page.keyboard.type("re");
      // A thumbnail that comes meanwhile leaves what was typed.
      await page.evaluate(() => {
        const { all } = spadeStudio.thumbnails;
        all.value = new Map([...all.value].map(([id, thumbnail]) => [id, { ...thumbnail, fresh: !thumbnail.fresh }]));
      });
      await page.keyboard.type("ef");
      await page.keyboard.press("Enter");
      await expect.poll(focused).toContain("reef");
    });
  });

  test("? shows the keys, and they act no more until it is closed", async () => {
    const page = await open(lab);
    await page.locator(".map-view").focus();
    await page.keyboard.press("?");
    const dialog = page.getByRole("dialog", { name: "Keys" });
    await dialog.waitFor();
    expect(await dialog.locator("kbd", { hasText: "Home" }).count()).toBe(1);
    await page.keyboard.press("g");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    expect(await page.evaluate(() => spadeStudio.settings.tool.value)).toBe("brush");
    await page.keyboard.press("g");
    expect(await page.evaluate(() => spadeStudio.settings.tool.value)).toBe("fill");
  });

  test("on a phone the picture over a corner of the map makes room for a finger that paints there", async () => {
    const { page, touch } = await openOnPhone(lab);
    const left = async (): Promise<number> => (await page.locator(".sight").boundingBox())!.x;
    await expect.poll(left).toBe(240);
    const paint = async (...xs: number[]): Promise<void> => {
      await touch("touchStart", await place(page, xs[0], 40));
      for (const x of xs) await touch("touchMove", await place(page, x, 40));
      for (const y of [30, 20, 10, 4]) await touch("touchMove", await place(page, xs.at(-1)!, y));
      await touch("touchEnd");
    };
    await page.locator(".labels .take", { hasText: "car" }).tap();
    await paint(30, 40, 50, 58);
    await expect.poll(left).toBe(0);
    expect([await idAt(page, 58, 4), await idAt(page, 58, 20)]).toEqual([3, 3]);
    await paint(50, 30, 20, 6);
    await expect.poll(left).toBe(240);
    expect([await idAt(page, 6, 4), await idAt(page, 6, 20)]).toEqual([3, 3]);
  });

  test("with a finger on a phone: strokes, the picture by a tap, the row of labels, the menu", async () => {
    const { page, session, touch } = await openOnPhone(lab);
    await page.locator(".labels .take", { hasText: "car" }).tap();
    await touch("touchStart", await place(page, 10, 30));
    for (const x of [20, 30, 40]) await touch("touchMove", await place(page, x, 30));
    await touch("touchEnd");
    await upToDate(page);
    for (const x of [10, 25, 40]) expect(await idAt(page, x, 30)).toBe(3);
    expect(await page.evaluate(() => [scrollX, scrollY])).toEqual([0, 0]);

    const width = async (of: string): Promise<number> => Math.round((await page.locator(of).boundingBox())!.width);
    const widths = async (): Promise<number[]> => [await width(".map-view"), await width(".sight")];
    await expect.poll(widths).toEqual([390, 150]);
    await page.locator(".sight").tap();
    await expect.poll(widths).toEqual([148, 390]);
    await page.locator(".sight").tap({ position: { x: 60, y: 300 } });
    await expect.poll(widths).toEqual([390, 150]);

    await button(page, "More").tap();
    await button(page, "Start maps").tap();
    await page.getByRole("dialog").waitFor();
    await button(page, "Close").tap();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await expect.poll(() => page.evaluate(() => document.activeElement!.ariaLabel)).toBe("More");
    await button(page, "More").tap();
    await button(page, "Copy link").waitFor();
    await page.touchscreen.tap(...(await place(page, 5, 60)));
    await button(page, "Copy link").waitFor({ state: "hidden" });

    const names = Array.from({ length: 16 }, (_, id) => ({ id, name: `thing ${id}`, color: `#0102${id + 16}` }));
    await drop(page, "many.safetensors", await tinyNet({ label_nc: 16 }, names));
    await page.waitForFunction(() => spadeStudio.net.value.id === "many.safetensors" && spadeStudio.upToDate.value);
    const { x, y } = (await page.locator(".labels .take").nth(4).boundingBox())!;
    await session.send("Input.synthesizeScrollGesture", { x: x + 5, y: y + 5, xDistance: -300, speed: 2000 });
    expect(await page.locator(".labels").evaluate((row) => row.scrollLeft)).toBeGreaterThan(200);
    const last = page.locator(".labels .take", { hasText: "thing 15" });
    await last.tap();
    expect(await page.evaluate(() => spadeStudio.settings.label.value)).toBe(15);
  });
});
