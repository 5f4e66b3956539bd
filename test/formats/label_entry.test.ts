// spade-webgpu/labels: what it adds to the functions below it.

import { expect, test } from "vitest";
import { decodeLabelMap, encodeLabelMap, resizePicture } from "../../src/label_maps.ts";

const picture = (width: number, height: number, at: (x: number, y: number) => [number, number, number]) => ({
  width,
  height,
  data: Uint8ClampedArray.from(
    Array.from({ length: width * height }, (_, p) => [...at(p % width, Math.floor(p / width)), 9]).flat(),
  ),
});

test("an RGB file gives its colours beside the ids, other files do not", async () => {
  const map = { data: Uint8Array.of(3, 200, 0, 7), width: 2, height: 2 };
  const { data, rgb } = await decodeLabelMap(await encodeLabelMap(map, "red-is-id"));
  expect([[...data], [...rgb!]]).toEqual([
    [3, 200, 0, 7],
    [3, 0, 0, 200, 0, 0, 0, 0, 0, 7, 0, 0],
  ]);
  expect((await decodeLabelMap(await encodeLabelMap(map))).rgb).toBeUndefined();
});

test("an enlarged picture keeps plain areas and is opaque", () => {
  const { data, width, height } = resizePicture(
    picture(5, 3, () => [10, 130, 250]),
    20,
    12,
  );
  expect([width, height, data.length]).toEqual([20, 12, 960]);
  for (let p = 0; p < 240; p++) expect([...data.subarray(4 * p, 4 * p + 4)]).toEqual([10, 130, 250, 255]);
});

test("the weights are Lanczos': those of a line, by its definition", () => {
  const { data } = resizePicture(
    picture(16, 1, (x) => (x === 8 ? [200, 0, 0] : [0, 0, 0])),
    32,
    1,
  );
  const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
  const weight = (x: number): number => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0);
  for (let i = 0; i < 32; i++) {
    // Pixel centres lie at halves.
    const at = (i + 0.5) / 2 - 0.5;
    const sum = Array.from({ length: 16 }, (_, j) => weight(j - at)).reduce((a, b) => a + b);
    expect(data[4 * i]).toBe(Math.max(0, Math.round((200 * weight(8 - at)) / sum)));
  }
});

test.each([
  [0, 4],
  [4, 1.5],
])("a size of %s x %s is refused", (width, height) => {
  const small = picture(2, 2, () => [0, 0, 0]);
  expect(() => resizePicture(small, width, height)).toThrow(`resizePicture: the size is ${width} x ${height};`);
  expect(() => resizePicture({ ...small, height: 3 }, 4, 4)).toThrow("resizePicture: 16 bytes for 2 x 3;");
});
