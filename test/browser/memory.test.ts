// What painting and loading leave behind in a page: nothing that grows. Long forms: SPADE_LONG=1 (npm run test:long).

import { readFileSync } from "node:fs";
import type { CDPSession, Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { tiny } from "./files.ts";
import { describePage, type Lab } from "./harness.ts";

const LONG = process.env.SPADE_LONG === "1";
const FRAMES = LONG ? 300 : 120;

/** Counts the GPU objects of a page, and notes what its pipelines are made of. */
const COUNTING = `
window.gpu = { bytes: 0, buffers: 0, devices: 0, modules: [], pipelines: [] };
const { createBuffer, createShaderModule, createComputePipelineAsync, destroy } = GPUDevice.prototype;
const sizes = new WeakMap();
const of = new WeakMap();
const release = (b) => { const size = sizes.get(b); if (size === undefined) return; gpu.bytes -= size; gpu.buffers--; sizes.delete(b); };
GPUDevice.prototype.createBuffer = function (d) {
  const b = createBuffer.call(this, d);
  sizes.set(b, d.size);
  gpu.bytes += d.size;
  gpu.buffers++;
  return b;
};
const destroyBuffer = GPUBuffer.prototype.destroy;
GPUBuffer.prototype.destroy = function () { release(this); return destroyBuffer.call(this); };
GPUDevice.prototype.destroy = function () { gpu.devices--; return destroy.call(this); };
const { requestDevice } = GPUAdapter.prototype;
GPUAdapter.prototype.requestDevice = async function (...a) { const d = await requestDevice.apply(this, a); gpu.devices++; return d; };
GPUDevice.prototype.createShaderModule = function (d) { const m = createShaderModule.call(this, d); of.set(m, d.code); return m; };
GPUDevice.prototype.createComputePipelineAsync = function (d) {
  if (gpu.noting) gpu.pipelines.push({ code: of.get(d.compute.module), constants: d.compute.constants });
  return createComputePipelineAsync.call(this, d);
};`;

declare global {
  interface Window {
    gpu: {
      bytes: number;
      buffers: number;
      devices: number;
      noting?: boolean;
      pipelines: { code: string; constants: Record<string, number> }[];
    };
  }
}

/** Live objects of a class in the page, garbage collected, and the bytes of its heap. */
async function counts(client: CDPSession): Promise<Record<string, number>> {
  await client.send("HeapProfiler.collectGarbage");
  const out: Record<string, number> = {};
  for (const name of [
    "GPUBuffer",
    "GPUBindGroup",
    "GPUComputePipeline",
    "GPUShaderModule",
    "ImageData",
    "AbortController",
    "ArrayBuffer",
  ]) {
    const { result } = await client.send("Runtime.evaluate", { expression: `${name}.prototype` });
    const { objects } = await client.send("Runtime.queryObjects", { prototypeObjectId: result.objectId! });
    const { result: length } = await client.send("Runtime.callFunctionOn", {
      objectId: objects.objectId,
      functionDeclaration: "function () { return this.length; }",
    });
    out[name] = length.value as number;
    await client.send("Runtime.releaseObject", { objectId: objects.objectId! });
  }
  await client.send("HeapProfiler.collectGarbage");
  out.heap = ((await client.send("Runtime.getHeapUsage")) as { usedSize: number }).usedSize;
  return out;
}

const client = (page: Page): Promise<CDPSession> => page.context().newCDPSession(page);

/** Resident bytes of the GPU process. */
async function gpuProcess(lab: Lab): Promise<number> {
  const session = await lab.browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  const { id } = processInfo.find(({ type }) => type === "GPU")!;
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, "utf8"))!;
  await session.detach();
  return 1024 * Number(kilobytes);
}

describePage("what is left", (lab) => {
  beforeAll(async () => {
    lab.server.put("/net.safetensors", await tiny());
  });

  test(`of ${FRAMES} live frames: nothing; JS heap, GPU bytes and objects stay`, async () => {
    const page = await lab.page(undefined, { before: COUNTING });
    const cdp = await client(page);
    await page.evaluate(async () => {
      const { lib } = window;
      const { spade } = await lib.load({ weights: "/net.safetensors" });
      const canvas = document.body.appendChild(document.createElement("canvas"));
      const live = spade!.live({ canvas });
      const map = lib.stripes(64, 64, 4);
      let seed = 1;
      Object.assign(window, {
        frames: async (count: number) => {
          for (let i = 0; i < count; i++) {
            // Edits of a few pixels, in ever new places.
            for (let k = 0; k < 4; k++) map.data[(seed = (seed * 48271) % 2147483647) % 4096] = seed % 4;
            live.update(map);
            await live.idle();
          }
        },
      });
    });
    const frames = (count: number): Promise<void> =>
      page.evaluate((count) => (window as unknown as { frames(n: number): Promise<void> }).frames(count), count);
    const gpu = (): Promise<Record<string, number>> =>
      page.evaluate(() => ({ bytes: window.gpu.bytes, buffers: window.gpu.buffers }));
    await frames(60);
    const before = { ...(await counts(cdp)), ...(await gpu()) };
    await frames(FRAMES);
    const after = { ...(await counts(cdp)), ...(await gpu()) };
    const { heap: grown, ...objects } = Object.fromEntries(
      Object.entries(after).map(([name, n]) => [name, n - (before as Record<string, number>)[name]]),
    );
    expect(grown).toBeLessThan(200_000);
    for (const [name, n] of Object.entries(objects))
      expect(n, name).toBeLessThanOrEqual(name === "ArrayBuffer" ? 4 : 0);
  });

  test(
    `of ${LONG ? 100 : 6} sessions made, used and disposed: nothing, and no more of the GPU process than a bare page with the same pipelines leaves`,
    { timeout: 600_000 },
    async () => {
      const turns = LONG ? 100 : 6;
      const page = await lab.page(undefined, { before: COUNTING });
      const cdp = await client(page);
      const sessions = (count: number): Promise<unknown> =>
        page.evaluate(async (count) => {
          const { lib } = window;
          for (let i = 0; i < count; i++) {
            const { spade } = await lib.load({ weights: "/net.safetensors" });
            await spade!.generate(lib.stripes(64, 64, 4));
            spade!.dispose();
          }
          return undefined;
        }, count);
      await page.evaluate(() => (window.gpu.noting = true));
      await sessions(1);
      const pipelines = await page.evaluate(() => {
        window.gpu.noting = false;
        return window.gpu.pipelines;
      });
      await sessions(4);
      const before = await counts(cdp);
      const processBefore = await gpuProcess(lab);
      await sessions(turns);
      const after = await counts(cdp);
      const ours = (await gpuProcess(lab)) - processBefore;
      expect(after.heap - before.heap).toBeLessThan(300_000);
      for (const name of ["GPUBuffer", "GPUBindGroup", "GPUComputePipeline", "GPUShaderModule", "ImageData"])
        expect(after[name] - before[name], name).toBeLessThanOrEqual(0);
      expect(await page.evaluate(() => ({ bytes: window.gpu.buffers, devices: window.gpu.devices }))).toMatchObject({
        devices: 0,
      });
      await page.close();

      const bare = await lab.page();
      const devices = (count: number): Promise<void> =>
        bare.evaluate(
          async ({ count, pipelines }) => {
            for (let i = 0; i < count; i++) {
              const adapter = (await navigator.gpu.requestAdapter())!;
              const requiredFeatures = [...adapter.features].filter((f) =>
                ["subgroups", "shader-f16"].includes(f),
              ) as GPUFeatureName[];
              const device = await adapter.requestDevice({ requiredFeatures });
              await Promise.all(
                pipelines.map(({ code, constants }) =>
                  device.createComputePipelineAsync({
                    layout: "auto",
                    compute: { module: device.createShaderModule({ code }), constants },
                  }),
                ),
              );
              device.destroy();
            }
          },
          { count, pipelines },
        );
      await devices(5);
      const bareBefore = await gpuProcess(lab);
      await devices(turns);
      const theirs = (await gpuProcess(lab)) - bareBefore;
      console.log(
        `GPU process after ${turns} turns: ours ${(ours / 2 ** 20).toFixed(1)} MiB, a bare page's ${(theirs / 2 ** 20).toFixed(1)} MiB`,
      );
      // Allocators keep pages in steps of some megabytes.
      expect(ours).toBeLessThan(Math.max(0, theirs) + 16 * 2 ** 20);
    },
  );
});
