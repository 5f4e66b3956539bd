// kernels/loss/gan_loss.ts: the adversarial loss of the discriminator's logits p, as a mean over a range of images
//
//               D on real                 D on fake              G
//   hinge       max(1 - p, 0)             max(1 + p, 0)          -p                  (Lim and Ye 2017)
//   ls          (p - 1)^2                 p^2                    (p - 1)^2
//   original    softplus(-p)              softplus(p)            softplus(-p)        binary cross entropy on logits
//   w           -p                        p                      -p
//   loss = scale * mean                   dp = dloss * scale / count * slope, zero outside the range
//
// At the corner of hinge the slope is that of the sloping side, as in torch's clamp. softplus(p) = max(p, 0) + log(1 + exp(-|p|)), which
// never takes exp of a positive number.
// traffic: the logits once forward; backward the logits once and dp once.

import lossText from "../../shaders/loss/gan_loss.wgsl";
import backwardText from "../../shaders/loss/gan_loss_backward.wgsl";
import {
  defineOp,
  float,
  product,
  read,
  SpadeError,
  storedElements,
  write,
  type Graph,
  type Tensor,
} from "../../src/runtime/index.ts";
import { lossSum } from "./loss_sum.ts";
import { strided } from "../parts/grid.ts";

export type GanMode = "hinge" | "ls" | "original" | "w";
export type GanSide = "D_real" | "D_fake" | "G";

export interface GanLossArgs {
  /** [N,H,W,1] */
  logits: Tensor;
  mode: GanMode;
  side: GanSide;
  /** First image, and number of images; all by default. */
  from?: number;
  images?: number;
  scale: number;
}

/** WGSL expressions of type vec4f in `v`, a vec4f of logits: the loss and its derivative. */
interface Loss {
  value: string;
  slope: string;
}

const linear = (sign: string): Loss => ({ value: `${sign}v`, slope: `vec4f(${sign}1.0)` });
const square = (target: string): Loss => ({
  value: `(v - ${target}) * (v - ${target})`,
  slope: `2.0 * (v - ${target})`,
});
/** The slope is sigmoid(v) - target; sigmoid(v) = 1 / (1 + e) for positive v, else e / (1 + e), with e = exp(-|v|). */
const entropy = (target: string): Loss => ({
  value: `max(v, vec4f(0.0)) - ${target} * v + log(1.0 + exp(-abs(v)))`,
  slope: `(select(exp(-abs(v)), vec4f(1.0), v > vec4f(0.0)) / (1.0 + exp(-abs(v))) - ${target})`,
});

const LOSSES: Record<GanMode, Record<GanSide, Loss>> = {
  hinge: {
    D_real: { value: "max(1.0 - v, vec4f(0.0))", slope: "select(vec4f(0.0), vec4f(-1.0), v <= vec4f(1.0))" },
    D_fake: { value: "max(1.0 + v, vec4f(0.0))", slope: "select(vec4f(0.0), vec4f(1.0), v >= vec4f(-1.0))" },
    G: linear("-"),
  },
  ls: { D_real: square("1.0"), D_fake: square("0.0"), G: square("1.0") },
  original: { D_real: entropy("1.0"), D_fake: entropy("0.0"), G: entropy("1.0") },
  w: { D_real: linear("-"), D_fake: linear(""), G: linear("-") },
};

export const ganModes = Object.keys(LOSSES) as GanMode[];

/** Shape rule: logits counted, vec4s of the range, and its first vec4. @throws SpadeError shape */
export function ganLossPlan(
  logits: readonly number[],
  from = 0,
  images = logits[0] - from,
): { count: number; n4: number; from: number } {
  if (from < 0 || images < 1 || from + images > logits[0]) {
    throw new SpadeError(
      "shape",
      "gan_loss",
      `logits [${logits.join(",")}] have no images ${from}..${from + images}`,
      "give a range of the batch",
    );
  }
  const image4 = storedElements([1, ...logits.slice(1)], "f32") / 4;
  return { count: images * product(logits.slice(1)), n4: images * image4, from: from * image4 };
}

export const ganLoss = defineOp<GanLossArgs, Tensor>({
  name: "gan_loss",
  forward(g: Graph, { logits, mode, side, from, images, scale }) {
    const p = ganLossPlan(logits.shape, from, images);
    const c = logits.shape[logits.shape.length - 1];
    return lossSum(
      g,
      {
        shader: { name: "gan_loss", text: lossText },
        constants: { value: LOSSES[mode][side].value },
        sizes: { N4: p.n4, FROM: p.from, C: c, C4: logits.pitch / 4 },
        bindings: { logits: read(logits) },
        flops: 4 * p.count,
      },
      p.n4,
      scale / p.count,
    );
  },
  backward(g, { logits, mode, side, from, images, scale }, _loss, dloss) {
    const p = ganLossPlan(logits.shape, from, images);
    const dlogits = g.temp("dlogits", logits.shape, logits.dtype);
    const total4 = storedElements(logits.shape, logits.dtype) / 4;
    g.dispatch({
      shader: { name: "gan_loss_backward", text: backwardText },
      constants: { slope: LOSSES[mode][side].slope },
      sizes: {
        TOTAL4: total4,
        N4: p.n4,
        FROM: p.from,
        C: logits.shape[logits.shape.length - 1],
        C4: logits.pitch / 4,
        SCALE: float(scale / p.count),
      },
      bindings: { logits: read(g.again(logits)), dloss: read(dloss), dlogits: write(dlogits) },
      groups: strided(g.target, total4),
      flops: 4 * p.count,
    });
    return { logits: dlogits };
  },
});
