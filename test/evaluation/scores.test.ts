// Accuracy and intersection over union by hand, a segmenter's picture in and classes out, and what diversity averages.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { byId } from "../../src/evaluation/comparison.ts";
import { pictureDiversity, styleDiversity } from "../../src/evaluation/diversity.ts";
import { Scorer } from "../../src/evaluation/scores.ts";
import { OnnxSegmenter } from "../../src/evaluation/onnx_segmenter.ts";
import { colourSegmenter } from "./colour_segmenter.ts";

let dir: string;
beforeAll(async () => void (dir = await mkdtemp(join(tmpdir(), "spade-scores-"))));
afterAll(() => rm(dir, { recursive: true, force: true }));

const row = (...data: number[]) => ({ data: Uint8Array.from(data), width: data.length, height: 1 });

describe("scores", () => {
  test("void of the map is left out, void that was found is wrong, an absent label has no IoU", () => {
    const c = new Scorer(byId(5, [3]));
    c.add(row(0, 0, 0, 1), [0, 0, 1, 1], "a.png");
    c.add(row(1, 1, 3, 255, 2), [1, 3, 0, 1, 2], "b.png");
    const { accuracy, mIoU, iou, pixels, ...rest } = c.scores();
    // 0: found on 2 of 3, nowhere else. 1: on 2 of 3, and once elsewhere. 2: all. 3 is void, 4 is nowhere.
    expect(iou).toEqual([2 / 3, 2 / 4, 1, null, null]);
    expect(pixels).toBe(7);
    expect(rest).toEqual({});
    expect(accuracy).toBeCloseTo(5 / 7, 12);
    expect(mIoU).toBeCloseTo((2 / 3 + 1 / 2 + 1) / 3, 12);
  });

  test("labels beyond the segmenter's, and maps of nothing but void, are refused", () => {
    const c = new Scorer(byId(3, []));
    expect(() => c.add(row(2, 3), [0, 0], "a.png")).toThrow(
      /a\.png: holds the label 3, and the segmenter knows 0 to 2/,
    );
    const empty = new Scorer(byId(3, [0]));
    empty.add(row(0, 0), [1, 1], "a.png");
    expect(() => empty.scores()).toThrow(/nothing that counts/);
  });
});

describe("a segmenter", () => {
  test("gives the likeliest class of each pixel of the resized picture, in the right place", async () => {
    const path = join(dir, "colour.onnx");
    await writeFile(path, colourSegmenter(4, 2));
    const segmenter = await OnnxSegmenter.open(path);
    // Two pixels a class: black on the left above, then red; green below, then blue.
    const data = new Uint8Array(8 * 4 * 3);
    for (let p = 0; p < 32; p++) {
      const [right, below] = [p % 8 >= 4, p >= 16];
      if (right || below) data[3 * p + (below ? (right ? 2 : 1) : 0)] = 200;
    }
    const found = await segmenter.segment({ data, width: 8, height: 4 });
    expect(found).toMatchObject({ width: 4, height: 2, count: 4 });
    expect([...found.classes]).toEqual([3, 3, 0, 0, 1, 1, 2, 2]);
    await segmenter.release();
  });

  test("what is none is refused in one line", async () => {
    const path = join(dir, "broken.onnx");
    await writeFile(path, "no model");
    await expect(OnnxSegmenter.open(path)).rejects.toThrow(/broken\.onnx: can't be loaded \(.*\); give the segmenter/);
    await expect(OnnxSegmenter.open(join(dir, "none.onnx"))).rejects.toMatchObject({ code: "file" });
    await writeFile(path, colourSegmenter(4, 2, 5));
    await expect(OnnxSegmenter.open(path)).rejects.toThrow(/has 1 input, the first image \[1,5,2,4\]/);
  });

  test("without ONNX Runtime, how to get it", async () => {
    vi.resetModules();
    vi.doMock("onnxruntime-node", () => {
      throw new Error("not here");
    });
    const { OnnxSegmenter: Fresh } = await import("../../src/evaluation/onnx_segmenter.ts");
    // In a clone; what an installed package says is in test/package.
    await expect(Fresh.open("any.onnx")).rejects.toThrow(
      /onnxruntime-node: can't be loaded .*; run: npm run setup, or/,
    );
    vi.doUnmock("onnxruntime-node");
  });
});

describe("diversity", () => {
  test("of styles: the mean distance between two pictures of a map; of pictures: between any two", async () => {
    const extractor = {
      features: (pictures: readonly { width: number }[]) =>
        Promise.resolve(pictures.map((p) => Float32Array.of(p.width, 0))),
    };
    const paint = (map: number, style: number) =>
      Promise.resolve({ data: new Uint8Array(), width: map * style, height: 1 });
    expect(await styleDiversity(extractor, [1, 2, 6], paint)).toBe(3);
    expect(pictureDiversity([Float32Array.of(0, 0), Float32Array.of(3, 4), Float32Array.of(0, 8)])).toBeCloseTo(6, 12);
    // Of many pictures a thousand are compared: 20,000 would be 200 million distances.
    const many = Array.from({ length: 20_000 }, (_, i) => Float32Array.of(i % 40 < 20 ? 0 : 2));
    expect(pictureDiversity(many)).toBeCloseTo(1, 2);
  });
});
