// The segmenter on our own kernels against PyTorch, and what it refuses.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openFile } from "../../src/formats/file.ts";
import { openSafetensors } from "../../src/formats/safetensors.ts";
import { bytesAccess, toF32, type TensorSource } from "../../src/formats/tensors.ts";
import { segmenterShapes } from "../../src/models/nets/segmenter.ts";
import { withoutInt8 } from "../../src/models/weights/int8.ts";
import { pilBilinearResize } from "../../src/pictures/pil_bilinear.ts";
import { pilNearestResize } from "../../src/pictures/pil_nearest.ts";
import { segmenterConfig } from "../../src/segmenting/segmenter_config.ts";
import { segmenterInput, SegmenterRunner } from "../../src/segmenting/segmenter_runner.ts";
import { failure } from "../formats/helpers.ts";
import { testDevice } from "../support/device.ts";
import { SEGMENTER_CELLS, SEGMENTER_LOGITS } from "../tolerances.ts";
import { room, valley } from "./drawn.ts";

const NAME = "ade20k_segmenter.safetensors";
const path = (below: string): string => fileURLToPath(new URL(`../../${below}`, import.meta.url));
const weights = async (): Promise<TensorSource> => openSafetensors(await openFile(path(`weights/${NAME}`)));
const CELLS = 129;
const STEP = 16;

describe("with the published weights", () => {
  let runner: SegmenterRunner;
  beforeAll(async () => {
    const source = await weights();
    runner = await SegmenterRunner.open(source, await testDevice(), NAME);
    await source.close();
  });
  afterAll(() => runner.dispose());

  test.each([
    ["valley", valley, ["sky", "road", "grass"]],
    ["room", room, ["wall", "windowpane", "door"]],
  ] as const)("a drawn %s has PyTorch's logits and classes", async (name, draw, seen) => {
    const golden = await openSafetensors(
      bytesAccess(new Uint8Array(readFileSync(path(`test/fixtures/segmenter/${name}.safetensors`)))),
    );
    const wanted = toF32(await golden.read("logits"));
    const classes = (await golden.read("classes")).data;
    const { size, classes: count } = runner.config;
    const logits = await runner.logits(segmenterInput(draw(), size));
    expect(logits.length).toBe(CELLS * CELLS * count);

    let error = 0;
    const sampled = Math.ceil(CELLS / STEP);
    for (let p = 0; p < sampled ** 2; p++) {
      const cell = Math.floor(p / sampled) * STEP * CELLS + (p % sampled) * STEP;
      for (let c = 0; c < count; c++) error += (logits[cell * count + c] - wanted[p * count + c]) ** 2;
    }
    const rms = Math.sqrt(wanted.reduce((sum, v) => sum + v * v, 0) / wanted.length);
    expect(Math.sqrt(error / wanted.length) / rms).toBeLessThan(SEGMENTER_LOGITS);

    const found = Array.from(classes, (_, p) => {
      const values = logits.subarray(p * count, (p + 1) * count);
      return values.indexOf(Math.max(...values));
    });
    const equal = found.reduce((n, c, p) => n + Number(c === classes[p]), 0);
    expect(equal / classes.length).toBeGreaterThanOrEqual(SEGMENTER_CELLS);
    const names = new Set(found.map((c) => runner.names[c]));
    for (const label of seen) expect(names).toContain(label);
  });

  test("a picture of another size than the net's is refused", async () => {
    const error = await failure(() => runner.logits(new Float32Array(3)));
    expect(error.message).toMatch(/^segmenter: 3 values where 789507 are wanted; /);
  });
});

test("photos of any size and shape are labelled, as maps of any size", async () => {
  const source = await weights();
  const metadata = { ...source.metadata, segmenter: '{"size":129,"classes":151}' };
  const runner = await SegmenterRunner.open({ ...source, metadata }, await testDevice(), NAME);
  await source.close();
  const whole = valley();
  for (const [w, h] of [
    [90, 200],
    [700, 31],
  ]) {
    const map = await runner.segment(pilBilinearResize(whole, w, h), { width: 20, height: 10 });
    expect([map.width, map.height, map.classes.length, map.confidence.length]).toEqual([20, 10, 200, 200]);
    expect(runner.names[map.classes[10]]).toBe("sky");
    expect(map.confidence.every((v) => v > 1 / 151 && v <= 1)).toBe(true);
  }
  // A map of the net's size has its pixels; a larger one, made in parts, repeats them.
  const own = await runner.segment(whole, { width: 129, height: 129 });
  const large = await runner.segment(whole, { width: 1500, height: 1000 });
  const repeated = pilNearestResize({ data: own.classes, width: 129, height: 129 }, 1500, 1000).data;
  expect(large.classes.findIndex((c, p) => c !== repeated[p])).toBe(-1);
  expect(large.confidence[1000 * 1500 - 1]).toBe(own.confidence[129 * 129 - 1]);
  runner.dispose();
});

test("the file has the net's tensors and no others", async () => {
  const source = withoutInt8(await weights(), NAME);
  const shapes = new Map(source.names().map((key) => [key, source.info(key).shape]));
  expect(new Map([...shapes].sort())).toEqual(new Map([...segmenterShapes({ size: 513, classes: 151 })].sort()));
  await source.close();
});

describe("metadata that describe no segmenter are an error in one line:", () => {
  const labels = JSON.stringify([
    { id: 0, name: "a", color: "#000" },
    { id: 1, name: "b", color: "#111" },
  ]);
  const good = { segmenter: '{"size":33,"classes":2}', labels };
  test("but good ones are read", () =>
    expect(segmenterConfig(good, "x")).toEqual({ size: 33, classes: 2, names: ["a", "b"] }));
  test.each([
    ["none", {}, "unsupported", /is no segmenter/],
    ["no labels", { segmenter: good.segmenter }, "unsupported", /is no segmenter/],
    ["no JSON", { ...good, segmenter: "{" }, "file", /is not JSON/],
    ["null", { ...good, segmenter: "null" }, "file", /is not an object/],
    ["a size that makes padding lopsided", { ...good, segmenter: '{"size":32,"classes":2}' }, "file", /no size/],
    ["a huge size", { ...good, segmenter: '{"size":80001,"classes":2}' }, "file", /no size/],
    ["classes without names", { ...good, segmenter: '{"size":33,"classes":3}' }, "file", /the labels have no 2/],
    ["too many names", { ...good, segmenter: '{"size":33,"classes":1}' }, "file", /id 1 is beyond/],
    ["no classes", { ...good, segmenter: '{"size":33}' }, "file", /no number of classes/],
    ["names that are no list", { ...good, labels: "{}" }, "file", /is not a list/],
  ])("%s", async (_, metadata, code, problem) => {
    const error = await failure(() => segmenterConfig(metadata, "net.safetensors"));
    expect(error.code).toBe(code);
    expect(error.problem).toMatch(problem);
  });
});
