// Downloads that break in a page: they go on where they broke, and the net paints as in Node.

import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { PART } from "../../src/formats/manifest.ts";
import { large, manifest, pictureInNode } from "./files.ts";
import { describePage } from "./harness.ts";

const load = (page: Page, weights: string) =>
  page.evaluate(async (weights) => {
    const { spade, error } = await window.lib.load({ weights });
    return { error, picture: spade && (await window.lib.paint(spade, window.lib.stripes(64, 64, 4))) };
  }, weights);

describePage("a download that breaks", (lab) => {
  let bytes: Uint8Array;
  let expected: string;
  let beside: string;
  beforeAll(async () => {
    bytes = await large(3);
    expected = await pictureInNode(bytes);
    beside = await manifest(bytes);
  });

  test.each([
    ["with a manifest", true],
    ["without a manifest", false],
  ])("goes on from there by ranges, %s", async (name, hasManifest) => {
    const cuts = [PART + 1_000_000, 3_000_000];
    const weights = lab.server.put(`/ranges-${name.replace(/ /g, "-")}/net.safetensors`, bytes, { cuts });
    if (hasManifest) lab.server.put(`${weights}.json`, beside);
    const { error, picture } = await load(await lab.page(), weights);
    expect(error).toBeUndefined();
    expect(picture).toBe(expected);
    const visits = lab.server.visitsOf(weights);
    expect(visits).toHaveLength(3);
    for (const { range } of visits.slice(1)) expect(range).toMatch(/^bytes=[1-9]\d*-/);
    // Nothing but what was on its way is sent twice: at most one part.
    expect(lab.server.sent(weights)).toBeLessThanOrEqual(bytes.length + PART);
  });

  test("goes on from a server without ranges, which sends all again", async () => {
    const weights = lab.server.put("/no-ranges/net.safetensors", bytes, { range: false, cuts: [PART + 1_000_000] });
    const { error, picture } = await load(await lab.page(), weights);
    expect(error).toBeUndefined();
    expect(picture).toBe(expected);
    expect(lab.server.visitsOf(weights)).toHaveLength(2);
  });

  test("goes on in a later visit with the parts that it has", async () => {
    // With a pause after each piece: of a connection that breaks, the browser drops what the page has not read yet. Then it asks in vain, by
    // itself too.
    const cuts = [2 * PART + 1_000_000, ...Array<number>(20).fill(0)];
    const weights = lab.server.put("/later/net.safetensors", bytes, { cuts, pace: 50 });
    lab.server.put(`${weights}.json`, beside);
    const page = await lab.page();
    const first = await load(page, weights);
    expect(first.error).toMatchObject({ code: "download", fix: "try again" });
    expect(first.error!.problem).toMatch(new RegExp(`^the connection broke after \\d+ of ${bytes.length} bytes`));
    lab.server.set(weights, {});
    lab.server.forgetVisits();
    const second = await load(page, weights);
    expect(second).toEqual({ error: undefined, picture: expected });
    expect(lab.server.sent(weights)).toBeLessThanOrEqual(bytes.length - 2 * PART);
  });

  test("a file that changes meanwhile is an error, not a mixture", async () => {
    const weights = lab.server.put("/changes/net.safetensors", bytes, { cuts: [PART + 1_000_000], pace: 20 });
    const page = await lab.page();
    const loading = load(page, weights);
    await expect.poll(() => lab.server.visitsOf(weights).length).toBe(1);
    const other = bytes.slice();
    other[other.length - 1] ^= 1;
    lab.server.put(weights, other, { cuts: [PART + 1_000_000], pace: 20 });
    const { error } = await loading;
    expect(error).toMatchObject({ code: "download", problem: "changed while it was downloaded", fix: "load it again" });
  });
});
