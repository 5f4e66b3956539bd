// The cache of weights in a page: what a second visit downloads, offline, two tabs at once, caches of the page's own, and no room.

import type { BrowserContext, Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { large, manifest, tiny } from "./files.ts";
import { describePage, type Lab } from "./harness.ts";

/** Loads and paints. */
const load = (page: Page, weights: string) =>
  page.evaluate(async (weights) => {
    const before = await window.lib.isCached(weights);
    const { spade, error, progress } = await window.lib.load({ weights });
    const picture = spade && (await window.lib.paint(spade, window.lib.stripes(64, 64, 4)));
    spade?.dispose();
    return { before, after: await window.lib.isCached(weights), error, picture, cached: progress.at(-1)?.cached };
  }, weights);

/** A first visit, and the page of a second one in the same context. */
async function visitTwice(
  lab: Lab,
  weights: string,
): Promise<{ context: BrowserContext; second: Page; picture: string }> {
  const context = await lab.context();
  const first = await lab.page(context);
  const { before, after, picture, cached, error } = await load(first, weights);
  expect({ error, before, after, cached }).toEqual({ error: undefined, before: false, after: true, cached: false });
  await first.close();
  const second = await lab.page(context);
  lab.server.forgetVisits();
  return { context, second, picture: picture! };
}

const again = (picture: string) => ({ before: true, after: true, error: undefined, picture, cached: true });

describePage("the cache of a page", (lab) => {
  let bytes: Uint8Array;
  let beside: string;
  let small: Uint8Array;
  beforeAll(async () => {
    [bytes, small] = await Promise.all([large(2), tiny()]);
    beside = await manifest(bytes);
  });
  /** @param name of the test's own file */
  const put = (name: string, hasManifest = true): string => {
    const weights = lab.server.put(`/${name}/net.safetensors`, bytes);
    if (hasManifest) lab.server.put(`${weights}.json`, beside);
    return weights;
  };

  test("with a manifest, a second visit asks for the manifest alone", async () => {
    const weights = put("manifest");
    const { second, picture } = await visitTwice(lab, weights);
    expect(await load(second, weights)).toEqual(again(picture));
    expect(lab.server.visitsOf(weights)).toEqual([]);
    expect(lab.server.visitsOf(`${weights}.json`)).toHaveLength(1);
  });

  test("without one, a second visit compares the ETag and downloads no more than has begun to arrive", async () => {
    const weights = put("etag", false);
    const { second, picture } = await visitTwice(lab, weights);
    lab.server.set(weights, { pace: 50 });
    expect(await load(second, weights)).toEqual(again(picture));
    expect(lab.server.visitsOf(weights)).toHaveLength(1);
    expect(lab.server.sent(weights)).toBeLessThan(bytes.length / 2);
  });

  test("a file that has changed is downloaded; with a manifest, its changed parts alone", async () => {
    const weights = put("changed");
    const { second } = await visitTwice(lab, weights);
    const other = bytes.slice();
    // A byte of the last part.
    other[other.length - 1] ^= 1;
    lab.server.put(weights, other);
    lab.server.put(`${weights}.json`, await manifest(other));
    expect(await load(second, weights)).toMatchObject({ error: undefined, cached: false, after: true });
    expect(lab.server.sent(weights)).toBe(bytes.length % (4 << 20));
  });

  test("offline, the file is read from the cache, with a manifest and without", async () => {
    for (const name of ["offline", "offline-without"]) {
      const weights = put(name, name === "offline");
      const { context, second, picture } = await visitTwice(lab, weights);
      await context.setOffline(true);
      expect(await load(second, weights)).toEqual(again(picture));
    }
  });

  test("clearCache forgets one file, or all", async () => {
    const [a, b] = [put("clear-a"), put("clear-b", false)];
    const page = await lab.page();
    await load(page, a);
    await load(page, b);
    const cached = (): Promise<boolean[]> =>
      page.evaluate(([a, b]) => Promise.all([window.lib.isCached(a), window.lib.isCached(b)]), [a, b]);
    expect(await cached()).toEqual([true, true]);
    await page.evaluate(() => window.lib.clearCache());
    expect(await cached()).toEqual([false, false]);
    lab.server.put(b, small);
    await load(page, a);
    await load(page, b);
    await page.evaluate((a) => window.lib.clearCache(a), a);
    expect(await cached()).toEqual([false, true]);
  });

  test("a cache of the page's own is used in place of the browser's; `cache: false` keeps nothing", async () => {
    const weights = put("own");
    const page = await lab.page();
    const seen = await page.evaluate(async (weights) => {
      const kept = new Map<string, Response>();
      const cache = {
        match: (key: string) => Promise.resolve(kept.get(key)?.clone()),
        put: (key: string, response: Response) => Promise.resolve(void kept.set(key, response)),
        delete: (key: string) => Promise.resolve(kept.delete(key)),
      };
      const cachedAfter = async (cache: SpadeCache) => {
        const { spade, progress } = await window.lib.load({ weights, cache });
        spade!.dispose();
        return progress.at(-1)!.cached;
      };
      type SpadeCache = typeof cache | boolean;
      const own = [await cachedAfter(cache), await cachedAfter(cache)];
      const not = [await cachedAfter(false), await cachedAfter(false)];
      return { own, not, size: kept.size, browser: await window.lib.isCached(weights) };
    }, weights);
    // Three parts, and what the address held.
    expect(seen).toEqual({ own: [false, true], not: [false, false], size: 4, browser: false });
    expect(lab.server.sent(weights)).toBe(3 * bytes.length);
  });

  test("no room in storage: it paints, with one notice memory-only", async () => {
    const weights = put("full");
    const page = await lab.page();
    const { notices, picture, error } = await page.evaluate(async (weights) => {
      const full = () => Promise.reject(new DOMException("Quota exceeded.", "QuotaExceededError"));
      const cache = { match: () => Promise.resolve(undefined), put: full, delete: () => Promise.resolve(false) };
      const { spade, notices, error } = await window.lib.load({ weights, cache });
      const picture = spade && (await window.lib.paint(spade, window.lib.stripes(64, 64, 4)));
      return { notices, picture, error };
    }, weights);
    expect(error).toBeUndefined();
    expect(picture).toHaveLength(64);
    expect(notices.map((n) => n.code)).toEqual(["software-adapter", "memory-only"]);
    expect(notices[1].message).toContain("Quota exceeded.");
    expect(notices[1].fix).toContain("free storage");
  });

  test("a part that is damaged in the cache is downloaded again", async () => {
    const weights = put("rotten");
    const { second, picture } = await visitTwice(lab, weights);
    await second.evaluate(async () => {
      const cache = await caches.open("spade-webgpu");
      const [key] = (await cache.keys()).filter((k) => k.url.includes("/parts/"));
      await cache.put(key, new Response("rotten"));
    });
    const { error, picture: after } = await load(second, weights);
    expect({ error, after }).toEqual({ error: undefined, after: picture });
    expect(lab.server.sent(weights)).toBeLessThanOrEqual(4 << 20);
  });

  test.each([
    ["with a manifest", true],
    ["without one", false],
  ])("two tabs at once download a file once, %s", async (name, hasManifest) => {
    const weights = put(`tabs-${name.replace(/ /g, "-")}`, hasManifest);
    lab.server.set(weights, { pace: 20 });
    const context = await lab.context();
    const tabs = [await lab.page(context), await lab.page(context)];
    const loaded = await Promise.all(tabs.map((page) => load(page, weights)));
    for (const { error, after } of loaded) expect({ error, after }).toEqual({ error: undefined, after: true });
    expect(loaded[0].picture).toBe(loaded[1].picture);
    // Without a manifest the second tab asks for the file to compare its ETag, and lets go of it.
    const most = hasManifest ? bytes.length : bytes.length + (2 << 20);
    expect(lab.server.sent(weights)).toBeLessThanOrEqual(most);
  });
});
