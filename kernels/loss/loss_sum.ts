// A scalar out of many values, in two stages of fixed order: every thread of a grid sums a strided share, one workgroup the shares.
// Losses (l1_mean, gan_loss, kld) give the first stage's shader, which writes `shares`. All sums are f32.

import finishText from "../../shaders/loss/loss_sum_finish.wgsl";
import {
  ceilDiv,
  float,
  readScalars,
  write,
  writeScalars,
  type Binding,
  type Graph,
  type Tensor,
  type Template,
  type TextConstants,
} from "../../src/runtime/index.ts";

/** Enough threads for any adapter, few enough shares for one workgroup. */
const MOST_GROUPS = 256;

/** f32 [1]: `scale` times the sum over `n4` vec4s of what the first stage's threads put into `shares`. */
export function lossSum(
  g: Graph,
  stage: {
    shader: Template;
    constants?: TextConstants;
    sizes: Record<string, number>;
    bindings: Record<string, Binding>;
    flops: number;
  },
  n4: number,
  scale: number,
): Tensor {
  const groups = Math.min(MOST_GROUPS, ceilDiv(n4, 64));
  const shares = g.temp("shares", [groups * 64]);
  g.dispatch({ ...stage, bindings: { ...stage.bindings, shares: writeScalars(shares) }, groups: [groups] });
  return sumShares(g, shares, scale);
}

/** f32 [1]: `scale` times the sum of `shares` [N]. */
export function sumShares(g: Graph, shares: Tensor, scale = 1): Tensor {
  const loss = g.temp("loss", [1]);
  const [n] = shares.shape;
  g.dispatch({
    shader: { name: "loss_sum_finish", text: finishText },
    sizes: { N: n, SCALE: float(scale) },
    bindings: { shares: readScalars(shares), loss: write(loss) },
    groups: [1],
    flops: n,
  });
  return loss;
}
