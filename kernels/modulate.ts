// kernels/modulate.ts: SPADE's normalisation (Park et al. 2019, eq. 1) with its activation and the upsampling in front of it, in one pass
//
//   y[n,Y,X,c] = leaky( (x[n,Y/up,X/up,c] - mean[g,c]) * rstd[g,c] * (1 + gamma[id,c]) + beta[id,c] ),   id = ids[n,Y,X]
//
// up is 1 or 2: a nearest x2 upsampled x is read where it is and never written. gamma and beta are rows of tables, one row a
// distinct window of labels. g is 0 (batch norm) or n (instance norm).
// Backward: with xn the normalised x and dz = dy * (y > 0 ? 1 : slope),
//   dbeta[r,c] = sum of dz over pixels with id r      dgamma[r,c] = sum of dz * xn      (segmented sums, D3 of the kernel notes)
//   dxn = sum over the up*up pixels of dz * (1 + gamma[id])
//   dx = rstd * (dxn - mean_P(dxn) - xn * mean_P(dxn * xn)) over the P pixels of g; with running statistics just rstd * dxn.
// traffic: x once for each of up rows (the second time from a cache), y once, ids once, and two table rows where the id differs from
// the pixel's before (COCO val 1993: 27 % of the pixels at 256x256, 60 % at 64x64). On lavapipe, 2 cores, 128x128x128 -> 256x256x128:
//   25 ms a pixel of x at a time (1.9 GB/s); 12.4 in strips of 4; 9.8 with the table rows kept while the id stays; 8.2 to 8.4 with
//   stepped addresses (5.9 GB/s; a plain copy has 4.1 to 4.5, at 256x256x64 5.2 against 4.4). Slower: 2x2 pixels unrolled by hand (16),
//   lanes over pixels with a loop over channels (22 to 27). Both rows of y in one thread: equal, but twice the time to compile.

import modulateText from "../shaders/modulate.wgsl";
import {
  ceilDiv,
  defineOp,
  notYet,
  product,
  read,
  readScalars,
  SpadeError,
  write,
  type DType,
  type Graph,
  type Tensor,
} from "../src/runtime/index.ts";

export interface ModulateArgs {
  /** [N,h,w,C] */
  x: Tensor;
  /** f32 [G,C] or [C]; G is 1 or N */
  mean: Tensor;
  /** f32, as mean */
  rstd: Tensor;
  /** [R,C] */
  gamma: Tensor;
  /** [R,C] */
  beta: Tensor;
  /** i32 [N,H,W]: rows of the tables; H, W are h, w or their doubles */
  ids: Tensor;
  /** slope below zero; 1 = no activation */
  slope: number;
  /** of the result; x's by default */
  dtype?: DType;
}

export interface ModulatePlan {
  out: number[];
  up: 1 | 2;
  /** Rows of statistics. */
  groups: number;
  /** Pixels of x a thread. */
  len: number;
}

/** Shape rule. @throws SpadeError shape */
export function modulatePlan(
  a: Record<"x" | "mean" | "rstd" | "gamma" | "beta" | "ids", readonly number[]>,
  software: boolean,
): ModulatePlan {
  const [n, h, w, c] = a.x;
  const [idsN, oh, ow] = a.ids;
  const fail = (problem: string, fix: string): never => {
    throw new SpadeError("shape", "modulate", problem, fix);
  };
  const up = oh / h;
  if (a.x.length !== 4 || a.ids.length !== 3 || idsN !== n || ow !== w * up || (up !== 1 && up !== 2)) {
    return fail(
      `ids [${a.ids.join(",")}] do not fit x [${a.x.join(",")}]`,
      "give ids of x's size or of its double, one map an image",
    );
  }
  for (const name of ["mean", "rstd", "gamma", "beta"] as const) {
    if (a[name][a[name].length - 1] !== c)
      fail(
        `${name} [${a[name].join(",")}] does not have x's ${c} channels`,
        "give the statistics and tables of this layer",
      );
  }
  const groups = product(a.mean.slice(0, -1));
  if ((groups !== 1 && groups !== n) || product(a.rstd.slice(0, -1)) !== groups) {
    fail(
      `${groups} rows of mean and ${product(a.rstd.slice(0, -1))} of rstd for ${n} images`,
      "give one row (batch) or one an image (instance) of both",
    );
  }
  // Long strips keep table rows longest; a GPU needs the threads.
  return { out: [n, oh, ow, c], up, groups, len: software ? 32 : 4 };
}

/** Strips of one layer of the grid's third dimension. */
const Y_SPAN = 32768 * 8;
const bits = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0];

export const modulate = defineOp<ModulateArgs, Tensor>({
  name: "modulate",
  forward(g: Graph, { x, mean, rstd, gamma, beta, ids, slope, dtype }) {
    const { out, up, groups, len } = modulatePlan(
      { x: x.shape, mean: mean.shape, rstd: rstd.shape, gamma: gamma.shape, beta: beta.shape, ids: ids.shape },
      g.target.software,
    );
    const y = g.temp("y", out, dtype ?? x.dtype);
    const [n, h, w] = x.shape;
    const strips = n * h * up * ceilDiv(w, len);
    g.dispatch({
      shader: { name: "modulate", text: modulateText },
      constants: { UP: up, LEN: len, leaky: slope !== 1 },
      sizes: { ROWS: n * h, H: h, W: w, C4: x.pitch / 4, GROUPS: groups, SLOPE: bits(slope), YSPAN: Y_SPAN },
      bindings: {
        x: read(x),
        mean: read(mean),
        rstd: read(rstd),
        gamma: read(gamma),
        beta: read(beta),
        ids: readScalars(ids),
        y: write(y),
      },
      groups: [ceilDiv(x.pitch / 4, 8), ceilDiv(Math.min(strips, Y_SPAN), 8), ceilDiv(strips, Y_SPAN)],
      flops: 5 * product(out),
      bytes: x.bytes + y.bytes + ids.bytes + Math.min(gamma.bytes, y.bytes) + Math.min(beta.bytes, y.bytes),
    });
    return y;
  },
  backward: notYet,
});
