// kernels/parts/sums.ts: the sums of the backward pass, each in two stages of fixed order (no atomics: two runs agree bit for bit)
//
//   columnSums  y[c] = sum over rows of x[r,c]        slices of about sqrt(rows) rows, one vec4 of columns a thread; then the slices
//   negatedDot  y = -<a, b> / sigma                   4096 threads' shares, then 64 columns of them, then those
// Not ops of their own: backwards record them. traffic: every operand once.

import columnText from "../../shaders/parts/sums_columns.wgsl";
import finishText from "../../shaders/parts/sums_dot_finish.wgsl";
import sharesText from "../../shaders/parts/sums_dot_shares.wgsl";
import slicesText from "../../shaders/parts/sums_slices.wgsl";
import sum2x2Text from "../../shaders/parts/sums_2x2.wgsl";
import {
  ceilDiv,
  product,
  read,
  storedElements,
  write,
  writeScalars,
  type Graph,
  type Target,
  type Tensor,
} from "../../src/runtime/index.ts";

/**
 * Workgroups of 64 threads that stride over n vec4s together. Starting one costs lavapipe 0.6 us, as much as the work of 40 vec4s (add of
 * 262,144: 4096 workgroups 3.9 ms, 64 2.4, 16 1.8), so that software adapters get few.
 */
export const strided = ({ software }: Target, n: number): [number] => [Math.min(software ? 32 : 32768, ceilDiv(n, 64))];

/** y[i] = sum over slices of parts[slice, i], divided by sigma. */
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

/** Sum of x's rows (all its axes but the last `columns` stored elements) into a tensor of `shape`. */
export function columnSums(g: Graph, x: Tensor, columns: number, shape: number[]): Tensor {
  const rows = storedElements(x.shape, x.dtype) / columns;
  const len = Math.max(16, Math.ceil(Math.sqrt(rows)));
  const slices = ceilDiv(rows, len);
  const y = g.temp("sums", shape);
  const parts = slices === 1 ? y : g.temp("parts", [slices, columns]);
  g.dispatch({
    shader: { name: "sums_columns", text: columnText },
    sizes: { C4: columns / 4, ROWS: rows, LEN: len },
    bindings: { x: read(x), parts: write(parts) },
    groups: [ceilDiv((slices * columns) / 4, 64)],
    flops: product(x.shape),
  });
  return slices === 1 ? y : sumSlices(g, parts, slices, y);
}

const SHARES = 4096;

/** -<a, b> / sigma of two tensors of one stored shape, as [1]. */
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

/** The adjoint of nearest x2 upsampling: sums of 2x2 pixels, [N,H,W,C] to half of H and W. */
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
