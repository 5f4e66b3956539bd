// A session's life in a page: aborted while it loads, disposed while it paints, beside another; and every kind of source.

import { beforeAll, expect, test } from "vitest";
import { large, serveTiny } from "./files.ts";
import { describePage } from "./harness.ts";

describePage("a session in a page", (lab) => {
  let bytes: Uint8Array;
  let expected: string;
  beforeAll(async () => {
    ({ bytes, expected } = await serveTiny(lab));
  });

  test("an abort ends loading with its reason, and the download", async () => {
    const file = await large(4);
    const weights = lab.server.put("/slow.safetensors", file, { pace: 30 });
    const page = await lab.page();
    const outcome = await page.evaluate(async (weights) => {
      const reason = new Error("the visitor left");
      const controller = new AbortController();
      let calls = 0;
      const onProgress = (p: { phase: string }) => {
        if (p.phase === "download" && ++calls === 3) controller.abort(reason);
      };
      const error = await window.lib
        .createSpade({ weights, signal: controller.signal, onProgress })
        .catch((e: unknown) => e);
      const after = calls;
      await new Promise((done) => setTimeout(done, 300));
      return { same: error === reason, later: calls - after };
    }, weights);
    expect(outcome).toEqual({ same: true, later: 0 });
    expect(lab.server.sent(weights)).toBeLessThan(file.length / 2);
    // The lock is free again: another visit loads.
    lab.server.set(weights, {});
    expect(await page.evaluate(async (weights) => (await window.lib.load({ weights })).error, weights)).toBeUndefined();
  });

  test("dispose while it paints: that call and later ones end with `disposed`; another session paints", async () => {
    const page = await lab.page();
    const outcome = await page.evaluate(async () => {
      const { lib } = window;
      const map = lib.stripes(64, 64, 4);
      const first = (await lib.load({ weights: "/net.safetensors" })).spade!;
      const calls = [first.generate(map), first.generate(map)];
      first.dispose();
      first.dispose();
      const settled = await Promise.allSettled([...calls, first.generate(map)]);
      const second = (await lib.load({ weights: "/net.safetensors" })).spade!;
      return {
        errors: settled.map((s) => (s.status === "rejected" ? (s.reason as { code: string }).code : "painted")),
        picture: await lib.paint(second, map),
      };
    });
    expect(outcome).toEqual({ errors: ["disposed", "disposed", "disposed"], picture: expected });
  });

  test("two sessions at once, of two sizes, paint what each paints alone", async () => {
    const page = await lab.page();
    const { together, alone } = await page.evaluate(async () => {
      const { lib } = window;
      const open = async (size: [number, number]) => (await lib.load({ weights: "/net.safetensors", size })).spade!;
      const [small, wide] = await Promise.all([open([64, 64]), open([128, 64])]);
      const paint = () => [
        lib.paint(small, lib.stripes(64, 64, 4)),
        lib.paint(wide, lib.stripes(128, 64, 4)),
        lib.paint(small, lib.stripes(64, 64, 3)),
        lib.paint(wide, lib.stripes(128, 64, 3)),
      ];
      const together = await Promise.all(paint());
      const alone: string[] = [];
      for (const map of [
        lib.stripes(64, 64, 4),
        lib.stripes(128, 64, 4),
        lib.stripes(64, 64, 3),
        lib.stripes(128, 64, 3),
      ])
        alone.push(await lib.paint(map.width === 64 ? small : wide, map));
      return { together, alone };
    });
    expect(together).toEqual(alone);
    expect(together[0]).toBe(expected);
    expect(new Set(together).size).toBe(4);
  });

  test("an abort while it paints ends that call alone", async () => {
    const page = await lab.page();
    const outcome = await page.evaluate(async () => {
      const { lib } = window;
      const spade = (await lib.load({ weights: "/net.safetensors" })).spade!;
      const map = lib.stripes(64, 64, 4);
      const controller = new AbortController();
      const aborted = spade.generate(map, { signal: controller.signal });
      const next = lib.paint(spade, map);
      controller.abort(new Error("moved on"));
      return { message: await aborted.catch((e: Error) => e.message), picture: await next };
    });
    expect(outcome).toEqual({ message: "moved on", picture: expected });
  });

  test.each(["URL", "Request", "Response", "Blob", "stream", "ArrayBuffer", "Uint8Array", "blob: address"])(
    "loads from a %s",
    async (kind) => {
      const page = await lab.page();
      const { picture, error } = await page.evaluate(async (kind) => {
        const { lib } = window;
        const get = () => fetch("/net.safetensors");
        const sources = {
          URL: () => new URL("/net.safetensors", location.href),
          Request: () => new Request("/net.safetensors"),
          Response: get,
          Blob: async () => (await get()).blob(),
          stream: async () => (await get()).body!,
          ArrayBuffer: async () => (await get()).arrayBuffer(),
          Uint8Array: async () => new Uint8Array(await (await get()).arrayBuffer()),
          "blob: address": async () => URL.createObjectURL(await (await get()).blob()),
        };
        const { spade, error } = await lib.load({ weights: await sources[kind as keyof typeof sources]() });
        return { error, picture: spade && (await lib.paint(spade, lib.stripes(64, 64, 4))) };
      }, kind);
      expect({ error, picture }).toEqual({ error: undefined, picture: expected });
    },
  );

  test("a fetch of the page's own makes every request, with the Request's headers", async () => {
    const weights = lab.server.put("/own-fetch.safetensors", bytes, { cuts: [1 << 20] });
    const page = await lab.page();
    const { calls, error } = await page.evaluate(async (weights) => {
      const calls: string[] = [];
      const own = (input: RequestInfo | URL, init?: RequestInit) => {
        const request = new Request(input, init);
        calls.push(`${new URL(request.url).pathname} ${request.headers.get("authorization")}`);
        return fetch(request);
      };
      const { error } = await window.lib.load({
        weights: new Request(weights, { headers: { authorization: "Bearer 1" } }),
        fetch: own,
      });
      return { calls, error };
    }, weights);
    expect(error).toBeUndefined();
    expect(calls.filter((c) => c === `${weights} Bearer 1`)).toHaveLength(2);
    expect(lab.server.visitsOf(weights)).toHaveLength(2);
  });
});
