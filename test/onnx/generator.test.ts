import * as ort from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import type { Config } from "../../src/models/config.ts";
import { defaultConfig, semanticNc, storedForm } from "../../src/models/config.ts";
import { outputSize } from "../../src/models/kinds.ts";
import type { HostState } from "../../src/models/weights/seeded.ts";
import { powerIterate, seeded, seededGenerator, spectralSigma } from "../../src/models/weights/seeded.ts";
import { exportGenerator, generatorGraph, noisePlanes } from "../../src/export/onnx/generator.ts";
import { noisePlane } from "../../src/models/nets/noise.ts";
import { modelBytes, readModel } from "../../src/export/onnx/model.ts";
import { goldenPath, readGeneratorCase } from "./golden.ts";
import { hostGenerator } from "./host_generator.ts";
import { ACTIVATION_MAX } from "../tolerances.ts";

async function session(config: Config, state: HostState): Promise<ort.InferenceSession> {
  return ort.InferenceSession.create(modelBytes(exportGenerator(config, state)), { executionProviders: ["cpu"] });
}

async function image(
  s: ort.InferenceSession,
  config: Config,
  seg: Float32Array,
  z?: Float32Array,
  dist?: Float32Array,
): Promise<Float32Array> {
  const { h, w } = outputSize(config);
  const feeds: Record<string, ort.Tensor> = { seg: new ort.Tensor("float32", seg, [1, semanticNc(config), h, w]) };
  for (const { input, norm, h, w } of noisePlanes(config))
    feeds[input] = new ort.Tensor("float32", noisePlane(3, norm, h * w), [1, 1, h, w]);
  if (dist) feeds.dist = new ort.Tensor("float32", dist, [1, 2, h, w]);
  if (z) feeds.z = new ort.Tensor("float32", z, [1, config.z_dim]);
  const { image } = await s.run(feeds);
  expect(image.dims).toEqual([1, 3, h, w]);
  return image.data as Float32Array;
}

/** max |a - b| / max |b| */
function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let [error, peak] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    error = Math.max(error, Math.abs(a[i] - b[i]));
    peak = Math.max(peak, Math.abs(b[i]));
  }
  return error / peak;
}

/** A tiny net whose running statistics are not the trivial ones; gain small enough to keep tanh off its ends. */
function tinyNet(options: Partial<Config>): { config: Config; state: HostState } {
  const config: Config = { ...defaultConfig, label_nc: 3, ngf: 1, crop_size: 32, z_dim: 8, ...options };
  const state = seededGenerator(config, 1, 0.5);
  for (const [key, { shape, data }] of state) {
    if (key.endsWith("running_mean")) data.set(seeded(key, shape, 0.3));
    if (key.endsWith("noise_var")) data.set(seeded(key, shape, 1));
    if (key.endsWith("running_var")) data.set(seeded(key, shape, 0.5).map((v) => 1 + v));
  }
  powerIterate(state, 10);
  return { config, state };
}

describe("an exported generator in onnxruntime", () => {
  const cases: [string, Partial<Config>][] = [
    ["labels with edges", {}],
    [
      "z, tall, more, 1x1",
      { use_vae: true, crop_size: 64, aspect_ratio: 0.5, num_upsampling_layers: "more", norm_G: "spadesyncbatch1x1" },
    ],
    ["instance norm, no edges", { norm_G: "spectralspadeinstance3x3", no_instance: true, label_nc: 2 }],
    ["5x5 without spectral norm, no don't-care", { norm_G: "spadebatch5x5", contain_dontcare_label: false }],
    ["noise", { add_noise: true, crop_size: 64, norm_G: "spectralspadesyncbatch1x1" }],
    ["CLADE with edges and positions", { netG: "clade", add_dist: true, crop_size: 64 }],
    [
      "CLADE, z, instance norm",
      { netG: "clade", no_instance: true, use_vae: true, norm_G: "spadeinstance3x3", crop_size: 64 },
    ],
    ["most, 1x1", { num_upsampling_layers: "most", crop_size: 128, ngf: 2, norm_G: "spectralspadebatch1x1" }],
  ];
  for (const [name, options] of cases) {
    it(`equals the float64 host generator: ${name}`, async () => {
      const { config, state } = tinyNet(options);
      const { h, w } = outputSize(config);
      // Any numbers will do as a map; different ones in each pixel show a pixel read from the wrong place.
      const seg = seeded("seg", [semanticNc(config), h, w], 1);
      const z = config.use_vae ? seeded("z", [config.z_dim], 2) : undefined;
      const dist = config.add_dist ? seeded("dist", [2, h, w], 1) : undefined;
      const expected = hostGenerator(config, state, seg, z, (norm, n) => noisePlane(3, norm, n), dist);
      expect(Math.max(...expected.map(Math.abs))).toBeGreaterThan(0.05);
      expect(relativeError(await image(await session(config, state), config, seg, z, dist), expected)).toBeLessThan(
        ACTIVATION_MAX,
      );
    });
  }

  for (const name of ["tiny", "vae_more_wide", "most_instance", "batch5x5_plain"]) {
    const path = goldenPath(`generator_${name}`);
    it.skipIf(!path)(`equals PyTorch: ${name}`, async () => {
      const { config, state, images } = await readGeneratorCase(path!);
      const s = await session(config, state);
      for (const { seg, z, expected } of images) {
        expect(relativeError(await image(s, config, seg, z), expected)).toBeLessThan(ACTIVATION_MAX);
      }
    });
  }
});

describe("the model file", () => {
  it("holds opset 17, plain operators, folded weights and the configuration", () => {
    const { config, state } = tinyNet({ use_vae: true });
    const { graph, opset } = readModel(modelBytes(exportGenerator(config, state)));
    expect(opset).toBe(17);
    expect(graph.inputs).toEqual([
      { name: "seg", shape: [1, 5, 32, 32] },
      { name: "z", shape: [1, 8] },
    ]);
    expect(graph.outputs).toEqual([{ name: "image", shape: [1, 3, 32, 32] }]);
    expect(JSON.parse(graph.metadata.config)).toEqual(storedForm(config));
    expect(graph.nodes).toEqual(generatorGraph(config, state).nodes);
    expect([...new Set(graph.nodes.map((n) => n.op))].sort()).toEqual([
      "Add",
      "BatchNormalization",
      "Constant",
      "Conv",
      "Gemm",
      "LeakyRelu",
      "Mul",
      "Relu",
      "Reshape",
      "Resize",
      "Tanh",
    ]);
    const folded = graph.initializers.get("up_0.conv_s.weight")!.values();
    const sigma = spectralSigma(state, "up_0.conv_s");
    expect(folded).toEqual(state.get("up_0.conv_s.weight_orig")!.data.map((w) => w / sigma));
  });

  it("of a net with noise reads a plane of each norm's size; without noise the model stays as it was", () => {
    const { config, state } = tinyNet({ add_noise: true });
    const { graph } = readModel(modelBytes(exportGenerator(config, state)));
    expect(graph.inputs.slice(1, 4)).toEqual([
      { name: "head_0.norm_0.noise", shape: [1, 1, 1, 1] },
      { name: "head_0.norm_1.noise", shape: [1, 1, 1, 1] },
      { name: "G_middle_0.norm_0.noise", shape: [1, 1, 2, 2] },
    ]);
    expect(graph.inputs.map(({ name }) => name)).toContain("up_3.norm_s.noise");
    expect(JSON.parse(graph.metadata.config)).toMatchObject({ add_noise: true });
    const plain = tinyNet({});
    expect(generatorGraph(plain.config, plain.state).metadata.config).not.toContain("add_noise");
  });

  it("takes weights that are already divided by sigma", async () => {
    const { config, state } = tinyNet({});
    const plain: HostState = new Map([...state].filter(([key]) => !/weight_(orig|u|v)$/.test(key)));
    for (const { name, shape, values } of generatorGraph(config, state).initializers.values()) {
      if (state.has(`${name}_orig`)) plain.set(name, { shape, data: values() });
    }
    const [a, b] = [plain, state].map((s) => modelBytes(exportGenerator(config, s)));
    expect(Buffer.compare(a, b)).toBe(0);
  });

  it("refuses weights of another configuration, naming the key", () => {
    const { config, state } = tinyNet({});
    expect(() => generatorGraph({ ...config, label_nc: 4 }, state)).toThrow(
      /fc\.weight: is \[16, 5, 3, 3\].*\[16, 6, 3, 3\]/,
    );
    state.delete("up_1.conv_0.weight_u");
    expect(() => generatorGraph(config, state)).toThrow(/up_1\.conv_0\.weight_u: is missing/);
  });
});
