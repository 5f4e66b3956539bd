// kernels/conv/winograd.ts: the Winograd variant of 3x3, stride 1 convolution, F(2x2,3x3) (Lavin and Gray, arXiv 1509.09308, section 4.1)
//
//   U = G g G^T     V = B^T d B     M[i] = V[i] U[i] for 16 i     Y = A^T M A          (docs/kernels.md derives it)
//
// A tile is 2x2 results, from a 4x4 patch d of x. It takes 2.25 x fewer products than the direct sum and has 1.6 x its rounding error
// (6.5e-7 of the rms at 512 channels, f32).
// Backward: conv2d.ts. dx is this conv of dz with turned weights; dw: weight_gradient.ts, which has the adjoint of these transforms.
// traffic: V and M pass through memory (4 x input + 4 x output, written and read). Tiles are therefore computed in slices: on a CPU V and
// M of a slice stay in its last-level cache, on a GPU slices bound the scratch memory.
// U is a copy of the weights, 16/9 of their size, made once for inference, once a step in training.
// Against direct and subgroup on lavapipe: kernels/parts/variants.ts.

import input from "../../shaders/conv/winograd_input.wgsl";
import output from "../../shaders/conv/winograd_output.wgsl";
import store from "../../shaders/conv/winograd_store.wgsl";
import weights from "../../shaders/conv/winograd_weights.wgsl";
import {
  BYTES,
  ceilDiv,
  defineOp,
  notDifferentiable,
  read,
  readScalars,
  write,
  type Graph,
  type Target,
  type Tensor,
} from "../../src/runtime/index.ts";
import { residualEpilogue } from "../parts/epilogue.ts";
import { extentGroups, extentParts, type Extent } from "../parts/extent.ts";
import type { ConvArgs } from "./conv_args.ts";
import { BLOCK, blockedShape, blocksOf, gemm, ROWS } from "../parts/gemm.ts";

/** Sizes by which pixels are found from tiles: with constants that takes half as many instructions. */
const PLACES = ["C4", "CO4", "TH", "TW", "OH", "OW", "RUP"];

/** U, the Winograd copy of packed 3x3 weights [9, Cin, Cout], in blocks of columns: [16, Cout/16, Cin/4, 16*4]. */
export const winogradWeights = defineOp<{ w: Tensor }, Tensor>({
  name: "winograd_weights",
  forward(g: Graph, { w }) {
    const [, cin] = w.shape;
    const u = g.temp("winograd", blockedShape(16, cin, w.pitch), w.dtype);
    const padded = blocksOf(w.pitch) * BLOCK;
    g.dispatch({
      shader: { name: "winograd_weights", text: weights },
      sizes: { CIN: cin, CO: w.pitch, COPAD: padded },
      constantSizes: ["CIN", "CO", "COPAD"],
      bindings: { w: readScalars(w), u: write(u) },
      groups: [ceilDiv(padded, 64), cin / 4],
      flops: cin * padded * 28,
    });
    return u;
  },
  // Only conv2d reads the copy, and it gives the gradient to w itself.
  backward: notDifferentiable,
});

/** Tiles of a slice on software adapters. Tuned on lavapipe: 128 to 2048 are within 10 %. */
const SOFTWARE_TILES = 512;
/** Most bytes of V or M of a slice on hardware. Chosen, not tuned. */
const SCRATCH_BYTES = 64 * 2 ** 20;

/** Tiles of a slice: a multiple of 32 (the rows of a workgroup of gemm), about the same number in each. `bytes`: of an element. */
export function winogradSlice(target: Target, tiles: number, cin: number, cout: number, bytes: number): number {
  const most = target.software
    ? SOFTWARE_TILES
    : Math.max(64, Math.floor(SCRATCH_BYTES / (16 * Math.max(cin, cout) * bytes) / 32) * 32);
  const slices = ceilDiv(tiles, most);
  return ceilDiv(ceilDiv(tiles, slices), 32) * 32;
}

/**
 * V of the tiles T0 to T0 + TILES - 1 of END in all. An image has TH x TW tiles; the first patch starts PAD rows and columns before x.
 * @param blocked [16, tiles padded to 8, C] in blocks of 8 tiles, as gemm reads rows; else [16, tiles, C]
 * @param extent then T0 is a place in its list
 */
export function winogradInput(
  g: Graph,
  x: Tensor,
  place: { TILES: number; T0: number; TH: number; TW: number; END: number; PAD: number },
  blocked: boolean,
  extent?: Extent,
): Tensor {
  const c4 = x.pitch / 4;
  const rows = blocked ? ceilDiv(place.TILES, ROWS) * ROWS : place.TILES;
  const v = g.temp("v", [16, rows, x.pitch], x.dtype);
  const parts = extentParts(extent);
  g.dispatch({
    shader: { name: "winograd_input", text: `${input}\n${parts.text}` },
    constants: { blocked, ...parts.constants },
    sizes: { H: x.shape[1], W: x.shape[2], C4: c4, ...place },
    constantSizes: PLACES,
    bindings: { x: read(x), ...parts.bindings, v: write(v) },
    groups: [extentGroups(extent, ceilDiv(rows * c4, 64), { per: 64 / c4, from: place.T0, most: rows })],
    flops: place.TILES * c4 * 4 * 32,
    bytes: 5 * 4 * place.TILES * x.pitch * BYTES[x.dtype],
  });
  return v;
}

export function winogradConv(
  g: Graph,
  a: ConvArgs & { winograd: Tensor },
  out: readonly number[],
  rup: number,
): Tensor {
  const { x, winograd, pad = 0, extent } = a;
  const [n, h, w] = out;
  const y = g.temp("y", out, x.dtype);
  const c4 = x.pitch / 4;
  const co4 = y.pitch / 4;
  const [th, tw] = [ceilDiv(h, 2), ceilDiv(w, 2)];
  const tiles = n * th * tw;
  const step = winogradSlice(g.target, tiles, x.pitch, y.pitch, BYTES[x.dtype]);
  const end = residualEpilogue(a);
  const moments = a.moments?.(g, tiles, y);
  const parts = extentParts(extent);

  for (let t0 = 0; t0 < tiles; t0 += step) {
    const count = Math.min(step, tiles - t0);
    const rows = ceilDiv(count, ROWS) * ROWS;
    const m = g.temp("m", [16, count, co4 * 4], x.dtype);
    const place = { TILES: count, T0: t0, TH: th, TW: tw, END: tiles };
    const v = winogradInput(g, x, { ...place, PAD: pad }, true, extent);
    gemm(g, {
      a: v,
      aBlocked: true,
      b: winograd,
      c: m,
      batch: 16,
      m: count,
      k4: c4,
      n4: co4,
      aBatch: rows * c4,
      bBlocks: winograd.shape[1],
      rowGroups: extent && ((per) => ({ count: extent.count, per, from: t0, most: count })),
    });
    g.dispatch({
      shader: { name: "winograd_output", text: `${output}\n${moments?.text ?? store}\n${end.text}\n${parts.text}` },
      constants: { ...end.constants, ...parts.constants },
      sizes: { OH: out[1], OW: out[2], CO4: co4, RUP: rup, ...place, ...moments?.sizes(t0) },
      constantSizes: PLACES,
      bindings: { m: read(m), ...end.bindings, ...parts.bindings, y: write(y), ...moments?.bindings },
      groups: [
        extentGroups(extent, ceilDiv(ceilDiv(count, moments?.run ?? 1) * co4, 64), {
          per: 64 / co4,
          from: t0,
          most: count,
        }),
      ],
      flops: count * co4 * 4 * 24,
      bytes: 5 * 4 * count * y.pitch * BYTES[x.dtype],
    });
  }
  return y;
}
