// Discriminator, encoder and perceptual nets: keys, layouts, and layers against a float64 host. The golden cases (test/conformance)
// compare whole nets with PyTorch for two norm strings; here are the others.

import { expect, test } from "vitest";
import { gradients } from "../../kernels/gradients.ts";
import { openFile } from "../../src/formats/file.ts";
import { openSafetensors } from "../../src/formats/safetensors.ts";
import { defaultConfig, parsePlainNorm, semanticNc } from "../../src/models/config.ts";
import {
  discriminatorLayers,
  discriminatorNet,
  discriminatorShapes,
  recordDiscriminator,
} from "../../src/models/nets/discriminator.ts";
import { encoderNet, encoderShapes, recordEncoder } from "../../src/models/nets/encoder.ts";
import { isTrained, type Net } from "../../src/models/weights/packing.ts";
import { ParameterStore } from "../../src/models/weights/parameters.ts";
import { Frozen, type Convs, type Perceptual } from "../../src/models/nets/perceptual.ts";
import { plainConvShapes, recordPlainConv, type PlainConv } from "../../src/models/nets/plain_conv.ts";
import { seeded, seededState } from "../../src/models/weights/seeded.ts";
import { checkpointSource, memorySource } from "../../src/models/weights/source.ts";
import { squeezenet, squeezenetShapes, squeezenetSource } from "../../src/models/nets/squeezenet.ts";
import { vgg19, vgg19Shapes } from "../../src/models/nets/vgg19.ts";
import { Graph, paperTarget, product, Program, type HostArray, type Tensor } from "../../src/runtime/index.ts";
import { defaultLosses, recordGeneratorLosses } from "../../src/training/step/losses.ts";
import { conv2dReference } from "../reference/conv2d.ts";
import { maxPoolReference } from "../reference/max_pool.ts";
import { plainLayerReference, sigmaReference, type HostMap } from "../reference/plain_layer.ts";
import { noise, relativeError, testDevice } from "../support/device.ts";
import { ACTIVATION_MAX, LAYER, sumError } from "../tolerances.ts";

const size = (shapes: ReadonlyMap<string, readonly number[]>): number =>
  [...shapes].filter(([key]) => isTrained(key)).reduce((sum, [, s]) => sum + product(s), 0);

/** Runs a recording over a net's seeded parameters (statistics of batch norms moved off 0 and 1), reads its results. */
async function evaluateNet(
  net: Net,
  inputs: Record<string, HostArray>,
  record: (g: Graph, p: ParameterStore) => Record<string, Tensor>,
): Promise<{ out: Record<string, Float32Array>; p: ParameterStore; state: ReturnType<typeof seededState> }> {
  const device = await testDevice();
  const state = seededState(net.shapes, 5, 1);
  for (const [key, t] of state)
    if (/\.1\.(weight|bias|running_\w+)$/.test(key))
      state.set(key, { shape: t.shape, data: seeded(key, t.shape, 0.4).map((v) => v + 1) });
  const p = await ParameterStore.loadNet(device, net, memorySource(state), "f32");
  const g = new Graph(device.target);
  const results = record(g, p);
  for (const [name, t] of Object.entries(results)) g.output(name, t);
  const program = await Program.compile(g, device, { name: "net" });
  await program.run({ inputs });
  const out: Record<string, Float32Array> = {};
  for (const name of Object.keys(results)) out[name] = await program.read(name);
  program.dispose();
  return { out, p, state };
}

test("parameter counts are the published ones", () => {
  const d = { ndf: 64, num_D: 2, n_layers_D: 4, norm_D: "spectralinstance" };
  expect(size(discriminatorShapes({ ...defaultConfig, ...d }))).toBe(5_904_514);
  expect(size(discriminatorShapes({ ...d, label_nc: 35, contain_dontcare_label: false, no_instance: false }))).toBe(
    5_601_410,
  );
  expect(size(encoderShapes({ ngf: 64, z_dim: 256, norm_E: "spectralinstance" }))).toBe(10_463_424);
  expect(size(vgg19Shapes())).toBe(12_944_960);
});

test("norm strings: with and without spectral, sync_batch is batch, others refused", () => {
  expect(parsePlainNorm("spectralsync_batch", "norm_D")).toEqual({ spectral: true, kind: "batch", synced: true });
  expect(parsePlainNorm("instance", "norm_E")).toEqual({ spectral: false, kind: "instance", synced: false });
  expect(parsePlainNorm("spectral", "norm_D")).toEqual({ spectral: true, kind: "none", synced: false });
  expect(() => parsePlainNorm("spectralgroup", "norm_D")).toThrow(
    /norm_D "spectralgroup": "group" is not a known norm/,
  );
});

test.each(["spectralinstance", "spectralbatch", "spectralnone", "instance", "batch", "none"])(
  "a layer with norm %s equals the float64 host, and moves its buffers",
  async (norm) => {
    const layer: PlainConv = {
      name: "layer",
      cin: 5,
      cout: 6,
      k: 4,
      stride: 2,
      pad: 2,
      norm: parsePlainNorm(norm, "norm_D"),
      act: "leaky",
    };
    const x = { data: noise(2 * 9 * 7 * 5, 1), shape: [2, 9, 7, 5] };
    const { out, p, state } = await evaluateNet({ shapes: new Map(plainConvShapes(layer)) }, { x: x.data }, (g, p) => ({
      y: recordPlainConv(g, p, layer, g.input("x", x.shape), true),
    }));
    const { kind, spectral } = layer.norm;
    const conv = kind === "none" ? "layer" : "layer.0";
    const w = state.get(`${conv}.weight${spectral ? "_orig" : ""}`)!;
    const of = (key: string): Float32Array | undefined => state.get(key)?.data;
    const ref = plainLayerReference(x, w.data, w.shape, {
      ...layer,
      norm: kind,
      bias: of(`${conv}.bias`),
      sigma: spectral ? sigmaReference(w.data, of(`${conv}.weight_u`)!) : 1,
      affine: kind === "batch" ? [of("layer.1.weight")!, of("layer.1.bias")!] : undefined,
      slope: 0.2,
    });
    expect(relativeError(out.y, ref.data)).toBeLessThan(LAYER);
    for (const key of p.keys()) {
      const moved = relativeError(await p.read(key), of(key)!) > sumError(70);
      expect(moved, key).toBe(!isTrained(key));
    }
    p.dispose();
  },
);

test.each([
  { label_nc: 4, contain_dontcare_label: true, no_instance: false, num_D: 3 },
  { label_nc: 3, contain_dontcare_label: false, no_instance: true, num_D: 2 },
])("the discriminator by lookup equals the one on the one-hot map, in outputs and gradients: %j", async (labels) => {
  const c = { ...labels, ndf: 3, n_layers_D: 2, norm_D: "spectralinstance" };
  const [n, h, w] = [2, 33, 26];
  const s = semanticNc(c);
  const codes = Int32Array.from(
    { length: n * h * w },
    (_, i) =>
      ((Math.floor(i / 7) + Math.floor(i / w / 3)) % (s - (c.no_instance ? 0 : 1))) * 2 +
      (!c.no_instance && i % 11 === 0 ? 1 : 0),
  );
  const dense = new Float32Array(codes.length * s);
  codes.forEach((code, i) => {
    dense[i * s + (code >> 1)] = 1;
    if (code & 1) dense[i * s + s - 1] = 1;
  });
  const pictures = noise(2 * n * h * w * 3, 3);
  /** Every output; and the gradient of a loss that sees every layer, on parameters and pictures. */
  const run = (how: "codes" | "dense"): ReturnType<typeof evaluateNet> =>
    evaluateNet(
      discriminatorNet(c),
      { pictures, one: Float32Array.of(1), ...(how === "codes" ? { codes } : { dense }) },
      (g, p) => {
        const given =
          how === "codes" ? { codes: g.input("codes", [n, h, w], "i32") } : { dense: g.input("dense", [n, h, w, s]) };
        const input = g.input("pictures", [2 * n, h, w, 3]);
        const scales = recordDiscriminator(g, c, p, given, input);
        const losses = recordGeneratorLosses(g, defaultLosses, { scales, images: n });
        const one = g.input("one", [1]);
        const wrt = [
          input,
          ...p
            .keys()
            .filter(isTrained)
            .map((key) => p.tensor(g, key)),
        ];
        const grads = gradients(g, new Map([...losses.values()].map((t) => [t, one])), wrt);
        return {
          ...Object.fromEntries(scales.flatMap((layers, i) => layers.map((t, j) => [`${i}.${j}`, t]))),
          ...Object.fromEntries([...grads].map(([t, grad]) => [`d ${t.name}`, grad])),
        };
      },
    );
  const [byLookup, byConv] = [await run("codes"), await run("dense")];
  expect(Object.keys(byLookup.out)).toHaveLength(c.num_D * 3 + 1 + [...byLookup.state.keys()].filter(isTrained).length);
  for (const [name, y] of Object.entries(byConv.out))
    expect(relativeError(byLookup.out[name], y), name).toBeLessThan(ACTIVATION_MAX);
  for (const { p, state } of [byLookup, byConv]) {
    for (const key of [...state.keys()].filter(isTrained)) expect(await p.read(key)).toEqual(state.get(key)!.data);
    p.dispose();
  }
});

test("the encoder's heads see (channel, y, x); z_dim is free; in eval mode batch norm uses its running statistics", async () => {
  const c = { ngf: 1, z_dim: 7, norm_E: "batch" };
  const net = encoderNet(c);
  const picture = noise(256 * 256 * 3, 2);
  const { out, p, state } = await evaluateNet(net, { picture }, (g, p) => ({
    ...recordEncoder(g, c, p, g.input("picture", [1, 256, 256, 3]), false),
  }));
  let x: HostMap = { data: picture, shape: [1, 256, 256, 3] };
  const of = (key: string): Float32Array => state.get(key)!.data;
  for (let n = 1; n <= 6; n++) {
    const key = `layer${n}`;
    const y = conv2dReference(x.data, x.shape, of(`${key}.0.weight`), state.get(`${key}.0.weight`)!.shape, {
      stride: 2,
      pad: 1,
    });
    const [weight, bias, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map((k) =>
      of(`${key}.1.${k}`),
    );
    const width = mean.length;
    const data = y.data.map((v, i) => {
      const o = ((v - mean[i % width]) / Math.sqrt(variance[i % width] + 1e-5)) * weight[i % width] + bias[i % width];
      return o > 0 ? o : 0.2 * o;
    });
    x = { data, shape: y.shape };
  }
  for (const [name, part] of [
    ["mu", "fc_mu"],
    ["logvar", "fc_var"],
  ]) {
    const w = of(`${part}.weight`);
    const ref = Float64Array.from(of(`${part}.bias`), (b, o) => {
      let sum = b;
      for (let ch = 0; ch < 8; ch++) for (let q = 0; q < 16; q++) sum += w[o * 128 + ch * 16 + q] * x.data[q * 8 + ch];
      return sum;
    });
    expect(relativeError(out[name], ref)).toBeLessThan(ACTIVATION_MAX);
    expect(await p.read(`${part}.weight`)).toEqual(w);
  }
  p.dispose();
});

/** Shapes of a perceptual net's feature maps, recorded on paper. */
function tapShapes(net: Perceptual, shape: number[]): readonly (readonly number[])[] {
  const g = new Graph(paperTarget());
  const convs: Convs = (name) => {
    const [o, i, k] = net.net.shapes.get(`${name}.weight`)!;
    return { w: g.temp(name, [k * k, (i + 3) & ~3, o]), bias: g.temp(name, [o]) };
  };
  return net.record(g, convs, g.input("x", shape)).map((t) => t.shape);
}

test("the perceptual nets' feature maps", () => {
  expect(tapShapes(vgg19, [1, 64, 48, 3])).toEqual([
    [1, 64, 48, 64],
    [1, 32, 24, 128],
    [1, 16, 12, 256],
    [1, 8, 6, 512],
    [1, 4, 3, 512],
  ]);
  expect(tapShapes(squeezenet, [1, 96, 128, 3])).toEqual([
    [1, 45, 61, 96],
    [1, 22, 30, 128],
    [1, 11, 15, 256],
    [1, 11, 15, 384],
    [1, 5, 7, 512],
  ]);
});

test("SqueezeNet's features equal a float64 host that reads BGR in 0..255 less the mean", async () => {
  const source = checkpointSource(
    await openSafetensors(
      await openFile(new URL("../../weights/squeezenet1_0_features.safetensors", import.meta.url).pathname),
    ),
  );
  const device = await testDevice();
  const p = await ParameterStore.loadNet(device, squeezenet.net, squeezenetSource(source), "f32");
  const shape = [1, 37, 43, 3];
  const picture = noise(product(shape), 4);
  const g = new Graph(device.target);
  const frozen = await Frozen.prepare({ net: squeezenet, parameters: p }, { h: shape[1], w: shape[2] });
  squeezenet.record(g, frozen.convs(g), g.input("picture", shape)).forEach((t, i) => g.output(`${i}`, t));
  const program = await Program.compile(g, device, { name: "squeezenet" });
  await program.run({ inputs: { picture } });

  const relu = (y: HostMap): HostMap => ({ ...y, data: Float64Array.from(y.data, (v) => Math.max(v, 0)) });
  const conv = async (x: HostMap, name: string, how: { stride?: number; pad?: number } = {}): Promise<HostMap> =>
    relu(
      conv2dReference(x.data, x.shape, await source.read(`${name}.weight`), squeezenetShapes().get(`${name}.weight`)!, {
        ...how,
        bias: await source.read(`${name}.bias`),
      }),
    );
  const pool = ({ data, shape: [n, h, w, c] }: HostMap): HostMap => {
    const [oh, ow] = [Math.ceil((h - 3) / 2) + 1, Math.ceil((w - 3) / 2) + 1];
    return { data: maxPoolReference(data, [n, h, w, c], { k: 3, stride: 2, oh, ow }).y, shape: [n, oh, ow, c] };
  };
  let x: HostMap = {
    data: Float64Array.from(
      picture,
      (_, i) => (picture[i - (i % 3) + 2 - (i % 3)] + 1) * 127.5 - [104, 117, 123][i % 3],
    ),
    shape,
  };
  x = await conv(x, "conv1", { stride: 2 });
  const refs = [x];
  for (let n = 2; n <= 9; n++) {
    if ([2, 5, 9].includes(n)) x = pool(x);
    const s = await conv(x, `fire${n}.squeeze`);
    const [a, b] = [await conv(s, `fire${n}.expand1x1`), await conv(s, `fire${n}.expand3x3`, { pad: 1 })];
    const half = a.shape[3];
    const data = Float64Array.from({ length: a.data.length * 2 }, (_, i) => {
      const [pixel, ch] = [Math.floor(i / (2 * half)), i % (2 * half)];
      return ch < half ? a.data[pixel * half + ch] : b.data[pixel * half + ch - half];
    });
    x = { data, shape: [...a.shape.slice(0, 3), 2 * half] };
    if (n % 2) refs.push(x);
  }
  for (const [i, ref] of refs.entries())
    expect(relativeError(await program.read(`${i}`), ref.data), `tap ${i}`).toBeLessThan(ACTIVATION_MAX);
  program.dispose();
  frozen.dispose();
  p.dispose();
});

test("layers without anything to train are refused", () => {
  expect(() => discriminatorLayers({ ...defaultConfig, ndf: 4, num_D: 0, n_layers_D: 4, norm_D: "none" })).toThrow(
    /at least 1/,
  );
});
