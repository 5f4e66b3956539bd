// kernels/norm/spectral.ts: spectral norm's scalar (Miyato et al. 2018, as in torch.nn.utils.spectral_norm)
//
//   training:  v <- W^T u / max(|W^T u|, 1e-12),   u <- W v / max(|W v|, 1e-12)    one power iteration, in place
//   always:    sigma = u^T W v                                                      the convolution then divides by it
//
// W is [Cout, Cin*kh*kw]. It is stored transposed, row (tap, ci), column o, so W^T u are products of its rows with u (lanes side by side
// on one row) and W v sums over its columns (in slices of about 64 rows). Both have two stages of fixed order; then the 64 threads of one
// workgroup compute the norm. Padded rows and columns of w are zero and keep the padded elements of u and v at zero.
// Backward: u and v are constants, so dW += dsigma u v^T, with u and v as the iteration left them. (One iteration a program: a second one
// would overwrite them before the backward of the first.) With conv2d's dsigma that gives, for the gradient G of W/sigma,
// dW = (G - <G, W/sigma> u v^T) / sigma.
// traffic: W once in eval mode, twice in training mode (37.7 MB for 1024 -> 1024, 3x3). lavapipe: 12.7 ms in eval
// mode (3.1 GB/s), 15 to 22 in training mode (rows 4.3 GB/s).

import rowsText from "../../shaders/norm/spectral_rows.wgsl";
import columnsText from "../../shaders/norm/spectral_columns.wgsl";
import collectText from "../../shaders/norm/spectral_collect.wgsl";
import finishText from "../../shaders/norm/spectral_finish.wgsl";
import outerText from "../../shaders/norm/spectral_outer.wgsl";
import {
  ceilDiv,
  defineOp,
  pad4,
  read,
  readScalars,
  SpadeError,
  write,
  writeScalars,
  type Graph,
  type Tensor,
} from "../../src/runtime/index.ts";
import { strided } from "../parts/grid.ts";
import type { Slices } from "../parts/sums.ts";

export interface SpectralArgs {
  /** [taps, Cin padded to 4, Cout], from packConv */
  w: Tensor;
  cin: number;
  /** f32 [Cout], external; updated in place in training mode. */
  u: Tensor;
  /** f32 [taps, Cin], external, from packV; updated in place in training mode. */
  v: Tensor;
  train: boolean;
}

/** The published v, index (ci*kh+ky)*kw+kx, to [tap][Cin] (rows are padded at upload). */
export function packV(published: Float32Array, cin: number, kh: number, kw: number): Float32Array {
  const taps = kh * kw;
  const v = new Float32Array(published.length);
  for (let ci = 0; ci < cin; ci++) for (let t = 0; t < taps; t++) v[t * cin + ci] = published[ci * taps + t];
  return v;
}

/** Undoes packV. */
export function unpackV(v: Float32Array, cin: number, kh: number, kw: number): Float32Array {
  return packV(v, kh * kw, 1, cin);
}

/** The slices are of the rows. */
export interface SpectralPlan extends Slices {
  /** Rows of the packed w, padding included. */
  rows: number;
}

/** Rows of a slice of W v. Not tuned. */
const SLICE_ROWS = 64;

/** Shape rule. @throws SpadeError shape */
export function spectralPlan(
  w: readonly number[],
  cin: number,
  u: readonly number[],
  v: readonly number[],
): SpectralPlan {
  const [taps, cin4, cout] = w;
  if (cin4 !== pad4(cin) || u.length !== 1 || u[0] !== cout || v.length !== 2 || v[0] !== taps || v[1] !== cin) {
    throw new SpadeError(
      "shape",
      "spectral_sigma",
      `u [${u.join(",")}] and v [${v.join(",")}] do not fit w [${w.join(",")}] with ${cin} channels`,
      "pack w with packConv and v with packV",
    );
  }
  const rows = taps * cin4;
  const len = Math.min(rows, SLICE_ROWS);
  return { rows, len, slices: ceilDiv(rows, len) };
}

/** Threads that share a row product: with lavapipe's 8 lanes, a vector reads contiguous columns. Not tuned. */
const PARTS = 8;
/** Threads of the workgroup that adds the products; spectral_finish.wgsl is written for 64. */
const SHARES = 64;

export const spectralSigma = defineOp<SpectralArgs, Tensor>({
  name: "spectral_sigma",
  forward(g: Graph, { w, cin, u, v, train }) {
    const { rows, len, slices } = spectralPlan(w.shape, cin, u.shape, v.shape);
    const cout = w.shape[2];
    const c4 = w.pitch / 4;
    const sigma = g.temp("sigma", [1]);
    const flops = 2 * rows * cout;

    /** Adds the `parts` partial products of each element to `sums`, and writes 64 shares of their squared norm. */
    const collect = (products: Tensor, parts: number, n4: number): { sums: Tensor; shares: Tensor } => {
      const sums = g.temp("sums", [n4 * 4]);
      const shares = g.temp("shares", [SHARES]);
      g.dispatch({
        shader: { name: "spectral_collect", text: collectText },
        constants: { norm: true },
        sizes: { PARTS: parts, N4: n4 },
        bindings: { products: read(products), sums: write(sums), shares: writeScalars(shares) },
        groups: [1],
        flops: (parts + 2) * n4 * 4,
      });
      return { sums, shares };
    };
    /** unit = sums / their norm; also sigma, if asked for. */
    const normalise = (
      { sums, shares }: { sums: Tensor; shares: Tensor },
      unit: Tensor,
      n4: number,
      withSigma: boolean,
    ): void =>
      g.dispatch({
        shader: { name: "spectral_finish", text: finishText },
        constants: { norm: true, sigma: withSigma },
        sizes: { N4: n4 },
        bindings: {
          sums: read(sums),
          shares: read(shares),
          unit: write(unit),
          sigma: withSigma ? write(sigma) : undefined,
        },
        groups: [ceilDiv(n4, 64)],
        flops: n4 * 4,
      });

    if (train) {
      const products = g.temp("row_products", [PARTS, rows]);
      g.dispatch({
        shader: { name: "spectral_rows", text: rowsText },
        constants: { PARTS },
        sizes: { ROWS: rows, C4: c4 },
        bindings: { w: read(w), u: read(u), products: writeScalars(products) },
        groups: [ceilDiv(rows * PARTS, 64)],
        flops,
      });
      normalise(collect(products, PARTS, rows / 4), v, rows / 4, false);
    }
    const products = g.temp("column_products", [slices, c4 * 4]);
    g.dispatch({
      shader: { name: "spectral_columns", text: columnsText },
      sizes: { ROWS: rows, LEN: len, C4: c4 },
      bindings: { w: read(w), v: readScalars(v), products: write(products) },
      groups: [ceilDiv(slices * c4, 64)],
      flops,
    });
    if (train) {
      normalise(collect(products, slices, c4), u, c4, true);
      return sigma;
    }
    const shares = g.temp("shares", [SHARES]);
    g.dispatch({
      shader: { name: "spectral_collect", text: collectText },
      constants: { norm: false },
      sizes: { PARTS: slices, N4: c4 },
      bindings: { products: read(products), u: read(u), shares: writeScalars(shares) },
      groups: [1],
      flops: (slices + 2) * cout,
    });
    g.dispatch({
      shader: { name: "spectral_finish", text: finishText },
      constants: { norm: false, sigma: true },
      bindings: { shares: read(shares), sigma: write(sigma) },
      groups: [1],
      flops: SHARES,
    });
    return sigma;
  },
  backward(g, { w, u, v }, _, dsigma) {
    const dw = g.temp("dw", w.shape);
    const c4 = w.pitch / 4;
    const rows = w.shape[0] * w.shape[1];
    g.dispatch({
      shader: { name: "spectral_outer", text: outerText },
      sizes: { ROWS: rows, C4: c4 },
      bindings: { factor: read(dsigma), rows: readScalars(v), columns: read(u), dw: write(dw) },
      groups: strided(g.target, rows * c4),
      flops: 2 * rows * w.shape[2],
    });
    return { w: dw };
  },
});
