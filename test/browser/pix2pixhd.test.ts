// pix2pixHD's generator in a page: by an entry of its own.

import { expect, test } from "vitest";
import type * as entry from "../../src/index.ts";
import { createSpade } from "../../src/node.ts";
import { sha256 } from "../../src/formats/manifest.ts";
import type { Config } from "../../src/models/config.ts";
import { pix2pixhdShapes } from "../../src/models/nets/pix2pixhd.ts";
import { seededState } from "../../src/models/weights/seeded.ts";
import { plain, stateFile, stripes } from "../api/tiny.ts";
import { describePage } from "./harness.ts";

/** A tiny net. */
function net(): Promise<Uint8Array> {
  const c: Config = {
    ...plain,
    netG: "pix2pixhd",
    norm_G: "spectralinstance",
    resnet_n_downsample: 2,
    resnet_n_blocks: 1,
    crop_size: 20,
  };
  return stateFile(seededState(pix2pixhdShapes(c), 3, 1), { config: JSON.stringify(c) });
}

describePage("weights of pix2pixHD", (lab) => {
  test("the main entry names the entry that paints with them, which paints Node's bytes", async () => {
    const bytes = await net();
    lab.server.put("/hd.safetensors", bytes);
    const spade = await createSpade({ weights: bytes, dtype: "f32" });
    const { width, height, labels } = spade.info;
    const expected = await sha256(new Uint8Array((await spade.generate(stripes(width, height, labels.length))).data));
    spade.dispose();

    const page = await lab.page();
    const refused = await page.evaluate(async () => (await window.lib.load({ weights: "/hd.safetensors" })).error);
    expect(refused).toMatchObject({
      code: "unsupported",
      message:
        "weights: are those of a pix2pixHD generator; import createSpade from spade-webgpu/pix2pixhd in place of spade-webgpu",
    });
    await page.addScriptTag({ type: "module", content: `import * as hd from "/dist/pix2pixhd.js"; window.hd = hd;` });
    await page.waitForFunction("window.hd !== undefined");
    const picture = await page.evaluate(
      async ({ width, height, labels }) => {
        const { createSpade } = (window as unknown as { hd: typeof entry }).hd;
        const spade = await createSpade({ weights: "/hd.safetensors" });
        return window.lib.paint(spade, window.lib.stripes(width, height, labels));
      },
      { width, height, labels: labels.length },
    );
    expect(picture).toBe(expected);
  });
});
