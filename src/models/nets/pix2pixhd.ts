// pix2pixHD's global generator (Wang et al. 2018), as in SPADE's upstream code with --netG pix2pixhd: a 7x7 conv on the
// labels, halvings, residual blocks, doublings by transposed convs, and a 7x7 conv to the picture. It has no z. The
// first conv is a lookup (label_conv) whose reflection padding mirrors the codes, so it needs no one-hot tensor.

import { activation, add, conv2d, convTranspose, labelConv, reflectPad } from "../../../kernels/index.ts";
import { deriveWeights } from "../../../kernels/conv/conv2d.ts";
import {} from "../../../kernels/conv/conv_transpose.ts";
import { NO_EDGES, SpadeError, type Graph, type Tensor } from "../../runtime/index.ts";
import { parsePlainNorm, roundHalfEven, semanticNc, type Config } from "../config.ts";
import { transposedPacking, type Net, type Packing } from "../weights/packing.ts";
import type { ConvWeights } from "../weights/derived.ts";
import type { ParameterStore } from "../weights/parameters.ts";
import {
  convName,
  plainConvShapes,
  plainWeights,
  recordPlainConv,
  recordPlainLayer,
  type PlainConv,
} from "./plain_conv.ts";

interface Layers {
  first: PlainConv;
  down: PlainConv[];
  blocks: [PlainConv, PlainConv][];
  up: PlainConv[];
  last: PlainConv;
}

/** Kernel size of the last conv; it and its padding are fixed in upstream's code. */
const LAST_K = 7;

/**
 * The layers, named by their index in upstream's Sequential, which also counts paddings and activations. @throws
 * SpadeError usage
 */
function pix2pixhdLayers(c: Config): Layers {
  const norm = parsePlainNorm(c.norm_G, "norm_G");
  for (const option of ["resnet_kernel_size", "resnet_initial_kernel_size"] as const) {
    if (c[option] % 2 === 1) continue;
    throw new SpadeError(
      "usage",
      `${option} ${c[option]}`,
      "is even and would change the picture's size",
      "use an odd one",
    );
  }
  let at = 1;
  let width = c.ngf;
  const layer = (more: Partial<PlainConv> & Pick<PlainConv, "cin" | "cout">): PlainConv => {
    const place = at;
    at += 2;
    return { name: `model.${place}`, k: 3, stride: 2, pad: 1, norm, act: "relu", ...more };
  };
  const k = c.resnet_initial_kernel_size;
  const first = layer({ cin: semanticNc(c), cout: width, k, stride: 1, pad: k >> 1 });
  const times = <T>(n: number, make: () => T): T[] => Array.from({ length: n }, make);
  const down = times(c.resnet_n_downsample, () => layer({ cin: width, cout: (width *= 2) }));
  const blocks = times(c.resnet_n_blocks, (): [PlainConv, PlainConv] => {
    const block = `model.${at++}.conv_block`;
    const size = c.resnet_kernel_size;
    const conv = { cin: width, cout: width, k: size, stride: 1, pad: size >> 1, norm };
    return [
      { name: `${block}.1`, ...conv, act: "relu" },
      { name: `${block}.4`, ...conv, act: "none" },
    ];
  });
  const up = times(c.resnet_n_downsample, () => layer({ cin: width, cout: (width /= 2), transposed: true }));
  // Skip the index of the padding before the last conv.
  at++;
  const plain = { spectral: false, kind: "none", synced: false } as const;
  const last = layer({ cin: width, cout: 3, k: LAST_K, stride: 1, pad: LAST_K >> 1, norm: plain, act: "tanh" });
  return { first, down, blocks, up, last };
}

/** Every key of the state_dict with its shape, in PyTorch's order, without num_batches_tracked. */
export function pix2pixhdShapes(c: Config): Map<string, number[]> {
  const { first, down, blocks, up, last } = pix2pixhdLayers(c);
  return new Map([first, ...down, ...blocks.flat(), ...up, last].flatMap(plainConvShapes));
}

/** Heights and widths of pictures must be multiples of this. */
export const pix2pixhdStride = (c: Config): number => 2 ** c.resnet_n_downsample;

/** Height and width of the picture, which is the crop size. @throws SpadeError usage: the halvings do not divide it */
export function pix2pixhdSize(c: Config): { h: number; w: number } {
  const { crop_size, aspect_ratio, resnet_n_downsample } = c;
  const [h, w] = [roundHalfEven(crop_size / aspect_ratio), crop_size];
  const unit = pix2pixhdStride(c);
  if (h < unit || h % unit || w % unit) {
    throw new SpadeError(
      "usage",
      `crop_size ${crop_size}, aspect_ratio ${aspect_ratio}`,
      `make pictures of ${w}x${h}, which resnet_n_downsample ${resnet_n_downsample} halvings do not divide`,
      `use a width and height that are multiples of ${unit}`,
    );
  }
  return { h, w };
}

/** Checks the options. @throws SpadeError usage: options that this net does not support */
export function checkPix2pixhd(c: Config): void {
  if (c.add_noise)
    throw new SpadeError(
      "usage",
      "netG pix2pixhd, add_noise",
      "the noise is that of SPADE's norms, which pix2pixHD's generator has not",
      "leave add_noise out, or take netG spade",
    );
  if (c.use_vae)
    throw new SpadeError(
      "usage",
      "netG pix2pixhd, use_vae",
      "pix2pixHD's generator reads no z",
      "leave use_vae out, or take netG spade",
    );
  pix2pixhdLayers(c);
}

export function pix2pixhdNet(c: Config): Net {
  const packings = new Map(
    pix2pixhdLayers(c).up.flatMap((layer): [string, Packing][] => {
      const { weight, v } = transposedPacking(layer.cin, layer.cout, layer.k ** 2);
      const key = `${convName(layer)}.weight`;
      return layer.norm.spectral
        ? [
            [`${key}_orig`, weight],
            [`${key}_v`, v],
          ]
        : [[key, weight]];
    }),
  );
  return { shapes: pix2pixhdShapes(c), packing: (key) => packings.get(key) };
}

interface Size {
  h: number;
  w: number;
}

/**
 * Every conv. `input`: input size of the convs whose weights may have a copy (all stride-1 convs with reflection
 * padding but the first).
 */
export function pix2pixhdConvs(c: Config): { layer: PlainConv; input?: Size }[] {
  const { first, down, blocks, up, last } = pix2pixhdLayers(c);
  const { h, w } = pix2pixhdSize(c);
  const shrunk = pix2pixhdStride(c);
  const mirrored = (layer: PlainConv, by: number): { layer: PlainConv; input: Size } => ({
    layer,
    input: { h: h / by + 2 * layer.pad, w: w / by + 2 * layer.pad },
  });
  return [
    ...[first, ...down, ...up].map((layer) => ({ layer })),
    ...blocks.flat().map((layer) => mirrored(layer, shrunk)),
    mirrored(last, 1),
  ];
}

/**
 * A layer's parameters. If `input`, the input size of a stride-1 conv, is given, also the copy of its weights for that
 * size.
 */
export function layerWeights(g: Graph, p: ParameterStore, layer: PlainConv, train: boolean, input?: Size): ConvWeights {
  const weights = plainWeights(g, p, layer, train);
  if (!input) return weights;
  return { ...weights, ...g.scope(layer.name, () => deriveWeights(g, weights.w, { k: layer.k, ...input })) };
}

/** Gives the convs of a pass their weights, recorded in the same graph or computed before. */
export type WeightsOf = (layer: PlainConv, input?: Size) => ConvWeights;

/**
 * Records the generator.
 * @param codes i32 [N,H,W]: label*2 + edge; H and W are multiples of 2^resnet_n_downsample
 * @returns [N,H,W,3] in [-1,1]
 */
export function recordPix2PixHD(
  g: Graph,
  c: Config,
  p: ParameterStore,
  codes: Tensor,
  train: boolean,
  weightsOf: WeightsOf = (layer, input) => layerWeights(g, p, layer, train, input),
): Tensor {
  const { first, down, blocks, up, last } = pix2pixhdLayers(c);
  /** A conv with reflection padding. */
  const mirrored = (layer: PlainConv, x: Tensor): Tensor => {
    const { k, pad } = layer;
    const from = g.scope(layer.name, () => reflectPad(g, { x, pad }));
    const weights = weightsOf(layer, { h: from.shape[1], w: from.shape[2] });
    return recordPlainLayer(g, p, layer, train, (act) => conv2d(g, { x: from, ...weights, kh: k, kw: k, act }));
  };

  const { w, bias, sigma } = weightsOf(first);
  let x = recordPlainLayer(g, p, first, train, (act) => {
    const { k, stride, pad } = first;
    const edgeRow = c.no_instance ? NO_EDGES : semanticNc(c) - 1;
    const y = labelConv(g, { codes, w, bias, sigma, k, stride, pad, mirror: true, edgeRow });
    return act === "none" ? y : activation(g, { x: y, kind: act });
  });
  for (const layer of down) x = recordPlainConv(g, p, layer, x, train, weightsOf(layer));
  for (const [a, b] of blocks) {
    const branch = mirrored(b, mirrored(a, x));
    x = g.scope(b.name, () => add(g, { a: x, b: branch }));
  }
  for (const layer of up) {
    const { k, stride, pad } = layer;
    const [from, weights] = [x, weightsOf(layer)];
    x = recordPlainLayer(g, p, layer, train, (act) =>
      convTranspose(g, { x: from, ...weights, k, stride, pad, outputPadding: 1, act }),
    );
  }
  return mirrored(last, x);
}
