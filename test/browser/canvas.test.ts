// Pictures on canvases and textures. The adapter here is lavapipe, on which a webgpu canvas stays blank: swiftshader.test.ts looks at one.

import { beforeAll, expect, test } from "vitest";
import { serveTiny } from "./files.ts";
import { describePage } from "./harness.ts";

describePage("pictures on canvases", (lab) => {
  let expected: string;
  beforeAll(async () => {
    ({ expected } = await serveTiny(lab));
  });

  test.each(["element", "element with a 2d context", "OffscreenCanvas"])("an %s gets the same bytes", async (kind) => {
    const page = await lab.page();
    const outcome = await page.evaluate(async (kind) => {
      const { lib } = window;
      const { spade } = await lib.load({ weights: "/net.safetensors" });
      const canvas = kind === "OffscreenCanvas" ? new OffscreenCanvas(7, 9) : document.createElement("canvas");
      if (kind.includes("2d")) canvas.getContext("2d");
      const result = await spade!.generate(lib.stripes(64, 64, 4), { canvas });
      const { width, height } = canvas;
      const context = canvas.getContext("2d") as CanvasRenderingContext2D;
      const { data } = context.getImageData(0, 0, width, height);
      const file = await spade!.toBlob();
      const decoded = new OffscreenCanvas(width, height).getContext("2d")!;
      decoded.drawImage(await createImageBitmap(file), 0, 0);
      return {
        ...{ result, width, height, type: file.type, picture: await lib.sha256(data) },
        file: await lib.sha256(decoded.getImageData(0, 0, width, height).data),
        present: spade!.stats!.present,
      };
    }, kind);
    const size = { width: 64, height: 64, type: "image/png" };
    expect(outcome).toMatchObject({ ...size, result: undefined, picture: expected, file: expected });
    expect(outcome.present).toBeGreaterThanOrEqual(0);
  });

  test("a canvas that keeps its size is filled, in true pixels or interpolated", async () => {
    const page = await lab.page();
    const { pixels, smooth, whole, exact } = await page.evaluate(async () => {
      const { lib } = window;
      const { spade } = await lib.load({ weights: "/net.safetensors" });
      const map = lib.stripes(64, 64, 4);
      const picture = await spade!.generate(map);
      const of = async (scaling: "smooth" | "pixels") => {
        const canvas = new OffscreenCanvas(192, 128);
        await spade!.generate(map, { canvas, scaling });
        return { width: canvas.width, data: canvas.getContext("2d")!.getImageData(0, 0, 192, 128).data };
      };
      const [pixels, smooth] = [await of("pixels"), await of("smooth")];
      let exact = 0;
      for (let y = 0; y < 128; y++)
        for (let x = 0; x < 192; x++)
          for (let c = 0; c < 3; c++)
            if (pixels.data[4 * (192 * y + x) + c] === picture.data[4 * (64 * (y >> 1) + Math.floor(x / 3)) + c])
              exact++;
      return { pixels: pixels.width, smooth: smooth.width, whole: 3 * 192 * 128, exact };
    });
    expect({ pixels, smooth, exact }).toEqual({ pixels: 192, smooth: 192, exact: whole });
  });

  test.each([
    ["webgl", /has a context of another kind/],
    ["bitmaprenderer", /has a context of another kind/],
    ["transferred", /was handed over to an OffscreenCanvas/],
  ])("a canvas in other use (%s) is refused before anything is painted", async (kind, message) => {
    const page = await lab.page();
    const errors = await page.evaluate(async (kind) => {
      const { lib } = window;
      const { spade } = await lib.load({ weights: "/net.safetensors" });
      const canvas = document.createElement("canvas");
      if (kind === "transferred") canvas.transferControlToOffscreen();
      else if (!canvas.getContext(kind)) return undefined;
      const map = lib.stripes(64, 64, 4);
      const error = await spade!.generate(map, { canvas }).catch((e: unknown) => lib.plainError(e));
      let live: unknown;
      try {
        spade!.live({ canvas });
      } catch (e) {
        live = lib.plainError(e);
      }
      return { error, live, stats: spade!.stats };
    }, kind);
    expect(errors).toMatchObject({ error: { code: "busy-canvas" }, live: { code: "busy-canvas" }, stats: null });
    expect((errors!.error as unknown as { message: string }).message).toMatch(message);
  });

  test("what is no canvas, two places at once and a wrong scaling are usage errors", async () => {
    const page = await lab.page();
    const errors = await page.evaluate(async () => {
      const { lib } = window;
      const { spade } = await lib.load({ weights: "/net.safetensors" });
      const map = lib.stripes(64, 64, 4);
      const canvas = new OffscreenCanvas(1, 1);
      const wrong = [{ canvas: document.body }, { canvas, texture: {} }, { canvas, scaling: "huge" }, { texture: {} }];
      return Promise.all(
        wrong.map((options) => spade!.generate(map, options as never).catch((e: unknown) => lib.plainError(e).message)),
      );
    });
    expect(errors).toEqual([
      "canvas: is no canvas; give a canvas element or an OffscreenCanvas",
      "generate({ canvas, texture }): are two places for one picture; give one of them",
      'scaling: is huge; give "none", "smooth" or "pixels"',
      "generate({ texture }): is no GPUTexture; give one",
    ]);
  });

  test("a texture of a borrowed device: rgba, bgra and sRGB show the same bytes; other sizes are filled", async () => {
    const page = await lab.page();
    const outcome = await page.evaluate(async () => {
      const { lib } = window;
      const device = await (await navigator.gpu.requestAdapter())!.requestDevice();
      const { spade } = await lib.load({ weights: "/net.safetensors", device });
      const map = lib.stripes(64, 64, 4);
      const bytesOf = async (format: GPUTextureFormat, width = 64, height = 64) => {
        const usage = GPUTextureUsage.RENDER_ATTACHMENT | GPUTextureUsage.COPY_SRC;
        const texture = device.createTexture({ size: [width, height], format, usage });
        await spade!.generate(map, { texture });
        const buffer = device.createBuffer({
          size: 4 * width * height,
          usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
        });
        const encoder = device.createCommandEncoder();
        encoder.copyTextureToBuffer({ texture }, { buffer, bytesPerRow: 4 * width }, [width, height]);
        device.queue.submit([encoder.finish()]);
        await buffer.mapAsync(GPUMapMode.READ);
        const bytes = new Uint8Array(buffer.getMappedRange().slice(0));
        if (format.startsWith("bgra"))
          for (let i = 0; i < bytes.length; i += 4) [bytes[i], bytes[i + 2]] = [bytes[i + 2], bytes[i]];
        return bytes;
      };
      const rgba = await bytesOf("rgba8unorm");
      const srgb = await bytesOf("rgba8unorm-srgb");
      const wide = await bytesOf("rgba8unorm", 128, 64);
      let apart = 0;
      for (let i = 0; i < rgba.length; i++) apart = Math.max(apart, Math.abs(rgba[i] - srgb[i]));
      // Twice as wide, interpolated: three quarters of a pixel and a quarter of its neighbour.
      let off = 0;
      for (let y = 0; y < 64; y++)
        for (let x = 1; x < 63; x++)
          for (let c = 0; c < 3; c++) {
            const at = (i: number) => rgba[4 * (64 * y + i) + c];
            off = Math.max(off, Math.abs(wide[4 * (128 * y + 2 * x) + c] - (0.75 * at(x) + 0.25 * at(x - 1))));
          }
      const plain = device.createTexture({ size: [64, 64], format: "rgba8unorm", usage: GPUTextureUsage.COPY_SRC });
      const error = await spade!.generate(map, { texture: plain }).catch((e: unknown) => lib.plainError(e).message);
      return { rgba: await lib.sha256(rgba), bgra: await lib.sha256(await bytesOf("bgra8unorm")), apart, off, error };
    });
    expect(outcome).toMatchObject({ rgba: expected, bgra: expected });
    // Rounding of the two conversions.
    expect(outcome.apart).toBeLessThanOrEqual(1);
    expect(outcome.off).toBeLessThanOrEqual(1);
    expect(outcome.error).toBe(
      "generate({ texture }): can't be drawn to; create it with GPUTextureUsage.RENDER_ATTACHMENT",
    );
  });

  test("toBlob before anything is shown is an error; other types work", async () => {
    const page = await lab.page();
    const outcome = await page.evaluate(async () => {
      const { lib } = window;
      const { spade } = await lib.load({ weights: "/net.safetensors" });
      const early = await spade!.toBlob().catch((e: unknown) => lib.plainError(e).message);
      await spade!.generate(lib.stripes(64, 64, 4), { canvas: new OffscreenCanvas(1, 1) });
      return { early, type: (await spade!.toBlob("image/jpeg")).type };
    });
    expect(outcome).toEqual({
      early: "toBlob: no canvas shows a picture yet; call generate with a canvas, or live, first",
      type: "image/jpeg",
    });
  });
});
