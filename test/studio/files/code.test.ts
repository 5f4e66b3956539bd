// Maps and styles as texts, of links and in pictures.

import { expect, test } from "vitest";
import { decodePainting, encodePainting } from "../../../src/studio/files/code.ts";
import { linkTo, readLink } from "../../../src/studio/files/link.ts";
import { startIds, STARTS } from "../../../src/studio/starts/starts.ts";
import { texts } from "../../../src/studio/later_texts.ts";
import { painting } from "./painted.ts";

test("a painting comes back as it was: ids, style, names", async () => {
  const code = await encodePainting(painting());
  expect(code).toMatch(/^[\w-]+$/);
  expect(await decodePainting(code)).toEqual(painting());
});

test("so do ids of two bytes, and a net without styles", async () => {
  const wide = { net: "x.safetensors", width: 3, height: 1, ids: Uint16Array.of(0, 300, 65535) };
  const back = await decodePainting(await encodePainting(wide));
  expect(back).toMatchObject(wide);
  expect(back!.style).toBeUndefined();
});

test("each of our start maps with a style takes less than 2 kB of link", async () => {
  for (const { id, net, width, height } of STARTS) {
    const ids = await startIds({ id, width, height });
    expect((await encodePainting({ ...painting(), net, width, height, ids })).length, id).toBeLessThan(2000);
  }
});

test("a damaged text is never an error, and never another map", async () => {
  const code = await encodePainting(painting());
  const damaged = [
    "",
    "x",
    "!",
    code.slice(0, -1),
    code.slice(0, code.length / 2),
    code.slice(1),
    `A${code}`,
    ...Array.from({ length: 60 }, (_, i) => {
      const at = Math.floor(((i + 0.5) * code.length) / 60);
      return code.slice(0, at) + (code[at] === "A" ? "B" : "A") + code.slice(at + 1);
    }),
  ];
  for (const text of damaged) {
    const back = await decodePainting(text);
    // Deflate has no checksum: a changed pixel or number may pass, a map of another size or an illegal style may not.
    if (back) {
      expect([back.width * back.height, back.style?.z.every(Number.isFinite)]).toEqual([back.ids.length, true]);
    }
  }
  for (const text of damaged.slice(0, 7)) expect(await decodePainting(text)).toBeUndefined();
});

test("a text that would fill the memory is given up", async () => {
  const zeros = new Blob([new Uint8Array(5e7)]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const bytes = new Uint8Array(await new Response(zeros).arrayBuffer());
  expect(await decodePainting(Buffer.from(bytes).toString("base64url"))).toBeUndefined();
});

test("a link holds the painting after the page's address, whatever follows it in a text", async () => {
  const made = await linkTo("https://example.org/studio/?a=1#old", painting());
  const { link } = made as { link: string };
  expect(link.startsWith("https://example.org/studio/?a=1#map=")).toBe(true);
  const { hash } = new URL(link);
  expect(await readLink(hash)).toEqual(painting());
  expect(await readLink(`${hash}.`)).toEqual(painting());
  expect(await readLink(`${hash})`)).toEqual(painting());
});

test("what is no link of ours is nothing, and a damaged one says so", async () => {
  expect(await readLink("")).toBeUndefined();
  expect(await readLink("#top")).toBeUndefined();
  expect(await readLink("#map=abc")).toEqual({ error: texts.files.brokenLink });
  expect(await readLink("#map=")).toEqual({ error: texts.files.brokenLink });
});

test("a map that no link can hold is refused in words", async () => {
  let state = 1;
  const noise = Uint8Array.from({ length: 256 * 256 }, () => (state = Math.imul(state, 1103515245) + 12345) >>> 24);
  const made = await linkTo("https://example.org/", { ...painting(), width: 256, height: 256, ids: noise });
  expect(made).toEqual({ error: texts.files.longLink });
});
