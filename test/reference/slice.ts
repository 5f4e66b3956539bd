// Parts and joins of tensors along an axis.

import { product } from "../../src/runtime/index.ts";

interface Range {
  axis: number;
  from: number;
  count: number;
  /** The result's length along the axis, zeros behind the range. */
  length?: number;
}

/** Calls `visit` with the index of every number of the range in x and in the result, whose size it returns. */
function walk(
  shape: readonly number[],
  { axis, from, count, length = count }: Range,
  visit: (x: number, y: number) => void,
): number {
  const [outer, inner] = [product(shape.slice(0, axis)), product(shape.slice(axis + 1))];
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < count; i++)
      for (let j = 0; j < inner; j++) visit((o * shape[axis] + from + i) * inner + j, (o * length + i) * inner + j);
  return outer * length * inner;
}

export function sliceReference(x: ArrayLike<number>, shape: readonly number[], range: Range): Float64Array {
  const y = new Float64Array(walk(shape, range, () => undefined));
  walk(shape, range, (from, to) => (y[to] = x[from]));
  return y;
}

/** Gradient of the sum of y * dy. */
export function sliceGradient(dy: ArrayLike<number>, shape: readonly number[], range: Range): Float64Array {
  const dx = new Float64Array(product(shape));
  walk(shape, range, (at, from) => (dx[at] = dy[from]));
  return dx;
}

export function concatReference(
  a: ArrayLike<number>,
  aShape: readonly number[],
  b: ArrayLike<number>,
  bShape: readonly number[],
  axis: number,
): Float64Array {
  const shape = aShape.map((n, i) => (i === axis ? n + bShape[i] : n));
  const y = new Float64Array(product(shape));
  walk(shape, { axis, from: 0, count: aShape[axis] }, (at, from) => (y[at] = a[from]));
  walk(shape, { axis, from: aShape[axis], count: bShape[axis] }, (at, from) => (y[at] = b[from]));
  return y;
}
