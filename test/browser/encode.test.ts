// The style of a photograph, in a page and in Node.

import { expect, test } from "vitest";
import { createSpade } from "../../src/node.ts";
import { describePage } from "./harness.ts";

const STREET = new URL("../../weights/street_net_G.safetensors", import.meta.url);

/** RGBA of a made-up photograph: a gradient with stripes. */
function photo(width: number, height: number): Uint8ClampedArray<ArrayBuffer> {
  const data = new Uint8ClampedArray(4 * width * height);
  for (let i = 0; i < width * height; i++) {
    const [x, y] = [i % width, Math.floor(i / width)];
    data.set([(255 * x) / width, (255 * y) / height, 40 * ((x >> 3) % 5), 255], 4 * i);
  }
  return data;
}

/** The largest difference of two styles. */
const apart = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((most, v, i) => Math.max(most, Math.abs(v - b[i])), 0);

describePage("encode", (lab) => {
  test("a photo's style in the page is Node's; the encoder beside the weights is loaded at its first use, once", async () => {
    const node = await createSpade({ weights: STREET.pathname, dtype: "f32" });
    const [width, height] = [200, 150];
    const data = photo(width, height);
    const expected = await node.encode({ data, width, height, colorSpace: "srgb" });
    expect(node.info.style).toMatchObject({ dim: 64, encoder: true });
    const flat = await node.encode({
      data: data.map((_, i) => (i % 4 === 3 ? 255 : 128)),
      width,
      height,
      colorSpace: "srgb",
    });
    node.dispose();
    expect(expected.length).toBe(64);
    expect(apart(expected, flat)).toBeGreaterThan(0.1);

    const page = await lab.page();
    const encoder = "/weights/street_net_E.safetensors";
    const outcome = await page.evaluate(
      async ({ values, width, height }) => {
        const { lib } = window;
        const { spade } = await lib.load({ weights: "/weights/street_net_G.safetensors" });
        const image = new ImageData(Uint8ClampedArray.from(values), width, height);
        const canvas = new OffscreenCanvas(width, height);
        canvas.getContext("2d")!.putImageData(image, 0, 0);
        const [first, second] = await Promise.all([spade!.encode(image), spade!.encode(await canvas.convertToBlob())]);
        const map = lib.stripes(spade!.info.width, spade!.info.height, 12);
        return {
          first: [...first],
          second: [...second],
          differs: (await lib.paint(spade!, map, { style: first })) !== (await lib.paint(spade!, map)),
          wrong: await spade!.encode(new Blob(["no picture"])).catch((e: unknown) => lib.plainError(e).message),
        };
      },
      { values: [...data], width, height },
    );
    expect(outcome.first).toEqual([...expected]);
    expect(outcome.second).toEqual([...expected]);
    expect(outcome.differs).toBe(true);
    expect(outcome.wrong).toMatch(
      /^encode: the photo can't be drawn \(.*\); give an image, canvas, ImageData, or a Blob/,
    );
    expect(lab.server.visitsOf(encoder).length).toBe(1);
  });

  test("weights without an encoder: what to do; a missing one is a download error, and the next call tries again", async () => {
    const page = await lab.page();
    const outcome = await page.evaluate(async () => {
      const { lib } = window;
      const photo = new ImageData(8, 8);
      const message = (e: unknown) => lib.plainError(e).message;
      const bytes = await (await fetch("/weights/street_net_G.safetensors")).arrayBuffer();
      const { spade } = await lib.load({ weights: bytes });
      const none = await spade!.encode(photo).catch(message);
      const { encoder } = spade!.info.style!;
      spade!.dispose();
      const other = (await lib.load({ weights: bytes, encoder: "/nowhere_E.safetensors" })).spade!;
      const missing = await other.encode(photo).catch(message);
      const wrong = (await lib.load({ weights: bytes, encoder: "/weights/squeezenet1_0_features.safetensors" })).spade!;
      return {
        none,
        encoder,
        missing,
        again: await other.encode(photo).catch(message),
        wrong: await wrong.encode(photo).catch(message),
      };
    });
    expect(outcome.encoder).toBe(false);
    expect(outcome.none).toBe("encode: these weights do not say where their encoder is; give createSpade({ encoder })");
    expect(outcome.missing).toMatch(/nowhere_E\.safetensors: the server answers 404/);
    expect(outcome.again).toBe(outcome.missing);
    expect(outcome.wrong).toMatch(/^encoder: no key layer1\.0\.weight_orig; give a SPADE encoder/);
  });
});
