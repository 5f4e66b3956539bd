// SEAN's style encoder (Zhu et al. 2020, section 3.1): from a photo to a style code for each region, the mean of a map of half the photo's
// size over the region. Its instance norms have neither parameters nor stored statistics, so that training and painting are the same.

import { conv2d, convTranspose, normalise, reflectPad, regionPool, statistics } from "../../../kernels/index.ts";
import type { RegionPoolArgs } from "../../../kernels/labels/region_pool.ts";
import { deriveWeights } from "../../../kernels/conv/conv2d.ts";
import type { Graph, Tensor } from "../../runtime/index.ts";
import type { Config } from "../config.ts";
import { LEAK } from "../nets/plain_conv.ts";
import type { ParameterStore } from "../weights/parameters.ts";
import { encoderConvs, type EncoderConv } from "./net.ts";

/** One conv with its padding; `last`: with tanh. */
function conv(g: Graph, p: ParameterStore, { name, how }: EncoderConv, x: Tensor, last: boolean): Tensor {
  const weights = { w: p.tensor(g, `${name}.weight`), bias: p.tensor(g, `${name}.bias`) };
  if (how === "doubling") return convTranspose(g, { x, ...weights, k: 3, stride: 2, pad: 1, outputPadding: 1 });
  if (how === "halving") return conv2d(g, { x, ...weights, kh: 3, kw: 3, stride: 2, pad: 1 });
  const from = reflectPad(g, { x, pad: 1 });
  const copies = deriveWeights(g, weights.w, { k: 3, h: from.shape[1], w: from.shape[2] });
  return conv2d(g, { x: from, ...weights, ...copies, kh: 3, kw: 3, act: last ? "tanh" : "none" });
}

/**
 * Records the style encoder.
 * @param photo [N,H,W,3] in [-1,1]; H and W are multiples of 4
 * @param regions of maps of half its size
 * @returns f32 [N*S, style_length]; zeros for a region without pixels
 */
export function recordStyles(
  g: Graph,
  c: Config,
  p: ParameterStore,
  photo: Tensor,
  regions: Omit<RegionPoolArgs, "x">,
): Tensor {
  let x = photo;
  const convs = encoderConvs(c);
  for (const layer of convs)
    x = g.scope(layer.name, () => {
      const last = layer === convs[convs.length - 1];
      const y = conv(g, p, layer, x, last);
      if (last) return y;
      const { mean, rstd } = statistics(g, { x: y, per: "instance" });
      return normalise(g, { x: y, mean, rstd, slope: LEAK });
    });
  return g.scope("Zencoder", () => regionPool(g, { x, ...regions }));
}
