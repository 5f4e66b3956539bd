// What a visitor or the page's author is told when the net can't be loaded, and that no weights are downloaded for it.

import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import type { Source } from "../../src/index.ts";
import { tiny } from "./files.ts";
import { describePage } from "./harness.ts";

const load = (page: Page, weights: Source) =>
  page.evaluate(async (weights) => (await window.lib.load({ weights })).error, weights as string);

describePage("errors of a page", (lab) => {
  let bytes: Uint8Array;
  beforeAll(async () => {
    // Longer than what the server sends before it notices that nobody reads.
    bytes = Buffer.concat([await tiny(), Buffer.alloc(64 << 20)]);
  });

  test.each([
    [
      "no WebGPU",
      "delete Navigator.prototype.gpu",
      { code: "no-webgpu", where: "WebGPU", fix: expect.stringMatching(/^use Chrome or Edge 113/) as string },
    ],
    [
      "no adapter",
      "GPU.prototype.requestAdapter = () => Promise.resolve(null)",
      { code: "no-adapter", fix: expect.stringMatching(/browser|driver/) as string },
    ],
  ])("%s: an error before anything is downloaded", async (name, before, expected) => {
    const weights = lab.server.put(`/${name.replace(/ /g, "-")}/net.safetensors`, bytes);
    const page = await lab.page(undefined, { before });
    const error = await load(page, weights);
    expect(error).toMatchObject({ name: "SpadeError", ...expected });
    expect(lab.server.visitsOf(weights)).toEqual([]);
    expect(lab.server.visitsOf(`${weights}.json`)).toEqual([]);
    const supported = await page.evaluate(async () => {
      const answer = await window.lib.isSupported();
      return answer.ok ? "supported" : window.lib.plainError(answer.error);
    });
    expect(supported).toMatchObject(expected);
  });

  test("404: the address, and to check it", async () => {
    const page = await lab.page();
    const error = await load(page, "/nowhere.safetensors");
    expect(error).toMatchObject({
      code: "download",
      where: `${lab.server.origin}/nowhere.safetensors`,
      problem: "the server answers 404 Not Found",
      fix: "check the address",
    });
  });

  test("404 beside a manifest, and 503: told apart", async () => {
    const page = await lab.page();
    const weights = lab.server.put("/missing/net.safetensors", "", { status: 404 });
    const { parts } = { parts: ["0".repeat(64)] };
    lab.server.put(`${weights}.json`, JSON.stringify({ bytes: 1000, parts }));
    expect(await load(page, weights)).toMatchObject({ problem: "the server answers 404 Not Found" });
    // It is not asked again: the answer does not pass.
    expect(lab.server.visitsOf(weights)).toHaveLength(1);
    lab.server.put("/busy.safetensors", "", { status: 503 });
    expect(await load(page, "/busy.safetensors")).toMatchObject({ code: "download", fix: "try again later" });
  });

  test("what is no address: says so", async () => {
    const error = await load(await lab.page(), "https://");
    expect(error).toMatchObject({ code: "usage", where: "https://", problem: "is no address" });
  });

  test.each([
    [
      "a web page in place of the weights",
      Buffer.concat([Buffer.from("<!doctype html><title>Sign in</title>"), Buffer.alloc(64 << 20, 32)]),
      { code: "file", problem: expect.stringContaining("is a web page, not a checkpoint") as string },
    ],
    [
      "a .pth file",
      Buffer.concat([Buffer.from("PK\x03\x04"), Buffer.alloc(64 << 20)]),
      { code: "file", fix: expect.stringMatching(/convert|safetensors/) as string },
    ],
  ])("%s: an error at its first bytes", async (name, content, expected) => {
    const path = lab.server.put(`/${name.replace(/\W+/g, "-")}`, content, { pace: 20 });
    const error = await load(await lab.page(), path);
    expect(error).toMatchObject({ where: lab.server.origin + path, ...expected });
    expect(error!.fix).not.toBe("");
    expect(lab.server.sent(path)).toBeLessThan(16 << 20);
  });

  test("another origin without CORS: says so; with it, the net loads", async () => {
    const page = await lab.page();
    const weights = lab.server.put("/foreign/net.safetensors", bytes, { cors: false });
    const error = await load(page, lab.server.otherOrigin + weights);
    expect(error).toMatchObject({ code: "download", fix: expect.stringContaining("CORS") as string });
    expect(lab.server.sent(weights)).toBeLessThan(16 << 20);
    const open = lab.server.put("/foreign/open.safetensors", await tiny(), { cuts: [1 << 20] });
    // Goes on by a range, which needs no preflight.
    expect(await load(page, lab.server.otherOrigin + open)).toBeUndefined();
    expect(lab.server.visitsOf(open).map((v) => v.method)).toEqual(["GET", "GET"]);
  });

  test("a wrong argument: before anything is fetched", async () => {
    const page = await lab.page();
    const error = await page.evaluate(
      async () => (await window.lib.load({ weights: "/x", dtype: "f8" as "f16" })).error,
    );
    expect(error).toMatchObject({ code: "usage" });
    expect(lab.server.visitsOf("/x")).toEqual([]);
  });
});
