// The ops of discriminator, encoder, perceptual nets, losses and optimiser in all their forms, with their backwards: for the shader tests.

import { ganModes } from "../../kernels/gan_loss.ts";
import { gradients } from "../../kernels/gradients.ts";
import { ops } from "../../kernels/index.ts";
import { Graph, type DType, type Target, type Tensor } from "../../src/runtime/index.ts";
import { paperStorage } from "./paper.ts";

export function trainingOps(target: Target, dtype: DType): Graph {
  const g = new Graph(target);
  const external = (name: string, shape: number[], type: DType = dtype): Tensor =>
    g.external(name, shape, type, paperStorage(1 << 16));
  const x = external("x", [2, 6, 7, 5]);
  const one = external("one", [1], "f32");
  /** Records the gradients of a result on some tensors; of a loss, from `one`. */
  const back = (y: Tensor, ...wrt: Tensor[]): unknown =>
    gradients(g, new Map([[y, y.shape.length > 1 ? y : one]]), wrt);

  back(ops.maxPool(g, { x, k: 2, stride: 2 }), x);
  const aligned = external("aligned", [2, 6, 7, 8]);
  for (const t of [x, aligned]) {
    back(ops.slice(g, { x: t, axis: 3, from: 0, count: 4 }), t);
    back(ops.concat(g, { a: t, b: t, axis: 3 }), t);
  }
  const shared = external("shared", [1, 6, 7, 5]);
  back(ops.addShared(g, { x, shared, slope: 0.2 }), x, shared);
  const [mean, rstd] = ["mean", "rstd"].map((name) => external(name, [2, 5], "f32"));
  const [weight, bias] = ["weight", "bias"].map((name) => external(name, [5], "f32"));
  back(ops.normalise(g, { x, mean, rstd, slope: 0.2 }), x, mean);
  back(ops.normalise(g, { x, mean, rstd, weight, bias, slope: 0.2 }), x, mean, weight);

  const codes = external("codes", [1, 6, 7], "i32");
  const w = external("w", [16, 8, 5]);
  for (const edgeRow of [-1, 4]) {
    back(ops.labelConv(g, { codes, w, bias, k: 4, stride: 2, pad: 2, edgeRow }), w, bias);
    ops.labelPool(g, { codes, channels: 5, edgeRow, dtype });
  }

  back(ops.l1Mean(g, { a: x, b: x, scale: 1, images: 1, bFrom: 1 }), x);
  const logits = external("logits", [2, 6, 7, 1]);
  for (const mode of ganModes) {
    for (const side of ["D_real", "D_fake", "G"] as const)
      back(ops.ganLoss(g, { logits, mode, side, scale: 1 }), logits);
  }
  const [mu, logvar, eps] = ["mu", "logvar", "eps"].map((name) => external(name, [2, 5]));
  back(ops.kld(g, { mu, logvar, scale: 1 }), mu, logvar);
  back(ops.reparameterise(g, { mu, logvar, eps }), mu, logvar);
  const [p, m, v] = ["p", "m", "v"].map((name) => external(name, [3, 5], "f32"));
  ops.adam(g, {
    p,
    m,
    v,
    grad: external("grad", [3, 5]),
    factors: external("factors", [4], "f32"),
    beta1: 0,
    beta2: 0.9,
  });
  return g;
}
