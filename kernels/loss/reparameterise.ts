// kernels/loss/reparameterise.ts: a sample of the encoder's normal distribution (Kingma and Welling 2014)
//
//   z = mu + exp(logvar / 2) * eps         dmu = dz         dlogvar = dz * exp(logvar / 2) * eps / 2
//
// eps ~ N(0, 1) is an input. traffic: a few KB.

import forwardText from "../../shaders/loss/reparameterise.wgsl";
import backwardText from "../../shaders/loss/reparameterise_backward.wgsl";
import { defineOp, product, read, write, type Graph, type Tensor } from "../../src/runtime/index.ts";
import { kldPlan } from "./kld.ts";
import { strided } from "../parts/grid.ts";

export interface ReparameteriseArgs {
  mu: Tensor;
  /** of mu's shape */
  logvar: Tensor;
  /** of mu's shape; no gradient */
  eps: Tensor;
}

export const reparameterise = defineOp<ReparameteriseArgs, Tensor>({
  name: "reparameterise",
  forward(g: Graph, { mu, logvar, eps }) {
    const n4 = kldPlan(mu.shape, logvar.shape);
    kldPlan(mu.shape, eps.shape);
    const z = g.temp("z", mu.shape, mu.dtype);
    g.dispatch({
      shader: { name: "reparameterise", text: forwardText },
      sizes: { N4: n4 },
      bindings: { mu: read(mu), logvar: read(logvar), eps: read(eps), z: write(z) },
      groups: strided(g.target, n4),
      flops: 4 * product(mu.shape),
    });
    return z;
  },
  backward(g, { mu, logvar, eps }, _z, dz, wanted) {
    if (!wanted.has("logvar")) return { mu: dz };
    const n4 = kldPlan(mu.shape, logvar.shape);
    const dlogvar = g.temp("dlogvar", logvar.shape, logvar.dtype);
    g.dispatch({
      shader: { name: "reparameterise_backward", text: backwardText },
      sizes: { N4: n4 },
      bindings: { logvar: read(logvar), eps: read(eps), dz: read(dz), dlogvar: write(dlogvar) },
      groups: strided(g.target, n4),
      flops: 5 * product(mu.shape),
    });
    return { mu: dz, logvar: dlogvar };
  },
});
