// ACE, the norm of SEAN's generator (Zhu et al. 2020, section 3.2), as ops:
//
//   out = batchnorm(x + noise) * (1 + gamma) + beta        gamma = s * conv_gamma(M) + (1 - s) * mlp_gamma(labels), s = sigmoid(blending_gamma)
//
// M is the map that paints relu(fc_mu_j(style code of label j)) over the pixels of label j. It is never made: conv_gamma(M) at a pixel is
// a sum over its 3x3 style rows, so it is a label table (kernels/labels/label_table.ts) with style rows in the place of inner windows.

import { blendRows, labelLinear, labelTable } from "../../../kernels/index.ts";
import type { LabelLinearArgs } from "../../../kernels/labels/label_linear.ts";
import type { Graph, Tensor } from "../../runtime/index.ts";
import { semanticNc, type Config } from "../config.ts";
import type { Layers, NormTables } from "../nets/generator.ts";
import { noisy, type Planes } from "../nets/noise.ts";
import type { ParameterStore } from "../weights/parameters.ts";
import type { StyleInputs } from "./inputs.ts";
import { aceOf } from "./net.ts";

/** Records fc_mu of all labels: style rows [1 + N*S, style_length]; row 0 is zero. */
function styleRows(g: Graph, c: Config, p: ParameterStore, ace: string, codes: Tensor): Tensor {
  const args: LabelLinearArgs = {
    x: codes,
    labels: semanticNc(c),
  } as LabelLinearArgs;
  for (let j = 0; j < args.labels; j++) {
    args[`w${j}`] = p.tensor(g, `${ace}.fc_mu${j}.weight`);
    args[`b${j}`] = p.tensor(g, `${ace}.fc_mu${j}.bias`);
  }
  return labelLinear(g, args);
}

/**
 * Records gamma and beta of an ACE, [pairs capacity, C] each.
 * @param norm the name of the norm in SPADE's generator
 * @param codes f32 [N*S, style_length]: the style codes
 * @param spade the tables of its SPADE branch
 * @param seen takes the tables of styles, before they are blended
 */
export function recordStyled(
  g: Graph,
  c: Config,
  p: ParameterStore,
  norm: string,
  codes: Tensor,
  spade: NormTables,
  { room, windows, pairs, lists }: StyleInputs,
  seen?: Tensor[],
): NormTables {
  const ace = aceOf(norm);
  return g.scope(ace, () => {
    const a = g.scope("fc_mu", () => styleRows(g, c, p, ace, codes));
    const blended = (which: "gamma" | "beta"): Tensor => {
      const conv = `conv_${which}`;
      const table = g.scope(conv, () =>
        labelTable(g, {
          a,
          w: p.tensor(g, `${ace}.${conv}.weight`),
          bias: p.tensor(g, `${ace}.${conv}.bias`),
          windows,
          inner: room.codes,
          outer: room.styles,
          lists: lists?.taps,
        }),
      );
      seen?.push(table);
      return g.scope(`blending_${which}`, () =>
        blendRows(g, {
          a: table,
          b: spade[which],
          logit: p.tensor(g, `${ace}.blending_${which}`),
          rows: pairs,
          count: room.pairs,
          lists: lists?.pairs,
        }),
      );
    };
    return { gamma: blended("gamma"), beta: blended("beta") };
  });
}

/** Declares an input "noise ACE" for each plane, f32 [n]. */
export const givenPlanes: Planes = (g, ace, n) => g.input(`noise ${ace}`, [n]);

/** What adds an ACE's noise to x, upsampled `up` times. */
export function aceNoise(g: Graph, p: ParameterStore, planes: Planes): NonNullable<Layers["noise"]> {
  const record = noisy(g, p, planes);
  return (norm, x, up) => record(aceOf(norm), x, up);
}
