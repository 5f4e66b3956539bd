// The stock Chromium on its own software adapter, SwiftShader: another implementation of WebGPU's arithmetic, and the only one here that
// shows a canvas with a webgpu context.

import { decode } from "fast-png";
import { beforeAll, expect, test } from "vitest";
import { createSpade } from "../../src/node.ts";
import { stripes } from "../api/tiny.ts";
import { tiny } from "./files.ts";
import { describePage } from "./harness.ts";

describePage(
  "Chromium on SwiftShader",
  (lab) => {
    let bytes: Uint8Array;
    beforeAll(async () => {
      bytes = await tiny();
      lab.server.put("/net.safetensors", bytes);
    });

    test("paints as lavapipe in Node, within 2 of 255", async () => {
      const spade = await createSpade({ weights: bytes, dtype: "f32" });
      const { data } = await spade.generate(stripes(64, 64, 4));
      spade.dispose();
      const page = await lab.page();
      const inPage = await page.evaluate(async () => {
        const { spade, error } = await window.lib.load({ weights: "/net.safetensors" });
        if (!spade) throw new Error(error!.message);
        return {
          adapter: spade.info.adapter,
          data: [...(await spade.generate(window.lib.stripes(64, 64, 4))).data],
        };
      });
      expect(inPage.adapter.software).toBe(true);
      expect(inPage.data).toHaveLength(data.length);
      const worst = inPage.data.reduce((most, v, i) => Math.max(most, Math.abs(v - data[i])), 0);
      expect(worst).toBeLessThanOrEqual(2);
    });

    test("shows what is drawn on a canvas with a webgpu context", async () => {
      const page = await lab.page();
      await page.evaluate(async () => {
        const canvas = document.createElement("canvas");
        [canvas.width, canvas.height] = [64, 32];
        canvas.style.display = "block";
        document.body.replaceChildren(canvas);
        const device = await (await navigator.gpu.requestAdapter())!.requestDevice();
        const context = canvas.getContext("webgpu")!;
        const format = navigator.gpu.getPreferredCanvasFormat();
        context.configure({ device, format });
        const code = `
          @vertex fn corner(@builtin(vertex_index) i: u32) -> @builtin(position) vec4f {
            return vec4f(vec2f(f32(i & 1u), f32(i >> 1u)) * 4.0 - 1.0, 0.0, 1.0);
          }
          @fragment fn colour(@builtin(position) p: vec4f) -> @location(0) vec4f {
            return vec4f(p.x / 64.0, p.y / 32.0, 0.25, 1.0);
          }`;
        const module = device.createShaderModule({ code });
        const pipeline = await device.createRenderPipelineAsync({
          layout: "auto",
          vertex: { module },
          fragment: { module, targets: [{ format }] },
        });
        const encoder = device.createCommandEncoder();
        const view = context.getCurrentTexture().createView();
        const pass = encoder.beginRenderPass({ colorAttachments: [{ view, loadOp: "clear", storeOp: "store" }] });
        pass.setPipeline(pipeline);
        pass.draw(3);
        pass.end();
        device.queue.submit([encoder.finish()]);
        await device.queue.onSubmittedWorkDone();
      });
      const { data, width, channels } = decode(await page.locator("canvas").screenshot());
      const pixel = (x: number, y: number): number[] => [...data.slice((y * width + x) * channels).slice(0, 3)];
      for (const [x, y] of [
        [0, 0],
        [63, 0],
        [0, 31],
        [63, 31],
        [20, 10],
      ]) {
        const expected = [((x + 0.5) / 64) * 255, ((y + 0.5) / 32) * 255, 0.25 * 255];
        pixel(x, y).forEach((v, i) => expect(Math.abs(v - expected[i]), `${x}, ${y}`).toBeLessThanOrEqual(2));
      }
    });

    test("a canvas with a webgpu context shows the picture's bytes, and toBlob gives them", async () => {
      const page = await lab.page();
      const { expected, file } = await page.evaluate(async () => {
        const { lib } = window;
        const canvas = document.createElement("canvas");
        canvas.getContext("webgpu");
        canvas.style.display = "block";
        document.body.replaceChildren(canvas);
        const { spade } = await lib.load({ weights: "/net.safetensors" });
        const map = lib.stripes(64, 64, 4);
        await spade!.generate(map, { canvas });
        const file = new OffscreenCanvas(64, 64).getContext("2d")!;
        file.drawImage(await createImageBitmap(await spade!.toBlob()), 0, 0);
        const { data } = await spade!.generate(map);
        return { expected: [...data], file: [...file.getImageData(0, 0, 64, 64).data] };
      });
      const rgb = (data: ArrayLike<number>, channels: number): number[] =>
        Array.from(data).filter((_, i) => i % channels < 3);
      const shown = async (): Promise<string> => {
        const { data, channels } = decode(await page.locator("canvas").screenshot());
        return rgb(data, channels).join();
      };
      await expect.poll(shown, { timeout: 10_000 }).toBe(rgb(expected, 4).join());
      expect(file).toEqual(expected);
    });
  },
  "swiftshader",
);
