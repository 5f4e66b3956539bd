// kernels/conv/linear.ts: a linear layer (fc of nets with VAE: z to the first feature map)
//
//   y[n,m] = sum_k x[n,k] * w[k,m] + b[m]
//
// The result may have the shape of a picture: the stored elements of an image are the M columns of w, in order.
// Backward: dx = dy w^T, dw[k,m] = sum_n x[n,k] * dy[n,m], db = sum_n dy.
// FLOPs: 2 for each weight and image. traffic: w once for every 4 images, so it is bound by bandwidth up to a batch of about 8.
// lavapipe, 256 -> 65536: 9.6 ms for one image (7.1 GB/s), 16.6 for four. A w over the binding limit is read in bands of rows; each adds
// to the sums of the one before (forward only: the gradient of such a w would not fit a binding).

import linearText from "../../shaders/conv/linear.wgsl";
import dwText from "../../shaders/conv/linear_dw.wgsl";
import dxText from "../../shaders/conv/linear_dx.wgsl";
import {
  BYTES,
  ceilDiv,
  defineOp,
  pad4,
  product,
  read,
  readScalars,
  SpadeError,
  write,
  writeScalars,
  type Binding,
  type DType,
  type Graph,
  type Tensor,
  viewOf,
} from "../../src/runtime/index.ts";
import { strided } from "../parts/grid.ts";
import { columnSums, sumSlices } from "../parts/sums.ts";

export interface LinearArgs {
  /** [N,K] */
  x: Tensor;
  /** [K,M] */
  w: Tensor;
  /** [M] */
  bias?: Tensor;
  /** Logical shape of the result, [N, ...]. */
  shape: number[];
  /** Type of the result; w's by default. */
  dtype?: DType;
}

/** Shape rule. @throws SpadeError shape */
export function linearPlan(
  x: readonly number[],
  w: readonly number[],
  shape: readonly number[],
): { n: number; k: number; m4: number } {
  const m = pad4(w[1]);
  const fail = (problem: string, fix: string): never => {
    throw new SpadeError("shape", "linear", problem, fix);
  };
  if (x[1] !== w[0]) fail(`x [${x.join(",")}] does not fit w [${w.join(",")}]`, "give w as [K,M]");
  const stored = product(shape.slice(1, -1)) * pad4(shape[shape.length - 1]);
  if (shape.length < 2 || shape[0] !== x[0] || stored !== m)
    fail(
      `[${shape.join(",")}] does not hold ${x[0]} rows of ${m} stored elements`,
      "give the result's shape, channels last",
    );
  return { n: x[0], k: x[1], m4: m / 4 };
}

/** Rows of w in one binding: all, or as many as fit the limit, a multiple of 16, so that bands start at multiples of 256 bytes. */
export function linearBand(k: number, rowBytes: number, limit: number): number {
  if (k * rowBytes <= limit) return k;
  return Math.max(16, Math.floor(limit / rowBytes / 16) * 16);
}

/** Most images of a thread. No measurement is recorded. */
const IMAGES = 4;
/** Threads that share a row product of dx: with lavapipe's 8 lanes, a vector reads contiguous columns. Not tuned. */
const PARTS = 8;

export const linear = defineOp<LinearArgs, Tensor>({
  name: "linear",
  forward(g: Graph, { x, w, bias, shape, dtype }) {
    const { n, k, m4 } = linearPlan(x.shape, w.shape, shape);
    const images = Math.min(n, IMAGES);
    const rowBytes = w.pitch * BYTES[w.dtype];
    const band = w.storage ? linearBand(k, rowBytes, g.target.limits.maxStorageBufferBindingSize) : k;
    let sum: Tensor | undefined;
    for (let row = 0; row < k; row += band) {
      const rows = Math.min(band, k - row);
      const last = row + rows === k;
      const part =
        rows === k
          ? w
          : g.external(
              `${w.name}[${row}..]`,
              [rows, w.shape[1]],
              w.dtype,
              viewOf(w.storage!, row * rowBytes, rows * rowBytes),
            );
      const y = g.temp("y", shape, last ? (dtype ?? w.dtype) : "f32");
      const bindings: Record<string, Binding> = { x: readScalars(x), w: read(part) };
      if (bias && !row) bindings.bias = read(bias);
      if (sum) bindings.sum = read(sum);
      bindings.y = write(y);
      g.dispatch({
        shader: { name: "linear", text: linearText },
        constants: { IMAGES: images, continued: !!sum, bias: "bias" in bindings },
        sizes: { N: n, K: rows, ROW: row, PITCH: x.pitch, M4: m4 },
        constantSizes: ["K"],
        bindings,
        groups: [ceilDiv(m4, 64), ceilDiv(n, images)],
        flops: 2 * n * rows * w.shape[1],
      });
      sum = y;
    }
    return sum!;
  },
  backward(g, { x, w, bias, shape }, _, dy, wanted) {
    const { n, k, m4 } = linearPlan(x.shape, w.shape, shape);
    const flops = 2 * n * k * w.shape[1];
    const grads: Partial<Record<keyof LinearArgs, Tensor>> = {};
    if (wanted.has("bias")) grads.bias = columnSums(g, dy, 4 * m4, [...bias!.shape]);
    if (wanted.has("w")) {
      grads.w = g.temp("dw", w.shape);
      g.dispatch({
        shader: { name: "linear_dw", text: dwText },
        sizes: { N: n, K: k, PITCH: x.pitch, M4: m4 },
        bindings: { x: readScalars(g.again(x)), dy: read(dy), dw: write(grads.w) },
        groups: strided(g.target, k * m4),
        flops,
      });
    }
    if (wanted.has("x")) {
      const parts = g.temp("parts", [PARTS, n, x.pitch]);
      g.dispatch({
        shader: { name: "linear_dx", text: dxText },
        constants: { PARTS },
        sizes: { N: n, K: k, PITCH: x.pitch, M4: m4 },
        bindings: { dy: read(dy), w: read(w), parts: writeScalars(parts) },
        groups: [ceilDiv(x.pitch * PARTS, 64), n],
        flops,
      });
      grads.x = sumSlices(g, parts, PARTS, g.temp("dx", x.shape));
    }
    return grads;
  },
});
