// Bilinear resizing against PIL's values, and the feature vectors of pictures.

import { expect, test } from "vitest";
import { FeatureExtractor } from "../../src/evaluation/features.ts";
import { bilinearResize, type Pixels } from "../../src/pictures/pil_bilinear.ts";
import { openFile } from "../../src/formats/file.ts";
import { openSafetensors } from "../../src/formats/safetensors.ts";
import { ParameterStore } from "../../src/models/weights/parameters.ts";
import { Frozen } from "../../src/models/nets/perceptual.ts";
import { checkpointSource } from "../../src/models/weights/source.ts";
import { squeezenet, squeezenetSource } from "../../src/models/nets/squeezenet.ts";
import { Graph, Program } from "../../src/runtime/index.ts";
import { noise, relativeError, testDevice } from "../support/device.ts";
import { FEATURES } from "../tolerances.ts";

const bytes = (width: number, height: number, seed = 1): Pixels => ({
  data: Uint8Array.from(noise(width * height * 3, seed), (v) => Math.floor((v + 1) * 128)),
  width,
  height,
});

// Image.fromarray(a).resize((3, 2), BILINEAR), and that .resize((5, 4), BILINEAR), by Pillow 12, of a[y, x] = (10 y + x, 100 + x, 50 y).
const SMALL = [7, 100, 36, 9, 102, 36, 11, 104, 36, 23, 100, 114, 25, 102, 114, 27, 104, 114];
const LARGE = [
  7, 100, 36, 8, 101, 36, 9, 102, 36, 10, 103, 36, 11, 104, 36, 11, 100, 56, 12, 101, 56, 13, 102, 56, 14, 103, 56, 15,
  104, 56, 19, 100, 95, 20, 101, 95, 21, 102, 95, 22, 103, 95, 23, 104, 95, 23, 100, 114, 24, 101, 114, 25, 102, 114,
  26, 103, 114, 27, 104, 114,
];

test("a smaller and a larger size, within the rounding of PIL's bytes", () => {
  const a: Pixels = {
    data: Uint8Array.from({ length: 60 }, (_, i) => {
      const [y, x] = [Math.floor(i / 15), Math.floor(i / 3) % 5];
      return [10 * y + x, 100 + x, 50 * y][i % 3];
    }),
    width: 5,
    height: 4,
  };
  const small = bilinearResize(a, 3, 2);
  small.forEach((v, i) => expect(Math.abs(v - SMALL[i])).toBeLessThanOrEqual(1));
  const large = bilinearResize({ data: Uint8Array.from(SMALL), width: 3, height: 2 }, 5, 4);
  large.forEach((v, i) => expect(Math.abs(v - LARGE[i])).toBeLessThanOrEqual(1));
});

test("an equal size leaves a picture as it is, a flat one stays flat", () => {
  const a = bytes(7, 5);
  expect([...bilinearResize(a, 7, 5)]).toEqual([...a.data]);
  const flat = bilinearResize({ data: new Uint8Array(7 * 5 * 3).fill(99), width: 7, height: 5 }, 3, 11);
  flat.forEach((v) => expect(v).toBeCloseTo(99, 4));
});

test("a vector is fire9's mean over the picture", async () => {
  const device = await testDevice();
  const extractor = await FeatureExtractor.create(device);
  const picture = { data: noise(256 * 192 * 3, 7), width: 256, height: 192 };
  const [features] = await extractor.features([picture]);
  extractor.dispose();

  const weights = new URL("../../weights/squeezenet1_0_features.safetensors", import.meta.url).pathname;
  const source = checkpointSource(await openSafetensors(await openFile(weights)));
  const p = await ParameterStore.loadNet(device, squeezenet.net, squeezenetSource(source), "f32");
  const frozen = await Frozen.prepare({ net: squeezenet, parameters: p }, { h: 192, w: 256 });
  const g = new Graph(device.target);
  g.output("fire9", squeezenet.record(g, frozen.convs(g), g.input("picture", [1, 192, 256, 3]))[4]);
  const program = await Program.compile(g, device, { name: "fire9" });
  await program.run({ inputs: { picture: picture.data } });
  const means = new Float64Array(512);
  const map = await program.read("fire9");
  map.forEach((v, i) => (means[i % 512] += (v * 512) / map.length));
  expect(relativeError(features, means)).toBeLessThan(FEATURES);
  program.dispose();
  frozen.dispose();
  p.dispose();
});

test("one vector of 512 a picture: of bytes as of [-1,1], in batches as alone", async () => {
  const extractor = await FeatureExtractor.create(await testDevice());
  try {
    const five = [1, 2, 3, 4, 5].map((seed) => bytes(40, 30, seed));
    const features = await extractor.features(five);
    expect(features.map((f) => f.length)).toEqual(Array.from({ length: 5 }, () => 512));
    const { data, width, height } = five[4];
    const [alone] = await extractor.features([{ data: Float32Array.from(data, (v) => v / 127.5 - 1), width, height }]);
    expect(relativeError(alone, features[4])).toBeLessThan(FEATURES);
    expect(relativeError(features[0], features[4])).toBeGreaterThan(0.01);
  } finally {
    extractor.dispose();
  }
});
