// kernels/conv/weight_gradient.ts: the weight gradient of a convolution
//
//   dw[tap][ci][co] = sum over pixels p of x[p * stride + tap - pad][ci] * dz[p][co] / sigma
//
// A matrix product with few results and a long sum: slices of pixels write partial sums to scratch memory, and a second dispatch adds
// them in order. Slices are short enough for their x and dz to stay in a CPU's cache, and there are enough of them to fill a GPU.
// FLOPs: 2 * N*OH*OW * KH*KW*Cin*Cout (direct). traffic: dz once for each workgroup of rows, x KH * KW times for each 16 output channels
// (both mostly from a cache); dw twice for each slice.
//
// Variants. All have 4 rows (a vec4 of x) times 16 columns of dz in the registers of each lane, and add 4 steps of the sum in one
// expression, as gemm_subgroup does.
//   direct     any size. The rows are (tap, vec4 of Cin), so that narrow nets keep the lanes busy too
//   winograd   3x3, stride 1, the adjoint of F(2x2,3x3): dw = G^T [ sum over tiles of (B^T d B) x (A dY A^T) ] G, which is 16
//              products over tiles instead of 9 over pixels, 2.25 x fewer multiplications
//   _subgroup  columns by broadcast: 2 loads of dz a lane serve 4 steps
//   _portable  every lane loads the columns itself
// lavapipe, 2 cores, 3x3, 64 -> 64 at 64x64, ms for one picture (two): by subgroups winograd 9.3 (18.1), direct 14.3 (31); portable
// winograd 53, direct 60 (TF.js: 220). Narrow or strided, two pictures: 16 -> 16 at 64x64 direct 1.2, winograd 3.1 (half its lanes idle);
// 4x4 stride 2, 16 -> 32 direct 1.2.

import directText from "../../shaders/conv/weight_gradient_direct.wgsl";
import columnsText from "../../shaders/conv/weight_gradient_columns.wgsl";
import tilesText from "../../shaders/conv/weight_gradient_tiles.wgsl";
import transformText from "../../shaders/conv/weight_gradient_transform.wgsl";
import joinText from "../../shaders/conv/weight_gradient_join.wgsl";
import {
  BYTES,
  ceilDiv,
  product,
  read,
  write,
  type Binding,
  type Graph,
  type Target,
  type Tensor,
} from "../../src/runtime/index.ts";
import { declareSums, linesOf, span, sumQuad } from "../parts/registers_wgsl.ts";
import { strided } from "../parts/grid.ts";
import { sumSlices } from "../parts/sums.ts";
import { choose, subgroupLanes } from "../parts/variants.ts";
import { winogradInput, winogradSlice } from "./winograd.ts";

export interface WeightGradientArgs {
  /** [N,H,W,Cin] */
  x: Tensor;
  /** [N,OH,OW,Cout] f32 */
  dz: Tensor;
  /** Shape of the packed weights, [KH*KW, Cin padded to 4, Cout] */
  shape: readonly number[];
  kh: number;
  kw: number;
  stride: number;
  pad: number;
  /** [1]: what the conv divided by. */
  sigma?: Tensor;
  /** Most bytes of partial sums; SCRATCH_BYTES by default. */
  scratch?: number;
}

/** Steps of the sum that are added at once, and columns of a lane. The shaders are written for these. */
const STEPS = 4;
const COLUMNS = 16;

/** Threads of a workgroup of the portable variants. Not tuned. */
const PORTABLE = 32;

/** Most vec4 columns of a lane. Narrow results (a picture's 3 channels, D's one) have fewer, so that lanes do not add up what nobody reads. */
const quadsOf = (co4: number): number => (co4 === 1 ? 1 : co4 === 2 ? 2 : COLUMNS / 4);

/** Text constants of weight_gradient_columns.wgsl. `add`: parts holds the sums of earlier steps. */
function outerProducts(lanes: number | undefined, n: number, add: boolean): Record<string, string | number | boolean> {
  const quads = span(n);
  const loads = lanes ? span(ceilDiv(STEPS * n, lanes)) : [];
  /** The lane's l-th of what four steps need: n vec4 of columns each. */
  const load = (l: number): string => {
    const i = `((lane + ${l * lanes!}u) % ${STEPS * n}u)`;
    return `  let f${l} = column_of(${i} / ${n}u, last, col + ${i} % ${n}u);`;
  };
  const weight = (t: number, q: number): string => {
    if (!lanes) return `column(line, k, column_of(${t}u, last, col + ${q}u))`;
    const at = n * t + q;
    return `subgroupBroadcast(b${Math.floor(at / lanes)}, ${at % lanes}u)`;
  };
  const products = (q: number): string[] => [
    "      {",
    ...span(STEPS).map((t) => `        let w${t} = ${weight(t, q)};`),
    "        let w = transpose(mat4x4f(w0, w1, w2, w3));",
    ...span(4).map(
      (c) =>
        `        ${span(4)
          .map((e) => `s${e}_${4 * q + c} += product(a[${e}], w[${c}]);`)
          .join(" ")}`,
    ),
    "      }",
  ];
  return {
    subgroups: !!lanes,
    add,
    S: lanes ?? PORTABLE,
    QUADS: n,
    lane: lanes ? "subgroup_invocation_id" : "local_invocation_index",
    declare: [declareSums(4, 4 * n), ...loads.map(load)].join("\n"),
    accumulate: [...loads.map((l) => `      let b${l} = column(line, k, f${l});`), ...quads.flatMap(products)].join(
      "\n",
    ),
    store: linesOf(
      quads.flatMap((q) => span(4).map((e) => `put(out + ${e}u * $N4 + ${q}u, col + ${q}u, ${sumQuad(e, q)});`)),
      2,
    ),
  };
}

/** Most bytes of partial sums. Chosen, not tuned. */
const SCRATCH_BYTES = 64 * 2 ** 20;
/** Pixels of a slice on software adapters: with their channels they stay in a CPU core's cache. Tuned on lavapipe. */
const SOFTWARE_PIXELS = 512;
/** Workgroups that fill a GPU, and the fewest pixels for which a slice pays. Chosen, not tuned. */
const HARDWARE_GROUPS = 2048;
const HARDWARE_PIXELS = 64;

/** How many slices of `bytes` each fit the scratch memory. */
const mostSlices = ({ limits }: Target, bytes: number, scratch = SCRATCH_BYTES): number =>
  Math.max(1, Math.floor(Math.min(scratch, limits.maxStorageBufferBindingSize) / bytes));

/** How many slices to cut the sum over `pixels` into (at most `most`), given that one slice already launches `groups` workgroups. */
function gradientSlices(target: Target, pixels: number, groups: number, most: number): number {
  const wanted = target.software
    ? ceilDiv(pixels, SOFTWARE_PIXELS)
    : Math.min(ceilDiv(HARDWARE_GROUPS, groups), ceilDiv(pixels, HARDWARE_PIXELS));
  return Math.max(1, Math.min(most, wanted));
}

function direct(g: Graph, a: WeightGradientArgs, lanes: number | undefined): Tensor {
  const { x, dz, shape, kh, kw, stride, pad, sigma } = a;
  const [n, oh, ow] = dz.shape;
  const c4 = x.pitch / 4;
  const co4 = dz.pitch / 4;
  const rows = kh * kw * c4;
  const quads = quadsOf(co4);
  const grid = [ceilDiv(rows, lanes ?? PORTABLE), ceilDiv(co4, quads)];
  const len = ceilDiv(
    n * oh,
    Math.min(
      n * oh,
      gradientSlices(g.target, n * oh * ow, grid[0] * grid[1], mostSlices(g.target, rows * co4 * 64, a.scratch)),
    ),
  );
  const slices = ceilDiv(n * oh, len);
  const parts = g.temp("parts", [slices, rows * 4, dz.pitch]);
  g.dispatch({
    shader: { name: "weight_gradient_direct", text: `${directText}\n${columnsText}` },
    constants: outerProducts(lanes, quads, false),
    sizes: {
      N: n,
      H: x.shape[1],
      W: x.shape[2],
      C4: c4,
      OH: oh,
      OW: ow,
      N4: co4,
      KW: kw,
      STRIDE: stride,
      PAD: pad,
      ROWS: rows,
      LEN: len,
    },
    bindings: { x: read(x), b: read(dz), parts: write(parts) },
    groups: [grid[0], grid[1], slices],
    flops: 2 * product(dz.shape) * kh * kw * x.shape[3],
    bytes: x.bytes + dz.bytes + parts.bytes,
  });
  return sumSlices(g, parts, slices, g.temp("dw", shape), sigma);
}

function winograd(g: Graph, a: WeightGradientArgs, lanes: number | undefined): Tensor {
  const { x, dz, shape, pad, sigma } = a;
  const [n, oh, ow] = dz.shape;
  const c4 = x.pitch / 4;
  const co4 = dz.pitch / 4;
  const [th, tw] = [ceilDiv(oh, 2), ceilDiv(ow, 2)];
  const tiles = n * th * tw;
  const step = winogradSlice(g.target, tiles, x.pitch, dz.pitch, BYTES.f32);
  const quads = quadsOf(co4);
  const grid = [ceilDiv(c4, lanes ?? PORTABLE), ceilDiv(co4, quads)];
  const bytes = 16 * x.pitch * dz.pitch * 4;
  const chunks = ceilDiv(tiles, step);
  // A chunk of tiles (what winogradInput transforms at once) is one slice; on a GPU, where chunks are long, several. When the scratch
  // memory is full, further chunks add to the slices that exist.
  const most = mostSlices(g.target, bytes, a.scratch);
  const splits = g.target.software
    ? 1
    : Math.max(1, Math.floor(gradientSlices(g.target, tiles, 16 * grid[0] * grid[1], most) / chunks));
  const len = ceilDiv(ceilDiv(step, splits), STEPS) * STEPS;
  const slicesOf = (count: number): number => ceilDiv(count, len);
  const slices = Math.min(
    most,
    span(chunks).reduce((sum, i) => sum + slicesOf(Math.min(step, tiles - i * step)), 0),
  );
  const parts = g.temp("parts", [slices, 16, x.pitch, dz.pitch]);
  for (let t0 = 0, slice0 = 0; t0 < tiles; t0 += step) {
    const count = Math.min(step, tiles - t0);
    const place = { TILES: count, T0: t0, TH: th, TW: tw };
    const v = winogradInput(g, x, { ...place, END: tiles, PAD: pad }, false);
    const m = g.temp("m", [16, count, dz.pitch]);
    g.dispatch({
      shader: { name: "weight_gradient_transform", text: transformText },
      sizes: { OH: oh, OW: ow, CO4: co4, ...place },
      bindings: { dz: read(dz), m: write(m) },
      groups: [ceilDiv(count * co4, 64)],
      flops: count * co4 * 4 * 12,
      bytes: 5 * 4 * count * dz.pitch * 4,
    });
    g.dispatch({
      shader: { name: "weight_gradient_tiles", text: `${tilesText}\n${columnsText}` },
      constants: outerProducts(lanes, quads, slice0 >= slices),
      sizes: { M4: c4, N4: co4, K: count, Z: 16, LEN: len, SLICE0: slice0 % slices },
      bindings: { a: read(v), b: read(m), parts: write(parts) },
      groups: [grid[0], grid[1], 16 * slicesOf(count)],
      flops: 2 * 16 * count * x.pitch * dz.pitch,
      bytes: v.bytes + m.bytes + slicesOf(count) * bytes,
    });
    slice0 += slicesOf(count);
  }
  const dw = g.temp("dw", shape);
  const n4 = (x.pitch * dz.pitch) / 4;
  g.dispatch({
    shader: { name: "weight_gradient_join", text: joinText },
    constants: { sigma: !!sigma },
    sizes: { N4: n4, SLICES: slices },
    constantSizes: ["SLICES"],
    bindings: { parts: read(parts), sigma: sigma && read(sigma), dw: write(dw) } as Record<string, Binding>,
    groups: strided(g.target, n4),
    flops: n4 * 4 * (16 * slices + 40),
  });
  return dw;
}

/** Gradient of the packed weights, f32. */
export function weightGradient(g: Graph, a: WeightGradientArgs): Tensor {
  const { kh, kw, stride, x, dz } = a;
  const [, oh, ow] = dz.shape;
  const variant = choose("weight_gradient", g.target, { kh, kw, stride, cin: x.pitch, cout: dz.pitch, oh, ow });
  const lanes = variant.endsWith("subgroup") ? subgroupLanes(g.target) : undefined;
  return variant.startsWith("winograd") ? winograd(g, a, lanes) : direct(g, a, lanes);
}
