// kernels/parts/sums.ts: sums that several backward passes need. Each has a fixed order, so two runs agree bit for bit; no atomics.
//
//   sumSlices    y[i] = sum over s of parts[s,i], / sigma    in order; the second stage of most sums
//   columnSums   y[c] = sum over r of x[r,c], * weights[r]   slices of about sqrt(rows) rows, then the slices
//   negatedDot   y = -<a, b> / sigma                         4096 threads' partial sums, then 64 sums of those, then one
//   sum2x2       y[p] = sum of the 2x2 pixels of x at 2p     the adjoint of nearest x2 upsampling
//
// Not ops of their own: backwards record them. traffic: every operand once. Why slices of sqrt(rows): docs/kernels.md.

import columnText from "../../shaders/parts/sums_columns.wgsl";
import finishText from "../../shaders/parts/sums_dot_finish.wgsl";
import sharesText from "../../shaders/parts/sums_dot_shares.wgsl";
import slicesText from "../../shaders/parts/sums_slices.wgsl";
import sum2x2Text from "../../shaders/parts/sums_2x2.wgsl";
import {
  ceilDiv,
  product,
  read,
  readScalars,
  storedElements,
  write,
  writeScalars,
  type Graph,
  type Tensor,
} from "../../src/runtime/index.ts";
import { strided } from "./grid.ts";

/** y[i] = sum over slices of parts[slice, i], divided by sigma if there is one. */
export function sumSlices(g: Graph, parts: Tensor, slices: number, y: Tensor, sigma?: Tensor): Tensor {
  const n4 = storedElements(y.shape, y.dtype) / 4;
  g.dispatch({
    shader: { name: "sums_slices", text: slicesText },
    constants: { sigma: !!sigma },
    sizes: { N4: n4, SLICES: slices },
    bindings: { parts: read(parts), sigma: sigma && read(sigma), y: write(y) },
    groups: strided(g.target, n4),
    flops: slices * n4 * 4,
  });
  return y;
}

/** Rows (pixels) of a slice of a two-stage sum, and the number of slices. */
export interface Slices {
  len: number;
  slices: number;
}

/**
 * Slices of about sqrt(n), which keeps both stages of a sum equally long: the first has sqrt(n) threads a column, each with sqrt(n)
 * terms. Not below 16, so that short sums have one slice.
 */
export function sqrtSlices(n: number): Slices {
  const len = Math.min(n, Math.max(16, Math.ceil(Math.sqrt(n))));
  return { len, slices: ceilDiv(n, len) };
}

/**
 * Sum of x's rows (all its axes but the last `columns` stored elements) into a tensor of `shape`. @param weights f32, a factor for each
 * row
 */
export function columnSums(g: Graph, x: Tensor, columns: number, shape: number[], weights?: Tensor): Tensor {
  const rows = storedElements(x.shape, x.dtype) / columns;
  const { len, slices } = sqrtSlices(rows);
  const y = g.temp("sums", shape);
  const parts = slices === 1 ? y : g.temp("parts", [slices, columns]);
  g.dispatch({
    shader: { name: "sums_columns", text: columnText },
    constants: { weights: !!weights },
    sizes: { C4: columns / 4, ROWS: rows, LEN: len },
    bindings: { x: read(x), weights: weights && readScalars(weights), parts: write(parts) },
    groups: [ceilDiv((slices * columns) / 4, 64)],
    flops: (weights ? 2 : 1) * product(x.shape),
  });
  return slices === 1 ? y : sumSlices(g, parts, slices, y);
}

/** Threads of the first stage of a dot product; the later stages are written for 64 x 64. Not tuned. */
const SHARES = 4096;

/** -<a, b> / sigma of two tensors of the same stored shape, as a tensor [1]. */
export function negatedDot(g: Graph, a: Tensor, b: Tensor, sigma: Tensor): Tensor {
  const n4 = storedElements(a.shape, a.dtype) / 4;
  const shares = g.temp("shares", [64, 64]);
  g.dispatch({
    shader: { name: "sums_dot_shares", text: sharesText },
    constants: { SHARES },
    sizes: { N4: n4 },
    bindings: { a: read(a), b: read(b), shares: writeScalars(shares) },
    groups: [SHARES / 64],
    flops: 8 * n4,
  });
  const columns = sumSlices(g, shares, 64, g.temp("columns", [64]));
  const y = g.temp("dsigma", [1]);
  g.dispatch({
    shader: { name: "sums_dot_finish", text: finishText },
    bindings: { columns: read(columns), sigma: read(sigma), y: write(y) },
    groups: [1],
    flops: 64,
  });
  return y;
}

/** The adjoint of nearest x2 upsampling: sums of 2x2 pixels, [N,H,W,C] to [N,H/2,W/2,C]. */
export function sum2x2(g: Graph, x: Tensor): Tensor {
  const [n, h, w, c] = x.shape;
  const y = g.temp("sum_2x2", [n, h / 2, w / 2, c], x.dtype);
  const n4 = storedElements(y.shape, y.dtype) / 4;
  g.dispatch({
    shader: { name: "sums_2x2", text: sum2x2Text },
    sizes: { N4: n4, C4: x.pitch / 4, W: w / 2 },
    bindings: { x: read(x), y: write(y) },
    groups: strided(g.target, n4),
    flops: 12 * n4,
  });
  return y;
}
