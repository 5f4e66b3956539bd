import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { decode } from "fast-png";
import { expect, test } from "vitest";

import { pilBicubicResize, type RgbImage } from "../../src/pictures/pil_bicubic.ts";
import { pilBilinearResize } from "../../src/pictures/pil_bilinear.ts";

const folder = new URL("../fixtures/pil/", import.meta.url);
const { resizes, bilinear } = JSON.parse(readFileSync(new URL("pil.json", folder), "utf8")) as {
  resizes: [width: number, height: number, sha: string, cropWidth?: number, cropHeight?: number][];
  bilinear: [width: number, height: number, sha: string][];
};
const png = decode(readFileSync(new URL("photo.png", folder)));
const photo: RgbImage = { data: new Uint8Array(png.data), width: png.width, height: png.height };

function topLeft({ data, width }: RgbImage, w: number, h: number): RgbImage {
  const rows = Array.from({ length: h }, (_, y) => [...data.subarray(3 * y * width, 3 * (y * width + w))]);
  return { data: Uint8Array.from(rows.flat()), width: w, height: h };
}

test.each(resizes)("to %i x %i the bytes are PIL's", (width, height, sha, w = photo.width, h = photo.height) => {
  const out = pilBicubicResize(topLeft(photo, w, h), width, height);
  expect([out.width, out.height, out.data.length]).toEqual([width, height, 3 * width * height]);
  expect(createHash("sha256").update(out.data).digest("hex")).toBe(sha);
});

test.each(bilinear)("bilinearly to %i x %i the bytes are PIL's", (width, height, sha) => {
  const out = pilBilinearResize(photo, width, height);
  expect([out.width, out.height, out.data.length]).toEqual([width, height, 3 * width * height]);
  expect(createHash("sha256").update(out.data).digest("hex")).toBe(sha);
});

test("a picture that keeps its size is copied", () => {
  const out = pilBicubicResize(photo, photo.width, photo.height);
  expect(out).toEqual(photo);
  expect(out.data.buffer).not.toBe(photo.data.buffer);
});

test("one colour stays that colour, whatever the sizes", () => {
  for (const [w, h, W, H] of [
    [3, 5, 50, 1],
    [40, 2, 7, 33],
    [1, 1, 4, 4],
  ])
    // prettier-ignore
    for (const v of [0, 1, 128, 255])
      expect(new Set(pilBicubicResize({ data: new Uint8Array(3 * w * h).fill(v), width: w, height: h }, W, H).data)).toEqual(new Set([v]));
});
