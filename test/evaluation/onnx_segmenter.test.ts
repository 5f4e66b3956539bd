// Segmenters that are damaged or no segmenters end in one line that names the file.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { OnnxSegmenter } from "../../src/evaluation/onnx_segmenter.ts";
import { modelBytes, modelChunks, OnnxGraph } from "../../src/export/onnx/model.ts";
import { failure } from "../formats/helpers.ts";

const dir = await mkdtemp(join(tmpdir(), "spade-segmenter-"));
afterAll(() => rm(dir, { recursive: true }));
const picture = { data: new Uint8Array(3 * 4 * 4), width: 4, height: 4 };

async function opened(name: string, build: (g: OnnxGraph) => void): Promise<OnnxSegmenter> {
  const g = new OnnxGraph(name);
  build(g);
  const path = join(dir, `${name}.onnx`);
  await writeFile(path, modelBytes(modelChunks(g)));
  return OnnxSegmenter.open(path);
}

test("a model without inputs", async () => {
  const error = await failure(() =>
    opened("no-inputs", (g) => {
      g.constant("logits", [1, 4, 2, 2], () => new Float32Array(16));
      g.node("Identity", "out", ["logits"]);
      g.output("out", [1, 4, 2, 2]);
    }),
  );
  expect([error.code, error.problem]).toEqual(["shape", "has 0 inputs, and 1 output"]);
});

test("a model that fails when it runs, and one of other logits", async () => {
  const cut = await opened("fails", (g) => {
    g.input("image", [1, 3, 4, 4]);
    g.constant("table", [1], () => new Float32Array(1));
    // White pixels are places behind the table's end.
    g.node("Cast", "places", ["image"], { to: { int: 7 } });
    g.node("Gather", "out", ["table", "places"]);
    g.output("out", [1, 3, 4, 4]);
  });
  const error = await failure(() => cut.segment({ ...picture, data: picture.data.slice().fill(255) }));
  expect(error.message).toMatch(/fails\.onnx: can't be run \(.*\); give a model that ONNX Runtime runs on the CPU$/);
  await cut.release();
  const other = await opened("other", (g) => {
    g.input("image", [1, 3, 4, 4]);
    g.node("Flatten", "out", ["image"]);
    g.output("out", [1, 48]);
  });
  expect((await failure(() => other.segment(picture))).problem).toBe("gives [1,48]");
  await other.release();
});

test("a model of enormous pictures", async () => {
  const error = await failure(() =>
    opened("large", (g) => {
      g.input("image", [1, 3, 1 << 20, 1 << 20]);
      g.node("Identity", "out", ["image"]);
      g.output("out", [1, 3, 1 << 20, 1 << 20]);
    }),
  );
  expect(error.problem).toMatch(/^has 1 input, the first image \[1,3,1048576,1048576\]/);
});
