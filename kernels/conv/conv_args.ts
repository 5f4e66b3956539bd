// The arguments of conv2d, which all its variants share.

import type { Tensor } from "../../src/runtime/index.ts";
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
}
