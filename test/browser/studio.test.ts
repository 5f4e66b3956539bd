// The studio as a person uses it: a tiny net paints, because what the pictures show does not matter here.

import { beforeAll, describe, expect, test } from "vitest";
import { describePage } from "./harness.ts";
import {
  button,
  idAt,
  open,
  place,
  serveStudio,
  shown,
  stroke,
  take,
  upToDate,
  violations,
  z,
} from "./studio/tiny_studio.ts";

describePage("the studio", (lab) => {
  beforeAll(() => serveStudio(lab));

  test("a stroke becomes a picture without a button; undo brings the earlier picture back without painting it", async () => {
    const page = await open(lab);
    const before = await shown(page);
    await take(page, "car");
    await stroke(page, [10, 40], [50, 40]);
    await upToDate(page);
    const after = await shown(page);
    expect(after).not.toBe(before);
    for (const x of [10, 20, 30, 40, 50]) expect(await idAt(page, x, 40)).toBe(3);
    // One that begins beside the map paints from the edge on.
    await take(page, "tree");
    await stroke(page, [65, 20], [40, 20]);
    for (const x of [63, 50, 40]) expect(await idAt(page, x, 20)).toBe(1);
    await button(page, /^Undo/).click();
    await upToDate(page);

    const painted = await page.evaluate(() => spadeStudio.latencies.length);
    await button(page, /^Undo/).click();
    await upToDate(page);
    expect(await shown(page)).toBe(before);
    expect(await idAt(page, 30, 40)).not.toBe(3);
    await button(page, /^Redo/).click();
    await upToDate(page);
    expect(await shown(page)).toBe(after);
    expect(await page.evaluate(() => spadeStudio.latencies.length)).toBe(painted);
  });

  test("the old picture stays until the new one is there", async () => {
    const page = await open(lab);
    const empty = await page.evaluate(async () => {
      const canvas = document.querySelector<HTMLCanvasElement>(".sight canvas")!;
      const context = canvas.getContext("2d")!;
      let blank = 0;
      for (let i = 0; i < 20; i++) {
        spadeStudio.doc.value.replace(new Uint8Array(64 * 64).fill(i % 4));
        await new Promise((done) => setTimeout(done, 20));
        if (context.getImageData(32, 32, 1, 1).data[3] === 0) blank++;
      }
      return { blank, same: canvas === document.querySelector(".sight canvas") };
    });
    expect(empty).toEqual({ blank: 0, same: true });
  });

  describe("styles", () => {
    test("the pointer over one shows it, a click takes it, thumbnails show this map", async () => {
      const page = await open(lab);
      await page.waitForFunction(
        () => [...spadeStudio.thumbnails.all.value.values()].filter((t) => t.fresh).length === 3,
      );
      const first = await shown(page);
      const tile = page.locator(".style", { hasText: "green" }).locator(".take");
      await tile.hover();
      await page.waitForFunction(
        (h) => spadeStudio.upToDate.value && spadeStudio.styles.hovered.value !== undefined && h !== 0,
        first,
      );
      const hovered = await shown(page);
      expect(hovered).not.toBe(first);
      await page.mouse.move(700, 60);
      await upToDate(page);
      expect(await shown(page)).toBe(first);
      await tile.click();
      await page.mouse.move(700, 60);
      await upToDate(page);
      expect(await shown(page)).toBe(hovered);
      // A thumbnail is the picture in that style.
      const thumbnail = await page.evaluate(() =>
        spadeStudio.thumbnails.all.value
          .get("preset green")!
          .image.data.reduce((h, v) => (Math.imul(h, 31) + v) | 0, 7),
      );
      expect(thumbnail).toBe(hovered);
    });

    test("the dice, a name for a throw, and a mix of two with Shift", async () => {
      const page = await open(lab);
      await button(page, "Throw the dice").click();
      await button(page, "Name this style").click();
      // The old name is selected, so that typing replaces it.
      await page.keyboard.type("my dawn");
      await page.keyboard.press("Enter");
      await expect.poll(() => page.locator(".style").last().innerText()).toContain("my dawn");
      await page
        .locator(".style", { hasText: "green" })
        .locator(".take")
        .click({ modifiers: ["Shift"] });
      const mix = page.getByLabel("Mix of my dawn and green");
      await mix.fill("1");
      await upToDate(page);
      const green = await page.evaluate(() => [...spadeStudio.styles.current.value!]);
      expect(green).toEqual([...z(2)]);
    });

    test("R throws the dice, P shows true pixels, C held shows the picture before", async () => {
      const page = await open(lab);
      await take(page, "tree");
      await stroke(page, [5, 5], [60, 60]);
      await upToDate(page);
      await page.locator("h1").click({ position: { x: 1, y: 1 }, force: true });
      await page.keyboard.press("Escape");
      await page.keyboard.press("p");
      expect(await page.locator(".sight.pixels").count()).toBe(1);
      await page.keyboard.down("c");
      await expect.poll(() => page.locator(".before canvas").count()).toBe(1);
      await page.keyboard.up("c");
      await expect.poll(() => page.locator(".before").count()).toBe(0);
      const before = await page.locator(".style").count();
      await page.keyboard.press("r");
      await expect.poll(() => page.locator(".style").count()).toBe(before + 1);
    });
  });

  test("a stroke may begin beside the map, and paints from its edge on", async () => {
    const page = await open(lab);
    await take(page, "car");
    const { x, y, height } = (await page.locator(".map-view").boundingBox())!;
    await page.mouse.move(x - 15, y + height / 2);
    await page.mouse.down();
    await page.mouse.move(x + 5, y + height / 2);
    await page.mouse.move(...(await place(page, 20, 32)), { steps: 4 });
    await page.mouse.up();
    for (const at of [0, 10, 20]) expect(await idAt(page, at, 32)).toBe(3);
    // The keys of the map act then.
    await page.keyboard.press("Control+z");
    await expect.poll(() => idAt(page, 10, 32)).not.toBe(3);
  });

  test("a zoomed map says how large it is shown, with a button that shows all of it", async () => {
    const page = await open(lab);
    const caption = page.locator(".pane.map figcaption");
    const whole = await caption.innerText();
    const fit = button(page, "Fit");
    expect(await fit.count()).toBe(0);
    for (let i = 0; i < 2; i++) await page.keyboard.press("+");
    await fit.waitFor();
    const factor = async (): Promise<number> => Number(/shown at ([\d.]+)x/.exec(await caption.innerText())![1]);
    await expect.poll(factor).toBeGreaterThan(Number(/shown at ([\d.]+)x/.exec(whole)![1]) + 1);
    await fit.click();
    await fit.waitFor({ state: "detached" });
    expect(await caption.innerText()).toBe(whole);
  });

  test("in a full strip a new style comes into view", async () => {
    const page = await open(lab, { viewport: { width: 700, height: 800 } });
    const last = page.locator(".style").last();
    for (let i = 1; i <= 8; i++) {
      await button(page, "Throw the dice").click();
      await expect.poll(() => last.innerText()).toContain(`Throw ${i}`);
    }
    const strip = (await last.locator("..").boundingBox())!;
    await expect
      .poll(async () => {
        const { x, width } = (await last.boundingBox())!;
        return x >= strip.x - 1 && x + width <= strip.x + strip.width + 1;
      })
      .toBe(true);
    // Not all have room: without scrolling it would be out of sight.
    expect(await last.locator("..").evaluate((e) => e.scrollWidth - e.clientWidth)).toBeGreaterThan(50);
  });

  describe("labels", () => {
    test("a lock keeps a label from every tool, and Shift paints only on one", async () => {
      const page = await open(lab);
      await page.evaluate(() =>
        spadeStudio.doc.value.replace(Uint8Array.from({ length: 4096 }, (_, p) => (p < 2048 ? 0 : 2))),
      );
      await page.getByLabel("Lock sky: no tool paints over it").click({ force: true });
      await take(page, "car");
      await stroke(page, [30, 20], [30, 44], 12);
      expect([await idAt(page, 30, 25), await idAt(page, 30, 40)]).toEqual([0, 3]);
      await page.locator(".labels .take", { hasText: "sky" }).click({ modifiers: ["Shift"] });
      await stroke(page, [50, 20], [50, 44], 12);
      expect([await idAt(page, 50, 25), await idAt(page, 50, 40)]).toEqual([3, 2]);
    });
  });

  test("the film strip brings map and style of an earlier picture back", async () => {
    const page = await open(lab);
    const first = await shown(page);
    await take(page, "car");
    await stroke(page, [10, 20], [50, 20]);
    await upToDate(page);
    await page.locator(".style", { hasText: "green" }).locator(".take").click();
    await upToDate(page);
    await page.waitForFunction(() => spadeStudio.pictures.all.value.length === 3);
    await button(page, "Last pictures").click();
    await page.locator(".film .popover button").last().click();
    await upToDate(page);
    expect(await shown(page)).toBe(first);
    expect(await page.evaluate(() => spadeStudio.styles.chosen.value)).toBe("preset red");
  });

  test("without WebGPU the map can be painted, and the picture's place says what to do", async () => {
    const context = await lab.context({ viewport: { width: 1024, height: 768 } });
    const page = await context.newPage();
    await page.addInitScript(() => Object.defineProperty(navigator, "gpu", { value: undefined }));
    await page.goto(`${lab.server.origin}/site/index.html`);
    await page.locator(".failure").waitFor();
    expect(await page.locator(".failure").innerText()).toMatch(/WebGPU/);
    await page.locator(".labels .take").nth(3).click();
    await stroke(page, [10, 40], [50, 40]);
    expect(await idAt(page, 30, 40)).toBe(3);
  });

  test("axe finds nothing at three sizes, light and dark", async () => {
    for (const [width, height, colorScheme] of [
      [1440, 900, "light"],
      [1024, 768, "dark"],
      [390, 844, "light"],
    ] as const) {
      const page = await open(lab, { viewport: { width, height }, colorScheme });
      // Under the pointer it has another colour, and must be as easy to read.
      const save = button(page, /^Save( picture)?$/);
      const back = () => save.evaluate((element) => getComputedStyle(element).backgroundColor);
      const plain = await back();
      await save.hover();
      expect(await back()).not.toBe(plain);
      expect(await violations(page), `${width}x${height} ${colorScheme}`).toEqual([]);
    }
  });
});
