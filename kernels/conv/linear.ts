// kernels/conv/linear.ts: a linear layer (fc of nets with VAE: z to the first feature map)
//
//   y[n,m] = sum_k x[n,k] * w[k,m] + b[m]
//
// The result may be viewed as a picture: its stored elements an image are the M columns of w, in order.
// Backward: dx = dy w^T, dw[k,m] = sum_n x[n,k] * dy[n,m], db = sum_n dy.
// traffic: w once for every 4 images; 2 FLOPs a weight and image, so bandwidth bound up to batch 8 or so.
// lavapipe, 256 -> 65536: 9.6 ms for one image (7.1 GB/s), 16.6 for four.
// A w over the binding limit is read in bands of rows, each adding to the one before (forward only: its gradient would not fit a binding).

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
import { columnSums, strided, sumSlices } from "../parts/sums.ts";

export interface LinearArgs {
  /** [N,K] */
  x: Tensor;
  /** [K,M] */
  w: Tensor;
  /** [M] */
  bias?: Tensor;
  /** Logical shape of the result, [N, ...]. */
  shape: number[];
  /** of the result; w's by default */
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

/** Rows of w in one binding: all, or the largest band under the limit whose bytes keep the offsets' alignment of 256. */
export function linearBand(k: number, rowBytes: number, limit: number): number {
  if (k * rowBytes <= limit) return k;
  return Math.max(16, Math.floor(limit / rowBytes / 16) * 16);
}

const IMAGES = 4;
/** Column groups of a row product. */
const PARTS = 8;

export const linear = defineOp<LinearArgs, Tensor>({
  name: "linear",
  forward(g: Graph, { x, w, bias, shape, dtype }) {
    const { n, k, m4 } = linearPlan(x.shape, w.shape, shape);
    const images = [...Array(Math.min(n, IMAGES)).keys()];
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
      const start = sum
        ? (i: number) => `vec4f(sum[min(n + ${i}u, $N - 1u) * $M4 + m])`
        : () => (bias ? "vec4f(bias[m])" : "vec4f(0.0)");
      g.dispatch({
        shader: { name: "linear", text: linearText },
        constants: {
          IMAGES: images.length,
          declare: images
            .map((i) => `  let x${i} = min(n + ${i}u, $N - 1u) * $PITCH + $ROW; var y${i} = ${start(i)};`)
            .join("\n"),
          accumulate: images.map((i) => `    y${i} += f32(x[x${i} + k]) * wk;`).join("\n"),
          store: images.map((i) => `  if (n + ${i}u < $N) { y[(n + ${i}u) * $M4 + m] = y_t(y${i}); }`).join("\n"),
        },
        sizes: { N: n, K: rows, ROW: row, PITCH: x.pitch, M4: m4 },
        bindings,
        groups: [ceilDiv(m4, 64), ceilDiv(n, images.length)],
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
