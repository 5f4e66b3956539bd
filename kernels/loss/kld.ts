// kernels/loss/kld.ts: the Kullback-Leibler divergence of the encoder's normal distribution from N(0, 1)
//
//   loss = scale * -1/2 * sum (1 + logvar - mu^2 - exp(logvar))     a sum over batch and dimensions, not a mean, as published
//   dmu = dloss * scale * mu          dlogvar = dloss * scale / 2 * (exp(logvar) - 1)
//
// traffic: a few KB; two dispatches forward, one backward.

import kldText from "../../shaders/loss/kld.wgsl";
import backwardText from "../../shaders/loss/kld_backward.wgsl";
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

export interface KldArgs {
  mu: Tensor;
  /** of mu's shape */
  logvar: Tensor;
  scale: number;
}

/** Shape rule: the number of vec4s. @throws SpadeError shape */
export function kldPlan(mu: readonly number[], logvar: readonly number[]): number {
  if (mu.length !== logvar.length || mu.some((n, i) => n !== logvar[i])) {
    throw new SpadeError(
      "shape",
      "kld",
      `mu [${mu.join(",")}] and logvar [${logvar.join(",")}] differ`,
      "give the encoder's two results",
    );
  }
  return storedElements(mu, "f32") / 4;
}

export const kld = defineOp<KldArgs, Tensor>({
  name: "kld",
  forward(g: Graph, { mu, logvar, scale }) {
    const n4 = kldPlan(mu.shape, logvar.shape);
    return lossSum(
      g,
      {
        shader: { name: "kld", text: kldText },
        sizes: { N4: n4 },
        bindings: { mu: read(mu), logvar: read(logvar) },
        flops: 5 * product(mu.shape),
      },
      n4,
      -0.5 * scale,
    );
  },
  backward(g, { mu, logvar, scale }, _loss, dloss) {
    const n4 = kldPlan(mu.shape, logvar.shape);
    const dmu = g.temp("dmu", mu.shape, mu.dtype);
    const dlogvar = g.temp("dlogvar", logvar.shape, logvar.dtype);
    g.dispatch({
      shader: { name: "kld_backward", text: backwardText },
      sizes: { N4: n4, SCALE: float(scale) },
      bindings: { mu: read(mu), logvar: read(logvar), dloss: read(dloss), dmu: write(dmu), dlogvar: write(dlogvar) },
      groups: strided(g.target, n4),
      flops: 4 * product(mu.shape),
    });
    return { mu: dmu, logvar: dlogvar };
  },
});
