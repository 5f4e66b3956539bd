// kernels/labels/label_linear.ts: a linear layer of each label's own, on the style codes of pictures' regions (fc_mu of SEAN's ACE)
//
//   y[1 + n*S + j, :] = relu( b_j + x[n*S + j, :] * W_j )        y[0, :] = 0
//
// Row 0 stands for "outside the picture", as in label_table, which reads y in the place of inner windows. Rows of labels that a picture
// does not have are computed too; nothing reads them, so their gradients are zero.
// Backward, with dz = dy where y > 0: dW_j[k,m] = sum_n x[n*S+j,k] dz[m], db_j = sum_n dz, dx = dz W_j^T.
// FLOPs: 2 for each weight and picture. traffic: every W_j once a picture. The weights are parameters of their own (the published keys
// are fc_mu0, fc_mu1 ...), so each label has a dispatch.

import labelLinearText from "../../shaders/labels/label_linear.wgsl";
import dwText from "../../shaders/labels/label_linear_dw.wgsl";
import dxText from "../../shaders/labels/label_linear_dx.wgsl";
import {
  ceilDiv,
  defineOp,
  read,
  readScalars,
  SpadeError,
  write,
  writeScalars,
  type Graph,
  type Tensor,
} from "../../src/runtime/index.ts";
import { strided } from "../parts/grid.ts";

export interface LabelLinearArgs {
  /** f32 [N*S, K]: a row for each picture and label */
  x: Tensor;
  /** S */
  labels: number;
  /** w0 .. w(S-1), [K,M] each */
  [w: `w${number}`]: Tensor;
  /** b0 .. b(S-1), [M] each */
  [b: `b${number}`]: Tensor;
}

/** Shape rule. @throws SpadeError shape */
export function labelLinearPlan(
  x: readonly number[],
  labels: number,
  w: readonly number[],
): { n: number; out: number[] } {
  const n = x[0] / labels;
  if (x.length !== 2 || w.length !== 2 || !Number.isInteger(n) || x[1] !== w[0])
    throw new SpadeError(
      "shape",
      "label_linear",
      `x [${x.join(",")}] does not fit ${labels} labels with weights [${w.join(",")}]`,
      "give a row for each picture and label, and weights [K,M]",
    );
  return { n, out: [1 + x[0], w[1]] };
}

const numbers = (labels: number): number[] => Array.from({ length: labels }, (_, j) => j);

/** [1 + N*S, M], of w's type */
export const labelLinear = defineOp<LabelLinearArgs, Tensor>({
  name: "label_linear",
  forward(g: Graph, a) {
    const { x, labels: S } = a;
    const [K] = a.w0.shape;
    const { n: N, out } = labelLinearPlan(x.shape, S, a.w0.shape);
    const y = g.temp("y", out, a.w0.dtype);
    const M4 = y.pitch / 4;
    for (const j of numbers(S))
      g.dispatch({
        shader: { name: "label_linear", text: labelLinearText },
        constants: { first: j === 0 },
        sizes: { N, S, J: j, K, PITCH: x.pitch, M4 },
        bindings: { x: readScalars(x), w: read(a[`w${j}`]), bias: read(a[`b${j}`]), y: write(y) },
        groups: [ceilDiv(M4, 64), N + (j === 0 ? 1 : 0)],
        flops: 2 * N * K * out[1],
        bytes: a[`w${j}`].bytes + (x.bytes + y.bytes) / S,
      });
    return y;
  },
  backward(g, a, y, dy, wanted) {
    const { x, labels: S } = a;
    const [K, M] = a.w0.shape;
    const { n: N } = labelLinearPlan(x.shape, S, a.w0.shape);
    const M4 = y.pitch / 4;
    const grads: Partial<Record<keyof LabelLinearArgs, Tensor>> = {};
    const dx = wanted.has("x") ? (grads.x = g.temp("dx", x.shape)) : undefined;
    for (const j of numbers(S)) {
      const w = a[`w${j}`];
      const common = { sizes: { N, S, J: j, K, PITCH: x.pitch, M4 }, flops: 2 * N * K * M };
      if (wanted.has(`w${j}`) || wanted.has(`b${j}`)) {
        const dw = (grads[`w${j}`] = g.temp("dw", w.shape));
        const dbias = (grads[`b${j}`] = g.temp("dbias", a[`b${j}`].shape));
        g.dispatch({
          ...common,
          shader: { name: "label_linear_dw", text: dwText },
          bindings: { x: readScalars(x), y: read(y), dy: read(dy), dw: write(dw), dbias: write(dbias) },
          groups: strided(g.target, K * M4),
          bytes: dw.bytes + (x.bytes + 2 * y.bytes) / S,
        });
      }
      if (dx)
        g.dispatch({
          ...common,
          shader: { name: "label_linear_dx", text: dxText },
          bindings: { y: read(y), dy: read(dy), w: read(w), dx: writeScalars(dx) },
          groups: [ceilDiv(x.pitch, 64), N],
          bytes: w.bytes + (x.bytes + 2 * y.bytes) / S,
        });
    }
    return grads;
  },
});
