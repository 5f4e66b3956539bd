// What the variants of conv2d and of its gradients have in common: arguments, and sizes of their shaders.

import type { Binding, Graph, Tensor } from "../../src/runtime/index.ts";
import type { Extent } from "../parts/extent.ts";
import type { Activation } from "../parts/activation_wgsl.ts";

export interface ConvArgs {
  /** [N,H,W,Cin] */
  x: Tensor;
  /** [KH*KW, Cin padded to 4, Cout], from packConv */
  w: Tensor;
  kh: number;
  kw: number;
  /** [Cout] */
  bias?: Tensor;
  /** [1] */
  sigma?: Tensor;
  /** [N,OH,OW,Cout], or half of OH and OW (read through its nearest x2 upsampling); added after the activation */
  residual?: Tensor;
  /** A copy of w for Winograd convolution, from winogradWeights. */
  winograd?: Tensor;
  /** A copy of w in blocks of columns, for 1x1 convolution as a matrix product, from blockColumns. */
  blocked?: Tensor;
  stride?: number;
  pad?: number;
  act?: Activation;
  /** winogradMoments: computes the result's moments with it, for `statistics` of all images; only the Winograd variant does. */
  moments?: MomentsOf;
  /** The 2x2 tiles of the result to compute, of one picture and with stride 1. For painting: without gradients. */
  extent?: Extent;
}

/** Prepares the moments of a result of so many tiles (winograd_moments.ts). */
export type MomentsOf = (g: Graph, tiles: number, y: Tensor) => MomentsRun;

/** What the output transform becomes. */
export interface MomentsRun {
  /** The kernel. */
  text: string;
  /** Tiles of a thread. */
  run: number;
  /** More sizes, of the dispatch that begins with that tile. */
  sizes(firstTile: number): Record<string, number>;
  bindings: Record<string, Binding>;
}

/** Sizes of a shader that computes a convolution: x [N,H,W,4*C4], y [N,OH,OW,4*CO4]. */
export const convSizes = (
  x: Tensor,
  y: Tensor,
  { kh, kw, stride = 1, pad = 0 }: Pick<ConvArgs, "kh" | "kw" | "stride" | "pad">,
): Record<string, number> => ({
  N: x.shape[0],
  H: x.shape[1],
  W: x.shape[2],
  C4: x.pitch / 4,
  OH: y.shape[1],
  OW: y.shape[2],
  CO4: y.pitch / 4,
  KH: kh,
  KW: kw,
  STRIDE: stride,
  PAD: pad,
});
