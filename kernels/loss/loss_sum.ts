// A scalar from many values, in two stages of fixed order: each thread of a grid sums a strided share of them, then one workgroup sums
// the shares. l1_mean, gan_loss and kld give the first stage's shader, which writes `shares`. All sums are f32.

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

/** Most workgroups of the first stage: many threads, and few enough shares for one workgroup. Chosen, not tuned. */
const MOST_GROUPS = 256;

/** f32 [1]: `scale` times the sum of the shares that the first stage's threads compute of `n4` vec4s. */
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
