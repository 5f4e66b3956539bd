// The device's own moving of weights to their layouts gives the bytes that the host's packing gives; values that paint nothing are refused.

import { describe, expect, test } from "vitest";
import { openCheckpoint } from "../../src/formats/any_checkpoint.ts";
import { writeSafetensors } from "../../src/formats/safetensors.ts";
import { bytesAccess, fromF32, memorySink, toF32 } from "../../src/formats/tensors.ts";
import { packConv } from "../../kernels/conv/conv2d.ts";
import { packConvTranspose, packTransposedV } from "../../kernels/conv/conv_transpose.ts";
import { packV } from "../../kernels/norm/spectral.ts";
import { packBlocks } from "../../kernels/parts/gemm.ts";
import { defaultConfig, type Config } from "../../src/models/config.ts";
import { netOf } from "../../src/models/kinds.ts";
import { normalValues } from "../../src/models/philox.ts";
import { encoderNet } from "../../src/models/nets/encoder.ts";
import {
  convPacking,
  packingOf,
  transposedPacking,
  vPacking,
  type Net,
  type Packing,
} from "../../src/models/weights/packing.ts";
import { ParameterStore, type StateSource } from "../../src/models/weights/parameters.ts";
import { checkpointSource, memorySource } from "../../src/models/weights/source.ts";
import { bytesOf, encodeHost, product, type DType } from "../../src/runtime/index.ts";
import { failure } from "../formats/helpers.ts";
import { testDevice } from "../support/device.ts";

const tiny: Config = { ...defaultConfig, label_nc: 5, ngf: 1, z_dim: 5, crop_size: 64 };
const nets: Record<string, Net> = {
  "SPADE with VAE, spectral": netOf({ ...tiny, use_vae: true, aspect_ratio: 2 }),
  "SPADE with fc of labels, 5x5": netOf({ ...tiny, norm_G: "spectralspadebatch5x5", ngf: 3 }),
  "pix2pixHD, spectral": netOf({
    ...{ ...tiny, netG: "pix2pixhd", norm_G: "spectralbatch" },
    ...{ ngf: 3, crop_size: 16, resnet_n_downsample: 2, resnet_n_blocks: 1 },
  }),
  encoder: encoderNet({ norm_E: "spectralinstance", ngf: 1, z_dim: 3 } as Parameters<typeof encoderNet>[0]),
};

type FileType = "F16" | "F32";

/** A file of these values; its type keeps what it can of them. */
async function fileOf(values: ReadonlyMap<string, Float32Array>, shapes: Net["shapes"], dtype: FileType) {
  const sink = memorySink();
  const tensors = [...values].map(([name, v]) => ({
    ...{ name, dtype, shape: [...shapes.get(name)!] },
    data: () => fromF32(v, dtype),
  }));
  await writeSafetensors(sink, tensors);
  return checkpointSource(await openCheckpoint(bytesAccess(sink.bytes())));
}

const bytes = (a: ArrayBufferView): Uint8Array => new Uint8Array(a.buffer, a.byteOffset, a.byteLength);

/** The stored bytes of every key of an uploaded net, and those of the host's packing. */
async function expectHostBytes(net: Net, source: StateSource, dtype: DType): Promise<void> {
  const device = await testDevice();
  const before = device.allocated;
  const p = await ParameterStore.loadNet(device, net, source, dtype);
  for (const key of p.keys()) {
    const { shape, pack, weight } = packingOf(net, key);
    const stored = { shape, dtype: weight ? dtype : ("f32" as const) };
    const want = bytes(encodeHost(stored, pack(await source.read(key))));
    expect(p.storage(key).bytes, key).toBe(bytesOf(shape, stored.dtype));
    const got = new Uint8Array(await device.download(p.storage(key)));
    expect(Buffer.compare(got.subarray(0, want.length), want), key).toBe(0);
  }
  p.dispose();
  expect(device.allocated).toBe(before);
}

describe.each(Object.entries(nets))("%s", (_, net) => {
  const values = new Map(
    [...net.shapes].map(([key, shape], i) => [key, normalValues(i, product(shape)).map(Math.abs)]),
  );

  test.each(["F16", "F32"] as const)("a file of %s is stored as the host would, as f32 and f16", async (type) => {
    const source = await fileOf(values, net.shapes, type);
    await expectHostBytes(net, source, "f32");
    if ((await testDevice()).gpu.features.has("shader-f16")) await expectHostBytes(net, source, "f16");
  });
});

const one = (shape: number[]): Net => ({ shapes: new Map([["w", shape]]) });
const memory = (net: Net, data: number[]): StateSource =>
  memorySource(new Map([["w", { shape: net.shapes.get("w")!, data: Float32Array.from(data) }]]));

test("the host's packing gives the layouts that the kernels' own functions give", () => {
  const [o, i, k] = [6, 5, 3];
  const w = normalValues(1, o * i * k * k);
  const v = normalValues(2, i * k * k);
  const blocked = packingOf(nets["SPADE with VAE, spectral"], "up_3.norm_0.mlp_gamma.weight");
  const big = normalValues(3, product(nets["SPADE with VAE, spectral"].shapes.get("up_3.norm_0.mlp_gamma.weight")!));
  const turned = transposedPacking(i, o, k * k);
  const cases: [Packing, Float32Array, Float32Array][] = [
    [convPacking([o, i, k, k]), w, packConv(w, [o, i, k, k]).data],
    [vPacking(i, k * k), v, packV(v, i, k, k)],
    [turned.weight, w, packConvTranspose(w, [i, o, k, k]).data],
    [turned.v, v, packTransposedV(v, i, k)],
    [blocked, big, packBlocks(big, nets["SPADE with VAE, spectral"].shapes.get("up_3.norm_0.mlp_gamma.weight")!)],
  ];
  for (const [packing, published, want] of cases) {
    expect(packing.pack(published)).toEqual(want);
    expect(packing.unpack(want)).toEqual(published);
  }
});

test("every half is widened exactly: small ones, zeros of both signs", async () => {
  const halves = Uint16Array.from({ length: 65536 }, (_, i) => i).filter((h) => (h & 0x7c00) !== 0x7c00);
  const net = one([halves.length]);
  const data = new Uint8Array(halves.buffer);
  const raw = { isHalf: () => true, read: async () => data };
  const source: StateSource = { shapes: net.shapes, read: () => toF32({ dtype: "F16", data }), raw };
  await expectHostBytes(net, source, "f32");
});

test("floats are rounded to the nearest half, ties to even", async ({ skip }) => {
  if (!(await testDevice()).gpu.features.has("shader-f16")) skip();
  const near = [0, 1, 0.5, 2 ** -14, 2 ** -24, 2 ** -25, 1e-9, 65504, 65519, 65520, 1e30, 0.1, 1 / 3];
  const steps = near.flatMap((v) => [-3, -2, -1, 0, 1, 2, 3].map((n) => v * (1 + n * 2 ** -11)));
  const ties = Array.from({ length: 64 }, (_, n) => (1024 + n + 0.5) * 2 ** (n % 20) * 2 ** -30);
  const values = [...steps, ...ties, ...steps.map((v) => -v)].map(Math.fround);
  await expectHostBytes(one([values.length, 1, 1, 1]), memory(one([values.length, 1, 1, 1]), values), "f16");
});

test("Inf and NaN are refused by key, whatever the file's type and wherever they are", async () => {
  const device = await testDevice();
  const net: Net = {
    shapes: new Map([
      ["a", [4]],
      ["conv.weight", [6, 5, 3, 3]],
      ["z", [2]],
    ]),
  };
  for (const type of ["F16", "F32"] as const)
    for (const [at, value] of [
      [0, NaN],
      [269, -Infinity],
    ] as const) {
      const before = device.allocated;
      const values = new Map([...net.shapes].map(([key, shape]) => [key, new Float32Array(product(shape)).fill(1)]));
      values.get("conv.weight")![at] = value;
      const source = await fileOf(values, net.shapes, type);
      const error = await failure(() => ParameterStore.loadNet(device, net, source, "f32"));
      expect([error.code, error.where, error.problem]).toEqual([
        "integrity",
        "weights, key conv.weight",
        `value ${at} is ${value}`,
      ]);
      expect(device.allocated).toBe(before);
    }
});

test("a running variance of zeros is refused at the upload", async () => {
  const net = { shapes: new Map([["norm.running_var", [3]]]) };
  const source = await fileOf(new Map([["norm.running_var", new Float32Array(3)]]), net.shapes, "F32");
  const error = await failure(async () => ParameterStore.loadNet(await testDevice(), net, source, "f32"));
  expect(error.problem).toBe("all its 3 values are 0");
});
