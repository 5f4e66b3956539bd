// kernels/shape/concat.ts: two tensors joined along an axis (fake and real pictures in one batch, the halves of a fire module)
//
//   y = [a, b]        da, db = the two ranges of dy
//
// Along the last axis, a's padding is dropped and zeros pad the joined rows.
// traffic: 1 read and 1 write an element. lavapipe, two pictures of 2 x 256x256x3: 3.3 ms.

import concatText from "../../shaders/shape/concat.wgsl";
import {
  defineOp,
  pad4,
  product,
  read,
  readScalars,
  SpadeError,
  storedElements,
  write,
  writeScalars,
  type Graph,
  type Tensor,
} from "../../src/runtime/index.ts";
import { strided } from "../parts/grid.ts";
import { slice } from "./slice.ts";

export interface ConcatArgs {
  a: Tensor;
  /** of a's shape, except along the axis */
  b: Tensor;
  axis: number;
}

/** Shape rule. @throws SpadeError shape */
export function concatPlan(a: readonly number[], b: readonly number[], axis: number): number[] {
  if (a.length !== b.length || !(axis in a) || a.some((n, i) => i !== axis && n !== b[i])) {
    throw new SpadeError(
      "shape",
      "concat",
      `[${a.join(",")}] and [${b.join(",")}] differ beside axis ${axis}`,
      "join tensors that differ along one axis only",
    );
  }
  return a.map((n, i) => (i === axis ? n + b[i] : n));
}

export const concat = defineOp<ConcatArgs, Tensor>({
  name: "concat",
  forward(g: Graph, { a, b, axis }) {
    const out = concatPlan(a.shape, b.shape, axis);
    const y = g.temp("concat", out, a.dtype);
    const last = axis === out.length - 1;
    const inner = last ? 1 : product(out.slice(axis + 1, -1)) * y.pitch;
    const count = (t: readonly number[]): number => t[axis] * inner;
    const row = (t: readonly number[]): number => (last ? pad4(t[axis]) : count(t));
    const lengths = [count(a.shape), count(b.shape), row(a.shape), row(b.shape), row(out)];
    const unit = lengths.every((n) => n % 4 === 0) ? 4 : 1;
    const [ACOUNT, BCOUNT, AROW, BROW, YROW] = lengths.map((n) => n / unit);
    const n = storedElements(out, y.dtype) / unit;
    g.dispatch({
      shader: { name: "concat", text: concatText },
      sizes: { N: n, ACOUNT, BCOUNT, AROW, BROW, YROW },
      bindings:
        unit === 4
          ? { a: read(a), b: read(b), y: write(y) }
          : { a: readScalars(a), b: readScalars(b), y: writeScalars(y) },
      groups: strided(g.target, n),
      flops: 0,
    });
    return y;
  },
  recompute: true,
  backward(g, { a, b, axis }, _y, dy, wanted) {
    const part = (from: number, count: number): Tensor => slice(g, { x: dy, axis, from, count });
    return {
      ...(wanted.has("a") ? { a: part(0, a.shape[axis]) } : {}),
      ...(wanted.has("b") ? { b: part(a.shape[axis], b.shape[axis]) } : {}),
    };
  },
});
