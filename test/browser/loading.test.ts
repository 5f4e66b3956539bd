// Progress while weights load, and weights that do not fit their hashes.

import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import type { Progress, SpadeOptions } from "../../src/index.ts";
import { PART } from "../../src/formats/manifest.ts";
import { integrity, large, manifest } from "./files.ts";
import { describePage } from "./harness.ts";

/** Loads, and says what is in the cache afterwards. */
const load = (page: Page, options: Pick<SpadeOptions, "weights" | "integrity">) =>
  page.evaluate(
    async (options) => {
      const { spade, error, progress } = await window.lib.load(options as SpadeOptions);
      const cache = await caches.open("spade-webgpu");
      const keys = (await cache.keys()).map((request) => request.url);
      const cached = await window.lib.isCached(options.weights as string);
      const picture = spade && (await window.lib.paint(spade, window.lib.stripes(64, 64, 4)));
      return { error, progress, keys, cached, picture };
    },
    options as { weights: string },
  );

function checkProgress(progress: Progress[], bytes: number): void {
  const steps = progress.map((p) => p.progress);
  expect(steps).toEqual([...steps].sort((a, b) => a - b));
  expect(progress.filter((p) => p.phase === "ready")).toEqual([progress.at(-1)]);
  expect(progress.at(-1)).toMatchObject({ progress: 1, cached: false });
  expect(progress.slice(0, -1).every((p) => p.progress < 1)).toBe(true);
  expect(new Set(progress.map((p) => p.phase))).toEqual(new Set(["download", "upload", "compile", "ready"]));
  for (const { phase, loaded, total } of progress)
    if (total !== undefined) expect(loaded, `${phase} ${loaded} of ${total}`).toBeLessThanOrEqual(total);
  const last = progress.filter((p) => p.phase === "download").at(-1)!;
  expect(last).toMatchObject({ loaded: bytes, total: bytes });
}

describePage("loading in a page", (lab) => {
  let bytes: Uint8Array;
  let whole: string;
  beforeAll(async () => {
    bytes = await large(2);
    whole = await manifest(bytes);
  });

  test.each([
    ["plain", { pace: 5 }, false],
    ["with a manifest", { pace: 5 }, true],
    ["compressed", { gzip: true, pace: 5 }, false],
    ["compressed, with a manifest", { gzip: true, pace: 5 }, true],
  ])("progress never falls and ends once, with ready: %s", async (name, manner, beside) => {
    const weights = lab.server.put(`/${name.replace(/\W+/g, "-")}/net.safetensors`, bytes, manner);
    if (beside) lab.server.put(`${weights}.json`, whole);
    const { error, progress, picture } = await load(await lab.page(), { weights });
    expect(error).toBeUndefined();
    checkProgress(progress, bytes.length);
    expect(picture).toHaveLength(64);
  });

  test("a part that does not fit its hash: an error, nothing painted, the file not cached", async () => {
    const weights = lab.server.put("/damaged/net.safetensors", bytes);
    const wrong = JSON.parse(whole) as { parts: string[] };
    wrong.parts[1] = "0".repeat(64);
    lab.server.put(`${weights}.json`, JSON.stringify(wrong));
    const { error, keys, cached, progress } = await load(await lab.page(), { weights });
    expect(error).toMatchObject({ code: "integrity", where: lab.server.origin + weights });
    expect(error!.problem).toContain(`bytes ${PART} to ${2 * PART} hash to`);
    expect(error!.fix).toContain("download it again");
    expect(cached).toBe(false);
    expect(progress.map((p) => p.phase)).not.toContain("ready");
    // Only parts before it, which fit.
    expect(keys.filter((k) => k.includes("/files"))).toEqual([]);
    expect(keys.every((k) => k.includes(wrong.parts[0]))).toBe(true);
  });

  test("a wrong `integrity`: an error, nothing cached; with a manifest, before the download", async () => {
    const wrong = await integrity(Uint8Array.of(1));
    const weights = lab.server.put("/wrong/net.safetensors", bytes);
    const page = await lab.page();
    const without = await load(page, { weights, integrity: wrong });
    expect(without.error).toMatchObject({ code: "integrity" });
    expect(without).toMatchObject({ keys: [], cached: false });
    lab.server.put(`${weights}.json`, whole);
    lab.server.forgetVisits();
    const withManifest = await load(page, { weights, integrity: wrong });
    expect(withManifest.error).toMatchObject({ code: "integrity", problem: expect.stringContaining(wrong) as string });
    expect(withManifest).toMatchObject({ keys: [], cached: false });
    expect(lab.server.sent(weights)).toBe(0);
  });

  test("the right `integrity` paints and is cached, with a manifest and without", async () => {
    const right = await integrity(bytes);
    const page = await lab.page();
    for (const path of ["/right/a.safetensors", "/right/b.safetensors"]) {
      const weights = lab.server.put(path, bytes);
      if (path.includes("b")) lab.server.put(`${weights}.json`, whole);
      const { error, cached, picture } = await load(page, { weights, integrity: right });
      expect({ error, cached }).toEqual({ error: undefined, cached: true });
      expect(picture).toHaveLength(64);
    }
  });
});
