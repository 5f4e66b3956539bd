// The page of a training run, checkpoints/NAME/web/index.html, as it stands from before the first step on: opened from the disk.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { defaultOptions } from "../../src/training/options.ts";
import { Records, type At } from "../../src/training/records/records.ts";
import { describePage } from "./harness.ts";

const at = (step: number): At => ({ epoch: 1, iters: step, total: step, step, seconds: 0.5, lr: 2e-4 });

interface Seen {
  status: string;
  /** Pixels of a chart's canvas in the colour of lines, by the chart's name. */
  charts: Record<string, number>;
  /** Headings that show. */
  sections: string[];
  pictures: number;
}

/** What a visitor sees once the page has read data.js again. */
async function look(page: Page): Promise<Seen> {
  await page.evaluate("load()");
  await page.waitForFunction("!document.querySelector('head script')");
  // Charts are drawn, and fitted to their cards, in the next frames.
  await page.waitForTimeout(300);
  return page.evaluate(() => {
    const shows = (element: Element): boolean => element.getClientRects().length > 0;
    const all = (selector: string): Element[] => [...document.querySelectorAll(selector)].filter(shows);
    const inked = (canvas: HTMLCanvasElement): number => {
      const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
      let pixels = 0;
      // #2b6cb8
      for (let i = 0; i < data.length; i += 4)
        if (data[i] === 0x2b && data[i + 1] === 0x6c && data[i + 2] === 0xb8 && data[i + 3] > 200) pixels++;
      return pixels;
    };
    const charts = all(".chart").map((chart) => [
      chart.querySelector("h3")!.textContent,
      inked(chart.querySelector("canvas")!),
    ]);
    return {
      status: document.querySelector("#status")!.textContent!,
      charts: Object.fromEntries(charts) as Record<string, number>,
      sections: all("h2").map((h) => h.textContent!),
      pictures: all(".trio").length,
    };
  });
}

describePage(
  "the page of a training run",
  (lab) => {
    let folder = "";
    beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "page-"))));
    afterAll(() => rm(folder, { recursive: true, force: true }));

    test("has no empty box: before the first step, after it, after several, and where pictures are gone", async () => {
      const options = { ...defaultOptions, checkpoints_dir: folder, name: "run", label_nc: 3, tf_log: false };
      const records = await Records.open(options, undefined);
      const page = await (await lab.context()).newPage();
      const errors: string[] = [];
      page.on("pageerror", ({ message }) => errors.push(message));
      await page.goto(`file://${folder}/run/web/index.html`);

      const before = await look(page);
      expect(before).toMatchObject({ charts: {}, sections: [], pictures: 0 });
      expect(before.status).toContain("no step yet");

      await records.losses(at(1), { GAN: 1, VGG: NaN });
      const first = await look(page);
      expect(first.status).toContain("1 picture seen");
      expect(first.sections).toEqual(["Curves"]);
      // What has no number has no box.
      expect(Object.keys(first.charts)).toEqual(["GAN", "learning rate", "images/s"]);
      for (const [name, pixels] of Object.entries(first.charts)) expect(pixels, name).toBeGreaterThan(3);

      const map = { width: 2, height: 2, data: Uint8Array.of(0, 1, 2, 0) };
      const shown = { labels: [map], fake: new Float32Array(12), real: new Float32Array(12), h: 2, w: 2 };
      for (let step = 2; step < 5; step++) await records.losses(at(step), { GAN: step, VGG: 2 * step });
      await records.pictures(at(5), shown);
      await records.validation(at(5), { frechet: 9, grid: shown });
      await records.close();
      const several = await look(page);
      expect(several.sections).toEqual(["Curves", "Validation", "Pictures of training"]);
      expect(Object.keys(several.charts)).toHaveLength(5);
      for (const [name, pixels] of Object.entries(several.charts)) expect(pixels, name).toBeGreaterThan(3);
      expect(several.pictures).toBe(2);

      await rm(join(folder, "run/web/images"), { recursive: true });
      await page.reload();
      expect((await look(page)).pictures).toBe(0);
      expect(errors).toEqual([]);
    });
  },
  "swiftshader",
);
