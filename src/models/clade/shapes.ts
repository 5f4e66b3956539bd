// The parameters of a CLADE generator (Tan et al. 2021) under the published keys: SPADE's blocks, whose norms hold a scale and a shift for
// each class in place of convolutions.

import { generatorShapes, labelCount, parseNormG, type Config } from "../config.ts";
import { SpadeError } from "../../runtime/errors.ts";

/** @throws SpadeError usage: noise, or a norm_G that SPADE does not take either (its kernel size has no effect here, as published) */
export function checkClade(c: Config): void {
  parseNormG(c.norm_G);
  if (c.add_noise)
    throw new SpadeError("usage", "netG clade, add_noise", "has no noise", "leave add_noise out, or take netG spade");
}

/**
 * Every key with its shape, in PyTorch's order. With edges the convs of the blocks read one more channel. The net calls its class tables
 * `class_specified_affine`, the 1x1 convs of the positions `dist_conv_w` and `dist_conv_b`, that of the edges `inst_conv`.
 */
export function cladeShapes(c: Config): Map<string, number[]> {
  const shapes = new Map<string, number[]>();
  const edges = c.no_instance ? 0 : 1;
  for (const [key, shape] of generatorShapes(c)) {
    const conv = /\.conv_(s|\d)\.weight(_orig|_v)?$/.exec(key);
    const mlp = /^(.*)\.mlp_(\w+)/.exec(key);
    if (conv?.[2] === "_v") shapes.set(key, [shape[0] + edges * (conv[1] === "s" ? 1 : 9)]);
    else if (conv) shapes.set(key, [shape[0], shape[1] + edges, shape[2], shape[3]]);
    else if (!mlp) shapes.set(key, shape);
    // mlp_beta's bias is the last of a norm's keys, and has its channels.
    else if (key.endsWith("mlp_beta.bias")) {
      const affine = `${mlp[1]}.class_specified_affine`;
      for (const part of ["weight", "bias"]) shapes.set(`${affine}.${part}`, [labelCount(c), shape[0]]);
      const small = (name: string, inputs: number): void =>
        void shapes.set(`${name}.weight`, [1, inputs, 1, 1]).set(`${name}.bias`, [1]);
      if (c.add_dist) for (const part of ["w", "b"]) small(`${affine}.dist_conv_${part}`, 2);
      if (edges) small(`${mlp[1]}.inst_conv`, 1);
    }
  }
  return shapes;
}
