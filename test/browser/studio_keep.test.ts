// What the studio keeps: documents over reloads and between tabs, and the page itself without a network.

import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BrowserContext, Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
// @ts-expect-error: a script without types
import * as untyped from "../../scripts/build/site.mjs";
import { describePage } from "./harness.ts";
import { servePart } from "./studio/bundle.ts";
import type {} from "./studio/keep_page.ts";

const { buildSite, ENGINE } = untyped as { buildSite(o: { out: string }): Promise<unknown>; ENGINE: string[] };

describePage("documents", (lab) => {
  beforeAll(() => servePart(lab, "keep"));

  async function open(context: BrowserContext, before?: string): Promise<Page> {
    const page = await context.newPage();
    page.on("pageerror", (error) => console.error(`page: ${error.message}`));
    if (before) await page.addInitScript(before);
    await page.goto(`${lab.server.origin}/studio/keep.html`);
    await ready(page);
    return page;
  }
  const ready = (page: Page) => page.waitForFunction("window.tab !== undefined");
  const begun = (page: Page) => page.evaluate(() => window.tab.begun);
  const change = (page: Page, value: number) => page.evaluate((v) => window.tab.change(v), value);
  const flushed = (page: Page) => page.evaluate(() => window.tab.save.flush());

  test("come back after a reload that follows a change at once", async () => {
    const page = await open(await lab.context());
    expect(await begun(page)).toEqual({ value: 0, isCopy: false });
    await change(page, 7);
    await page.reload();
    await ready(page);
    expect(await begun(page)).toEqual({ value: 7, isCopy: false, styles: { own: [{ name: "dusk", z: [1, 2] }] } });
  });

  test("come back after the tab was closed", async () => {
    const context = await lab.context();
    const page = await open(context);
    await change(page, 5);
    await flushed(page);
    await page.close();
    expect(await begun(await open(context))).toMatchObject({ value: 5, isCopy: false });
  });

  test("of two tabs never overwrite each other: the second has a copy, and each goes on with its own", async () => {
    const context = await lab.context();
    const first = await open(context);
    await change(first, 1);
    await flushed(first);
    const second = await open(context);
    expect(await begun(second)).toMatchObject({ value: 1, isCopy: true });
    await change(second, 2);
    await flushed(second);
    await change(first, 3);
    await flushed(first);
    for (const [page, value] of [
      [second, 2],
      [first, 3],
    ] as const) {
      await page.reload();
      await ready(page);
      expect(await begun(page)).toMatchObject({ value, isCopy: false });
    }
    // A new tab takes the document that is free, though it is not the newest.
    await second.close();
    const third = await open(context);
    expect(await begun(third)).toMatchObject({ value: 2, isCopy: false });
  });

  test("are at most about eight; the oldest that no tab has open go", async () => {
    const context = await lab.context();
    const oldest = await open(context);
    await change(oldest, 100);
    await flushed(oldest);
    const tabs: Page[] = [];
    for (let i = 1; i <= 10; i++) {
      const page = await open(context);
      await change(page, i);
      await flushed(page);
      tabs.push(page);
    }
    await Promise.all(tabs.map((page) => page.close()));
    const left = await open(context);
    expect(await begun(left)).toMatchObject({ value: 10 });
    const values = await left.evaluate(
      () =>
        new Promise<number[]>((resolve, reject) => {
          const opening = indexedDB.open("spade-webgpu studio");
          opening.onerror = () => reject(opening.error!);
          opening.onsuccess = () => {
            const all = opening.result.transaction("documents").objectStore("documents").getAll();
            all.onsuccess = () => resolve((all.result as { ids: Uint8Array }[]).map(({ ids }) => ids[0]));
          };
        }),
    );
    expect(values.sort((a, b) => a - b)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 100]);
  });

  test("a browser without IndexedDB says so, and the page works", async () => {
    const page = await open(
      await lab.context(),
      "indexedDB.open = () => { throw new DOMException('it is forbidden here') }",
    );
    const { value, problem } = await begun(page);
    expect([value, problem]).toEqual([
      0,
      "The browser can't keep your work (it is forbidden here). Save the map as a file before you close the page.",
    ]);
  });
});

describePage("the page", (lab) => {
  const out = mkdtempSync(join(tmpdir(), "spade-site-"));
  const dist = fileURLToPath(new URL("../../dist/", import.meta.url));
  beforeAll(async () => {
    await buildSite({ out });
    for (const path of readdirSync(out, { recursive: true, encoding: "utf8" }))
      if (path.includes(".")) lab.server.put(`/sub/path/${path.replaceAll("\\", "/")}`, readFileSync(join(out, path)));
    lab.server.put("/sub/path/", readFileSync(join(out, "index.html")), { headers: { "content-type": "text/html" } });
    for (const name of ENGINE) lab.server.put(`/sub/path/engine/${name}`, readFileSync(join(dist, name)));
    lab.server.put("/sub/path/weights/a.json", "{}");
  });

  /** Opens it, and waits until the worker has everything. */
  async function visited(): Promise<Page> {
    const page = await (await lab.context()).newPage();
    await page.goto(`${lab.server.origin}/sub/path/`);
    await page.evaluate(() => navigator.serviceWorker.register("sw.js").then(() => navigator.serviceWorker.ready));
    await page.reload();
    await page.waitForFunction("navigator.serviceWorker.controller !== null");
    return page;
  }

  test("opens without a network after one visit, under any path, with the engine", async () => {
    const page = await visited();
    await page.context().setOffline(true);
    await page.reload();
    expect(await page.title()).toBe("Painting studio");
    const exports = await page.evaluate("import(`${location.href}engine/index.js`).then(Object.keys)");
    expect(exports).toContain("createSpade");
    expect(await page.evaluate(() => fetch("nets.json").then((r) => r.status))).toBe(200);
  });

  test("leaves weights and other files to the engine and the network", async () => {
    const page = await visited();
    expect(await page.evaluate(() => fetch("weights/a.json").then((r) => r.text()))).toBe("{}");
    await page.context().setOffline(true);
    for (const path of ["weights/a.json", "other.txt", "/elsewhere"])
      expect(
        await page.evaluate(
          (p) =>
            fetch(p).then(
              () => true,
              () => false,
            ),
          path,
        ),
        path,
      ).toBe(false);
    const kept = await page.evaluate(async () => {
      const names = await caches.keys();
      return Promise.all(
        names
          .filter((n) => n.startsWith("studio "))
          .map(async (n) => (await (await caches.open(n)).keys()).map(({ url }) => url)),
      );
    });
    expect(kept.length).toBe(1);
    expect(kept[0].filter((url) => url.includes("/weights/"))).toEqual([]);
  });

  test("shows a new version at the next visit, and its worker removes the old files", async () => {
    const page = await visited();
    const paths = ["/sub/path/", "/sub/path/sw.js"] as const;
    const [html, worker] = [readFileSync(join(out, "index.html"), "utf8"), readFileSync(join(out, "sw.js"), "utf8")];
    const types = [{ "content-type": "text/html" }, { "content-type": "text/javascript" }];
    try {
      lab.server.put(paths[0], html.replace("<title>", "<title>New "), { headers: types[0] });
      lab.server.put(paths[1], worker.replace(/"([0-9a-f]{8})"/, '"ffffffff"'), { headers: types[1] });
      await page.reload();
      expect(await page.title()).toBe("New Painting studio");
      const context = page.context();
      await page.evaluate(() => navigator.serviceWorker.getRegistration().then((r) => r!.update()));
      await page.waitForFunction("navigator.serviceWorker.getRegistration().then((r) => r.waiting !== null)");
      const next = await context.newPage();
      await next.goto(`${lab.server.origin}/pages/plain.html`);
      await page.close();
      const names = () => next.evaluate(() => caches.keys().then((all) => all.filter((n) => n.startsWith("studio "))));
      await expect.poll(names, { timeout: 10_000 }).toEqual([`studio ${lab.server.origin}/sub/path/ ffffffff`]);
    } finally {
      lab.server.put(paths[0], html, { headers: types[0] });
      lab.server.put(paths[1], worker, { headers: types[1] });
    }
  });
});
