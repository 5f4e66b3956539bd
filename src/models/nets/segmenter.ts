// DeepLabv3+ (Chen et al. 2018) over MobileNetV2 (Sandler et al. 2018): what a photo shows, in cells of 4x4 pixels. Names of layers are those of
// scripts/segmenter_weights.mjs. The norms are part of the convolutions.
//
//   stem       3x3, stride 2
//   blocks     expand (1x1), depthwise 3x3, project (1x1), with a residual where the shape stays. From block 7 on dilation takes the place of
//              strides: maps stay at an eighth of the picture.
//   pyramid    a 1x1 conv, and the mean of the picture through another. Their join is the sum of a conv of the first and, since the mean is
//              the same at all pixels, a bias of channels from the second.
//   decoder    to a quarter of the picture, joined with block 3's map of that size, two depthwise convs, logits

import type { ConvArgs } from "../../../kernels/conv/conv_args.ts";
import { add, concat, conv2d, depthwiseConv, globalAverage, reshape, resize } from "../../../kernels/index.ts";
import type { Graph, Tensor } from "../../runtime/index.ts";
import { depthwisePacking, type Net } from "../weights/packing.ts";

export interface SegmenterConfig {
  /** Width and height of the picture, a multiple of 8 and 1: so every SAME padding is symmetric. */
  readonly size: number;
  readonly classes: number;
}

/** The weights of convs with a kernel of k x k on maps of h x w, ready for conv2d; of depthwise convs, as they are. */
export interface SegmenterWeights {
  conv(name: string, size: { k: number; h: number; w: number }): Pick<ConvArgs, "w" | "bias" | "winograd" | "blocked">;
  depthwise(name: string): { w: Tensor; bias: Tensor };
}

interface Block {
  readonly name: string;
  readonly cin: number;
  /** Channels between expansion and projection. */
  readonly mid: number;
  readonly cout: number;
  readonly stride: number;
  readonly dilation: number;
}

const STEM = 32;
/** Channels after the blocks, between, and how many blocks with which stride (of the first) and dilation (of the others). */
const STAGES: [cout: number, widening: number, stride: number, dilations: number[]][] = [
  [16, 1, 1, [1]],
  [24, 6, 2, [1, 1]],
  [32, 6, 2, [1, 1, 1]],
  [64, 6, 1, [1, 2, 2, 2]],
  [96, 6, 1, [2, 2, 2]],
  [160, 6, 1, [2, 4, 4]],
  [320, 6, 1, [4]],
];
/** Channels of the pyramid and the decoder, and of what the decoder takes from `LOW`'s depthwise conv. */
const HEAD = 256;
const LOW_CHANNELS = 48;
export const LOW = "block3";

/** The net's blocks, in order. */
export const BLOCKS: readonly Block[] = STAGES.flatMap(([cout, widening, stride, dilations], stage) =>
  dilations.map((dilation, i) => {
    const cin = i ? cout : stage ? STAGES[stage - 1][0] : STEM;
    const before = STAGES.slice(0, stage).reduce((n, [, , , { length }]) => n + length, 0);
    return { name: `block${before + i + 1}`, cin, mid: widening * cin, cout, stride: i ? 1 : stride, dilation };
  }),
);

/** Every key with its shape, OIHW. */
export function segmenterShapes({ classes }: SegmenterConfig): Map<string, number[]> {
  const shapes = new Map<string, number[]>();
  const conv = (name: string, cout: number, cin: number, k = 1, bias = true): void => {
    shapes.set(`${name}.weight`, [cout, cin, k, k]);
    if (bias) shapes.set(`${name}.bias`, [cout]);
  };
  conv("stem", STEM, 3, 3);
  for (const { name, cin, mid, cout } of BLOCKS) {
    if (mid !== cin) conv(`${name}.expand`, mid, cin);
    conv(`${name}.depthwise`, mid, 1, 3);
    conv(`${name}.project`, cout, mid);
  }
  const { cout: deep } = BLOCKS.at(-1)!;
  conv("aspp.pool", HEAD, deep);
  conv("aspp.conv", HEAD, deep);
  conv("aspp.join_pool", HEAD, HEAD);
  conv("aspp.join_conv", HEAD, HEAD, 1, false);
  conv("decoder.low", LOW_CHANNELS, BLOCKS.find(({ name }) => name === LOW)!.mid);
  conv("decoder.depthwise1", HEAD + LOW_CHANNELS, 1, 3);
  conv("decoder.pointwise1", HEAD, HEAD + LOW_CHANNELS);
  conv("decoder.depthwise2", HEAD, 1, 3);
  conv("decoder.pointwise2", HEAD, HEAD);
  conv("logits", classes, HEAD);
  return shapes;
}

export const segmenterNet = (c: SegmenterConfig): Net => ({
  shapes: segmenterShapes(c),
  packing: (key, shape) => (/\.depthwise\d?\.weight$/.test(key) ? depthwisePacking(shape) : undefined),
});

/** Width and height of the map of logits. */
export const segmenterCells = ({ size }: SegmenterConfig): number => (size - 1) / 4 + 1;

type Act = NonNullable<ConvArgs["act"]>;

/**
 * Records the net.
 * @param picture [1,size,size,3] in [-1,1]
 * @returns logits [1,cells,cells,classes]
 */
export function recordSegmenter(g: Graph, weights: SegmenterWeights, picture: Tensor): Tensor {
  const conv = (name: string, x: Tensor, act: Act, k = 1, more: Partial<ConvArgs> = {}): Tensor => {
    const [, h, w] = x.shape;
    return g.scope(name, () => conv2d(g, { x, ...weights.conv(name, { k, h, w }), kh: k, kw: k, act, ...more }));
  };
  const depthwise = (name: string, x: Tensor, act: Act, stride = 1, d = 1): Tensor =>
    g.scope(name, () =>
      depthwiseConv(g, {
        ...{ x, ...weights.depthwise(name), kh: 3, kw: 3, stride },
        ...{ dilation: d, pad: [d, d, d, d], act },
      }),
    );

  let x = conv("stem", picture, "relu6", 3, { stride: 2, pad: 1 });
  let low = x;
  for (const { name, cin, mid, cout, stride, dilation } of BLOCKS) {
    const wide = mid === cin ? x : conv(`${name}.expand`, x, "relu6");
    const y = depthwise(`${name}.depthwise`, wide, "relu6", stride, dilation);
    if (name === LOW) low = y;
    const narrow = conv(`${name}.project`, y, "none");
    x = stride === 1 && cin === cout ? add(g, { a: narrow, b: x }) : narrow;
  }

  const mean = g.scope("aspp.pool", () => globalAverage(g, { x }));
  const offset = conv("aspp.join_pool", conv("aspp.pool", mean, "relu"), "none");
  const bias = reshape(g, { x: offset, shape: [HEAD] });
  const joined = conv("aspp.join_conv", conv("aspp.conv", x, "relu"), "relu", 1, { bias });

  const [, h, w] = low.shape;
  const up = g.scope("decoder", () => resize(g, { x: joined, h, w, mode: "bilinear", alignCorners: true }));
  let y = concat(g, { a: up, b: conv("decoder.low", low, "relu"), axis: 3 });
  for (const n of [1, 2]) y = conv(`decoder.pointwise${n}`, depthwise(`decoder.depthwise${n}`, y, "relu"), "relu");
  return conv("logits", y, "none");
}
