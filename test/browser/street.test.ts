// The street net in a page on lavapipe gives the same bytes as in Node on lavapipe.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { decodeLabelPng } from "../../src/formats/images/label_png.ts";
import { createSpade, type LabelMap, type Spade } from "../../src/node.ts";
import { pilNearestResize } from "../../src/pictures/pil_nearest.ts";
import { sha256 } from "../../src/formats/manifest.ts";
import { describePage } from "./harness.ts";

const file = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const WEIGHTS = "weights/street_net_G.safetensors";
const MAP = "demo/maps/street_label.png";
const CAR = 8;

/** The demo's map at the net's size, and the same with an 8x8 car on its road. */
function streets({ width, height }: Spade["info"]): { street: LabelMap; edited: LabelMap } {
  const street = pilNearestResize(decodeLabelPng(readFileSync(file(MAP)), MAP), width, height);
  const data = Uint8Array.from(street.data);
  for (let y = 0; y < 8; y++) data.fill(CAR, (height - 20 + y) * width + 30, (height - 20 + y) * width + 38);
  return { street, edited: { ...street, data } };
}

describePage("the street net in a page", (lab) => {
  test("paints the same bytes as in Node: a style, the mean, a new style, an edited map", async () => {
    const spade = await createSpade({ weights: file(WEIGHTS), dtype: "f32" });
    const { street, edited } = streets(spade.info);
    const hash = async (map: LabelMap, style?: number): Promise<string> =>
      sha256(new Uint8Array((await spade.generate(map, { style })).data));
    const inNode = [await hash(street, 7), await hash(street), await hash(street, 8), await hash(edited, 8)];
    const { labels, width, height, bytes } = spade.info;
    spade.dispose();
    expect(new Set(inNode).size).toBe(4);

    const page = await lab.page();
    const inPage = await page.evaluate(
      async ({ weights, width, height, street, edited }) => {
        const { lib } = window;
        const loaded = await lib.load({ weights });
        if (!loaded.spade) throw new Error(loaded.error!.message);
        const map = (data: number[]) => ({ width, height, data: Uint8Array.from(data) });
        const hashes = [
          await lib.paint(loaded.spade, map(street), { style: 7 }),
          await lib.paint(loaded.spade, map(street)),
          await lib.paint(loaded.spade, map(street), { style: 8 }),
          await lib.paint(loaded.spade, map(edited), { style: 8 }),
        ];
        return { hashes, info: loaded.spade.info, notices: loaded.notices };
      },
      { weights: `/${WEIGHTS}`, width, height, street: [...street.data], edited: [...edited.data] },
    );
    expect(inPage.hashes).toEqual(inNode);
    expect(inPage.info).toMatchObject({ width, height, labels, dtype: "f32", adapter: { software: true } });
    expect(inPage.info.bytes.download).toBe(bytes.download);
    expect(inPage.notices.map((n) => n.code)).toEqual(["software-adapter"]);
  });
});
