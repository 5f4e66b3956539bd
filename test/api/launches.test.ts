// What a picture asks of the device: one submit, and from the second one on nothing new.

import { expect, test } from "vitest";
import { createSpade } from "../../src/node.ts";
import { countedDevice } from "../runtime/counted.ts";
import { stripes, vae, weights } from "./tiny.ts";

test("a picture of a new style, a new map, an edit takes one submit, and creates nothing but its command encoder", async () => {
  const c = await countedDevice();
  const spade = await createSpade({ weights: await weights(vae), device: c.device.gpu });
  const [a, b] = [stripes(64, 64, 4), stripes(64, 64, 3, 16)];
  const edited = { ...a, data: a.data.slice().fill(0, 10, 14) };
  // The first pictures make room for each map's tables.
  for (const map of [a, b, edited]) await spade.generate(map, { style: 1 });
  const seen: Uint8ClampedArray[] = [];
  for (const [map, style] of [
    [a, 2],
    [a, 3],
    [edited, 3],
    [b, 3],
  ] as const) {
    c.reset();
    seen.push((await spade.generate(map, { style })).data);
    const created = Object.entries(c.calls).filter(([name]) => name.startsWith("create"));
    expect(created).toEqual([["createCommandEncoder", 1]]);
    expect(c.calls.submit).toBe(1);
  }
  expect(new Set(seen.map(String)).size).toBe(4);
  spade.dispose();
  c.close();
});
