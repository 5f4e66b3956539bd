// Other names for the same keys: prefixes, torch's newer spectral norm, spectral norm without v, NVIDIA's pix2pixHD.

import { describe, expect, test } from "vitest";

import { openCheckpoint } from "../../src/formats/any_checkpoint.ts";
import { writeSafetensors } from "../../src/formats/safetensors.ts";
import { bytesAccess, f32Tensor, memorySink, toF32 } from "../../src/formats/tensors.ts";
import type { HostTensor } from "../../src/formats/tensors.ts";
import { defaultConfig, generatorShapes, type Config } from "../../src/models/config.ts";
import { pix2pixhdShapes } from "../../src/models/nets/pix2pixhd.ts";
import { guessConfig } from "../../src/models/weights/guess.ts";
import { elements } from "../../src/formats/tensors.ts";
import { expectSameTensors, failure, readAll } from "./helpers.ts";
import { toWrite } from "./made.ts";

type Tensors = Map<string, HostTensor>;

async function reopened(tensors: Tensors): ReturnType<typeof openCheckpoint> {
  const sink = memorySink();
  await writeSafetensors(sink, toWrite(tensors));
  return openCheckpoint(bytesAccess(sink.bytes(), "x.safetensors"));
}

const config: Config = { ...defaultConfig, label_nc: 3, ngf: 1, contain_dontcare_label: false };
const tensorsOf = (shapes: ReadonlyMap<string, readonly number[]>): Tensors =>
  new Map(
    [...shapes].map(([name, shape], seed) => [
      name,
      f32Tensor(
        [...shape],
        new Float32Array(elements(shape)).map((_, i) => Math.sin(i + seed)),
      ),
    ]),
  );
const spade = tensorsOf(generatorShapes(config));
const under = (prefix: string, tensors: Tensors): [string, HostTensor][] =>
  [...tensors].map(([name, t]) => [`${prefix}${name}`, t]);

describe("prefixes", () => {
  test.each(["netG.", "generator.", "module.netG.", "netG.module.", "net."])("%s of all keys", async (prefix) => {
    const source = await reopened(new Map(under(prefix, spade)));
    expectSameTensors(await readAll(source), spade);
  });

  test("of several groups the one that is a generator is read, and the note names the others", async () => {
    const other: Tensors = new Map([["model0.0.weight", f32Tensor([1], Float32Array.of(1))]]);
    const source = await reopened(new Map([...under("netD.", other), ...under("netG.", spade)]));
    expectSameTensors(await readAll(source), spade);
    expect(source.notes).toEqual(['keys read without their prefix "netG."; left out: netD']);
  });

  test("an encoder's", async () => {
    const t = f32Tensor([1], Float32Array.of(1));
    const source = await reopened(
      new Map([
        ...under(
          "netE.",
          new Map([
            ["fc_mu.weight", t],
            ["layer1.0.weight", t],
          ]),
        ),
      ]),
    );
    expect(source.names()).toEqual(["fc_mu.weight", "layer1.0.weight"]);
  });

  test("of two generators none is taken; a training state keeps its roles", async () => {
    const two = await reopened(new Map([...under("netG.", spade), ...under("ema.", spade)]));
    expect(two.names().length).toBe(2 * spade.size);
    expect(two.notes).toEqual(["holds 2 generators: netG, ema; --key NAME reads one alone"]);
    const state = new Map([...under("G.", spade), ["G.fc.bias.adam_m", spade.get("fc.bias")!] as const]);
    expect((await reopened(state)).names()).toContain("G.fc.bias.adam_m");
  });
});

test("torch 2's parametrizations of spectral norm are weight_orig, weight_u and weight_v", async () => {
  const name = (key: string): string =>
    key
      .replace(/weight_orig$/, "parametrizations.weight.original")
      .replace(/weight_([uv])$/, "parametrizations.weight.0._$1");
  const source = await reopened(new Map([...spade].map(([key, t]) => [name(key), t])));
  expectSameTensors(await readAll(source), spade);
});

describe("spectral norm without weight_v", () => {
  test.each([
    ["a conv", [2, 3, 1, 1], [0.6, 0.8]],
    ["a transposed conv", [3, 2, 1, 1], [0.6, 0.8]],
  ])("%s: one power iteration", async (what, shape, u) => {
    const w = Float32Array.of(1, 2, 3, 4, 5, 6);
    const source = await reopened(
      new Map([
        ["a.weight_orig", f32Tensor(shape, w)],
        ["a.weight_u", f32Tensor([2], Float32Array.from(u))],
      ]),
    );
    // Rows of W as torch sees it: of a transposed conv its second dimension.
    const rows =
      what === "a conv"
        ? [
            [1, 2, 3],
            [4, 5, 6],
          ]
        : [
            [1, 3, 5],
            [2, 4, 6],
          ];
    const product = rows[0].map((x, i) => u[0] * x + u[1] * rows[1][i]);
    const length = Math.hypot(...product);
    expect(source.info("a.weight_v")).toEqual({ dtype: "F32", shape: [3] });
    const v = toF32(await source.read("a.weight_v"));
    product.forEach((x, i) => expect(v[i]).toBeCloseTo(x / length, 6));
    expect(source.notes).toEqual([
      "spectral norm without weight_v, as torch before 1.1 saved it: 1 computed from weight_orig and weight_u",
    ]);
  });
});

describe("NVIDIA's pix2pixHD", () => {
  const hd: Config = {
    ...config,
    netG: "pix2pixhd",
    norm_G: "instance",
    ngf: 2,
    resnet_n_downsample: 2,
    resnet_n_blocks: 2,
  };
  const ours = tensorsOf(pix2pixhdShapes(hd));
  // SPADE's places of the layers, and NVIDIA's: padding, conv, norm, ReLU; twice conv, norm, ReLU; two blocks; twice the way up; last.
  const PLACES: Record<number, number> = { 1: 1, 3: 4, 5: 7, 7: 10, 8: 11, 9: 12, 11: 15, 14: 19 };
  const theirs = (tensors: Tensors): Tensors =>
    new Map(
      [...tensors].flatMap(([key, t]): [string, HostTensor][] => {
        const [, place, rest] = /^model\.(\d+)\.(.*)$/.exec(key)!;
        const name = rest
          .replace(/^0\./, "")
          .replace("conv_block.1.0", "conv_block.1")
          .replace("conv_block.4.0", "conv_block.5");
        const weight = `model.${PLACES[Number(place)]}.${name}`;
        if (place === "14") return [[weight, t]];
        return [
          [weight, t],
          [weight.replace(/weight$/, "bias"), f32Tensor([t.shape[0]], new Float32Array(t.shape[0]).fill(9))],
        ];
      }),
    );

  test("its keys are read under SPADE's names, biases before norms left out", async () => {
    const source = await reopened(theirs(ours));
    expectSameTensors(await readAll(source), ours);
    const shapes = new Map(source.names().map((name) => [name, source.info(name).shape]));
    expect(guessConfig(shapes)).toMatchObject({
      netG: "pix2pixhd",
      norm_G: "instance",
      resnet_n_downsample: 2,
      resnet_n_blocks: 2,
      ngf: 2,
    });
  });

  const refusal = async (tensors: Tensors): Promise<string> => {
    const source = await reopened(tensors);
    const shapes = new Map(source.names().map((name) => [name, source.info(name).shape]));
    return (await failure(() => guessConfig(shapes))).problem;
  };

  test("of pictures, with batch norm, and its LocalEnhancer are named", async () => {
    const t = f32Tensor([2], Float32Array.of(1, 1));
    expect(await refusal(new Map([...theirs(ours), ["model.2.running_mean", t], ["model.2.weight", t]]))).toMatch(
      /^is pix2pixHD's generator with a norm that has parameters/,
    );
    expect(await refusal(new Map([...theirs(ours), ["model1_1.1.weight", t]]))).toMatch(
      /^is pix2pixHD's LocalEnhancer/,
    );
    const pictures = theirs(tensorsOf(pix2pixhdShapes({ ...hd, label_nc: 3, no_instance: true })));
    expect(await refusal(pictures)).toMatch(/^is pix2pixHD's generator from pictures \(label_nc 0/);
  });
});

test("other files than generators are named", async () => {
  const refusal = async (...keys: string[]): Promise<string> =>
    (await failure(() => guessConfig(new Map(keys.map((key) => [key, [1, 1, 4, 4]]))))).message;
  expect(await refusal("discriminator_0.model0.0.weight")).toBe(
    "weights: is a discriminator (latest_net_D); give latest_net_G.pth or .safetensors",
  );
  expect(await refusal("layer1.0.weight_orig", "fc_mu.weight")).toMatch(/^weights: is an encoder \(latest_net_E\); /);
  expect(await refusal("G.fc.bias", "G.fc.bias.adam_m")).toMatch(/^weights: is a training state; /);
  expect(await refusal("head_0.conv_0.parametrizations.weight.original0")).toMatch(/has weight norm/);
  expect(await refusal("head_0.conv_0.parametrizations.weight.original")).toMatch(/other than spectral norm/);
  expect(await refusal("features.0.weight")).toMatch(/is a classifier/);
  expect(await refusal("stem.weight", "aspp.join_conv.scale")).toMatch(/is a segmenter of photos/);
  expect(await refusal("something")).toMatch(/no key head_0/);
});
