// kernels/optim/adam.ts: one step of Adam (Kingma and Ba 2015, as torch.optim.Adam without weight decay or amsgrad) on one tensor
//
//   g <- s * g       m <- b1 m + (1 - b1) g       v <- b2 v + (1 - b2) g^2
//   p <- p - lr / (1 - b1^t) * m / (sqrt(v) / sqrt(1 - b2^t) + 1e-8)
//
// p, m and v are f32 and updated in place. What changes from step to step (lr, t, and s, the loss scale's inverse) is read from the input
// `factors`, so one program serves all steps. Padded elements have gradient 0 and stay 0. With f16 storage, p is the f32 master and its
// f16 copy is written here too; a step whose gradients overflow (kernels/optim/overflow.ts) changes nothing. No backward.
// traffic: 4 reads and 3 writes an element. lavapipe, 9.4 M weights (1024 -> 1024, 3x3): 32 ms (8.3 GB/s).

import adamText from "../../shaders/optim/adam.wgsl";
import {
  defineOp,
  float,
  notDifferentiable,
  read,
  SpadeError,
  storedElements,
  write,
  type Graph,
  type Tensor,
} from "../../src/runtime/index.ts";
import { strided } from "../parts/grid.ts";

export interface AdamArgs {
  /** f32, external, updated in place */
  p: Tensor;
  /** f32, external, of p's shape; 0 at first */
  m: Tensor;
  /** f32, external, of p's shape; 0 at first */
  v: Tensor;
  /** of p's shape */
  grad: Tensor;
  /** of p's shape, external: the f16 copy that kernels read */
  copied?: Tensor;
  /** [1]: if it is not 0, nothing is changed */
  overflow?: Tensor;
  /** f32 [4] or [R,4], from adamFactors */
  factors: Tensor;
  /** The row of `factors` that this parameter reads, 0 by default: parameters that began to learn at other steps have others. */
  row?: number;
  beta1: number;
  beta2: number;
  /** 1e-8 by default */
  eps?: number;
}

/** The values of `factors` for step t, counted from 1; `gradScale` is the loss scale's inverse. */
export function adamFactors(lr: number, t: number, beta1: number, beta2: number, gradScale = 1): Float32Array {
  return Float32Array.of(lr / (1 - beta1 ** t), Math.sqrt(1 - beta2 ** t), gradScale, 0);
}

/** Shape rule: the number of vec4s. @throws SpadeError shape */
export function adamPlan(a: Record<"p" | "m" | "v" | "grad", readonly number[]>): number {
  for (const name of ["m", "v", "grad"] as const) {
    if (a[name].length !== a.p.length || a[name].some((n, i) => n !== a.p[i])) {
      throw new SpadeError(
        "shape",
        "adam",
        `${name} [${a[name].join(",")}] is not p's [${a.p.join(",")}]`,
        "give moments and gradient of this parameter",
      );
    }
  }
  return storedElements(a.p, "f32") / 4;
}

export const adam = defineOp<AdamArgs, void>({
  name: "adam",
  forward(g: Graph, { p, m, v, grad, copied, overflow, factors, row = 0, beta1, beta2, eps = 1e-8 }) {
    const n4 = adamPlan({ p: p.shape, m: m.shape, v: v.shape, grad: grad.shape });
    g.dispatch({
      shader: { name: "adam", text: adamText },
      constants: { copied: !!copied, skip: !!overflow },
      // 1 - beta is rounded from float64: in f32, 1 - 0.999 has a relative error of 1e-5.
      sizes: {
        N4: n4,
        ROW: row,
        BETA1: float(beta1),
        BETA2: float(beta2),
        REST1: float(1 - beta1),
        REST2: float(1 - beta2),
        EPS: float(eps),
      },
      bindings: {
        grad: read(grad),
        factors: read(factors),
        p: write(p),
        m: write(m),
        v: write(v),
        copied: copied && write(copied),
        overflow: overflow && read(overflow),
      },
      groups: strided(g.target, n4),
      flops: 13 * n4 * 4,
    });
  },
  backward: notDifferentiable,
});
