// kernels/shape/slice.ts: a range of one axis of a tensor, and a tensor in another shape
//
//   slice:    y[.., i, ..] = x[.., from + i, ..],  i < count          reshape: y = x, the same stored elements in order
//
// Backward: dx is dy in that range and zero elsewhere; for a reshape, dy in x's shape.
// traffic: 1 read and 1 write an element of y. Used on small tensors: the weights of the discriminator's first conv are cut into label
// rows and picture rows (16 taps x 188 x 64: 0.8 MB).

import copyText from "../../shaders/shape/slice.wgsl";
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

export interface SliceArgs {
  x: Tensor;
  axis: number;
  from: number;
  count: number;
  /** The result's length along the axis, padded with zeros; `count` by default (conv weights need a multiple of 4). */
  length?: number;
}

/** Stored elements from one index of the axis to the next (inner), and of the whole axis (row). */
function strides(shape: readonly number[], axis: number): { inner: number; row: number } {
  const last = shape.length - 1;
  const inner = axis === last ? 1 : product(shape.slice(axis + 1, -1)) * pad4(shape[last]);
  return { inner, row: axis === last ? pad4(shape[last]) : shape[axis] * inner };
}

export interface SlicePlan {
  out: number[];
  /** Counts of stored elements: a row of x, a row of y, the start of the range, its length. */
  xRow: number;
  yRow: number;
  from: number;
  count: number;
}

/** Shape rule. @throws SpadeError shape */
export function slicePlan(x: readonly number[], axis: number, from: number, count: number, length = count): SlicePlan {
  if (!(axis >= 0 && axis < x.length) || from < 0 || count < 1 || from + count > x[axis] || length < count) {
    throw new SpadeError(
      "shape",
      "slice",
      `[${x.join(",")}] has no ${from}..${from + count} along axis ${axis}`,
      "give a range inside the axis",
    );
  }
  const out = [...x];
  out[axis] = length;
  const { inner, row } = strides(x, axis);
  return { out, xRow: row, yRow: strides(out, axis).row, from: from * inner, count: count * inner };
}

interface Range {
  xRow: number;
  yRow: number;
  xFrom: number;
  yFrom: number;
  count: number;
}

/** Copies a range of every row of x to a range of every row of y; the rest of y is zero. */
function copyRange(g: Graph, x: Tensor, y: Tensor, r: Range): void {
  const whole = [r.xRow, r.yRow, r.xFrom, r.yFrom, r.count].every((n) => n % 4 === 0);
  const unit = whole ? 4 : 1;
  const n = storedElements(y.shape, y.dtype) / unit;
  g.dispatch({
    shader: { name: "slice", text: copyText },
    sizes: {
      N: n,
      XROW: r.xRow / unit,
      YROW: r.yRow / unit,
      XFROM: r.xFrom / unit,
      YFROM: r.yFrom / unit,
      COUNT: r.count / unit,
    },
    bindings: whole ? { x: read(x), y: write(y) } : { x: readScalars(x), y: writeScalars(y) },
    groups: strided(g.target, n),
    flops: 0,
    bytes: y.bytes + Math.min(x.bytes, y.bytes),
  });
}

export const slice = defineOp<SliceArgs, Tensor>({
  name: "slice",
  forward(g: Graph, { x, axis, from, count, length }) {
    const p = slicePlan(x.shape, axis, from, count, length);
    const y = g.temp("slice", p.out, x.dtype);
    copyRange(g, x, y, { xRow: p.xRow, yRow: p.yRow, xFrom: p.from, yFrom: 0, count: p.count });
    return y;
  },
  backward(g, { x, axis, from, count, length }, _y, dy) {
    const p = slicePlan(x.shape, axis, from, count, length);
    const dx = g.temp("dx", x.shape, dy.dtype);
    copyRange(g, dy, dx, { xRow: p.yRow, yRow: p.xRow, xFrom: 0, yFrom: p.from, count: p.count });
    return { x: dx };
  },
});

export interface ReshapeArgs {
  x: Tensor;
  /** of as many stored elements as x */
  shape: number[];
}

/** Shape rule. @throws SpadeError shape */
export function reshapePlan(x: readonly number[], shape: readonly number[]): number {
  const [n, wanted] = [x, shape].map((s) => storedElements(s, "f32"));
  if (n !== wanted || product(x) !== product(shape)) {
    throw new SpadeError(
      "shape",
      "reshape",
      `[${x.join(",")}] stores ${n} elements and [${shape.join(",")}] ${wanted}`,
      "give a shape with the same elements and padding",
    );
  }
  return n;
}

function copyAll(g: Graph, x: Tensor, shape: readonly number[]): Tensor {
  const n = reshapePlan(x.shape, shape);
  const y = g.temp("reshape", shape, x.dtype);
  copyRange(g, x, y, { xRow: n, yRow: n, xFrom: 0, yFrom: 0, count: n });
  return y;
}

export const reshape = defineOp<ReshapeArgs, Tensor>({
  name: "reshape",
  forward: (g, { x, shape }) => copyAll(g, x, shape),
  backward: (g, { x }, _y, dy) => ({ x: copyAll(g, dy, x.shape) }),
});
