// kernels/conv/weight_gradient.ts: the weight gradient of a conv, split over pixels
//
//   dw[tap][ci][co] = sum over pixels p of x[p * stride + tap - pad][ci] * dz[p][co] / sigma
//
// A product with few results and a long sum: slices of pixels make partial sums in scratch memory, a second dispatch adds them in order.
// A slice is short enough for its x and dz to stay in a CPU's cache, and there are enough of them to fill a GPU.
//   direct     any size. All taps of x against one dz: (tap, vec4 of Cin) are the rows, so narrow nets fill the lanes too
//   winograd   3x3, stride 1: the adjoint of F(2x2,3x3). dw = G^T [ sum over tiles of (B^T d B) x (A dY A^T) ] G, 16 products
//              over tiles instead of 9 over pixels, which is 2.25 x fewer multiplications
// Both with lane = vec4 of rows, 16 columns in registers (64 accumulators), 4 steps of the sum in one expression, as in gemm_subgroup:
//   subgroup   columns by broadcast: 2 vec4 loads of dz a lane serve 4 steps
//   portable   every lane loads the columns itself
// FLOPs: 2 * N*OH*OW * KH*KW*Cin*Cout (direct). lavapipe, 2 cores, 3x3, 64 -> 64 at 64x64, ms for
// one picture (two): winograd 9.3 (18.1), direct 14.3 (31); portable 53 and 60. A tuned sketch of the direct sum took 21, TF.js 220 (one picture).
// Narrow or strided: 16 -> 16 at 64x64, two pictures: direct 1.2, winograd 3.1 (half its lanes idle); 4x4 stride 2, 16 -> 32: 1.2.

import directText from "../../shaders/conv/weight_gradient_direct.wgsl";
import gemmText from "../../shaders/conv/weight_gradient_tiles.wgsl";
import gradText from "../../shaders/conv/weight_gradient_transform.wgsl";
import dwText from "../../shaders/conv/weight_gradient_join.wgsl";
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
import { declareSums, span } from "../parts/registers_wgsl.ts";
import { strided, sumSlices } from "../parts/sums.ts";
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
  /** [1]; the conv divided by it */
  sigma?: Tensor;
  /** Most bytes of partial sums; 64 MiB by default. */
  scratch?: number;
}

const STEPS = 4;
const COLUMNS = 16;

/** Threads a workgroup of the portable variant. */
const PORTABLE = 32;

/**
 * The text both kernels share: 4 x 16 sums, four steps' columns and products, stores.
 * @param n4 WGSL of the vec4 columns there are
 * @param add to what parts holds already
 * @param column WGSL of column vec4 `q` at step `t`
 */
function outerProducts(
  lanes: number | undefined,
  n4: string,
  add: boolean,
  column: (t: string, q: string) => string,
): Record<string, string | number | boolean> {
  const loads = ceilDiv(STEPS * 4, lanes ?? 1);
  const shared = lanes
    ? [
        `      let i = lane & 15u;`,
        ...span(loads).map(
          (l) =>
            `      let b${l} = vec4f(${column(`((i + ${(l * lanes) % 16}u) >> 2u)`, `((i + ${(l * lanes) % 16}u) & 3u)`)});`,
        ),
      ]
    : [];
  const weight = (t: number, q: number): string => {
    const at = 4 * t + q;
    return lanes
      ? `subgroupBroadcast(b${Math.floor(at / lanes)}, ${at % lanes}u)`
      : `vec4f(${column(`${t}u`, `${q}u`)})`;
  };
  return {
    subgroups: !!lanes,
    S: lanes ?? PORTABLE,
    lane: lanes ? "subgroup_invocation_id" : "local_invocation_index",
    declare: declareSums(4, COLUMNS),
    accumulate: [
      ...shared,
      ...span(4).map((q) => {
        const weights = span(STEPS)
          .map((t) => `let w${t} = ${weight(t, q)};`)
          .join(" ");
        const sums = span(4).flatMap((n) =>
          span(4).map(
            (e) =>
              `s${e}_${4 * q + n} += ${span(STEPS)
                .map((t) => `a${t}.${"xyzw"[e]} * w${t}.${"xyzw"[n]}`)
                .join(" + ")};`,
          ),
        );
        return `      { ${weights} ${sums.join(" ")} }`;
      }),
    ].join("\n"),
    store: span(4)
      .map((q) => {
        const rows = span(4).map(
          (e) =>
            `parts[out + ${e}u * ${n4} + ${q}u] ${add ? "+=" : "="} vec4f(${span(4)
              .map((n) => `s${e}_${4 * q + n}`)
              .join(", ")});`,
        );
        return `  if (col + ${q}u < ${n4}) { ${rows.join(" ")} }`;
      })
      .join("\n"),
  };
}

const SCRATCH_BYTES = 64 * 2 ** 20;
/** Pixels of a slice that stay in a CPU core's cache with their channels. */
const SOFTWARE_PIXELS = 512;
/** Workgroups that fill a GPU, and the least pixels for which one pays. */
const HARDWARE_GROUPS = 2048;
const HARDWARE_PIXELS = 64;

/** Slices of `bytes` that fit the scratch memory. */
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
  const grid = [ceilDiv(rows, lanes ?? PORTABLE), ceilDiv(co4, COLUMNS / 4)];
  const len = ceilDiv(
    n * oh,
    Math.min(
      n * oh,
      gradientSlices(g.target, n * oh * ow, grid[0] * grid[1], mostSlices(g.target, rows * co4 * 64, a.scratch)),
    ),
  );
  const slices = ceilDiv(n * oh, len);
  const parts = g.temp("parts", [slices, rows * 4, dz.pitch]);
  const text = outerProducts(
    lanes,
    "$CO4",
    false,
    (t, q) => `b[(start + min(ox + ${t}, $OW - 1u)) * $CO4 + min(col + ${q}, $CO4 - 1u)]`,
  );
  g.dispatch({
    shader: { name: "weight_gradient_direct", text: directText },
    constants: {
      ...text,
      pixels: span(STEPS)
        .map(
          (t) =>
            `      let x${t} = i32((ox + ${t}u) * $STRIDE) + left;\n      let a${t} = select(vec4f(0.0), vec4f(x[(line + u32(clamp(x${t}, 0, i32($W) - 1))) * $C4 + c]), inside && x${t} >= 0 && x${t} < i32($W) && ox + ${t}u < $OW);`,
        )
        .join("\n"),
    },
    sizes: {
      N: n,
      H: x.shape[1],
      W: x.shape[2],
      C4: c4,
      OH: oh,
      OW: ow,
      CO4: co4,
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
  const grid = [ceilDiv(c4, lanes ?? PORTABLE), ceilDiv(co4, COLUMNS / 4)];
  const bytes = 16 * x.pitch * dz.pitch * 4;
  const chunks = ceilDiv(tiles, step);
  // A chunk of tiles is a slice; on a GPU, where chunks are long, several. Where the memory ends, chunks add to the slices already there.
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
    const v = winogradInput(g, x, { ...place, PAD: pad }, false);
    const m = g.temp("m", [16, count, dz.pitch]);
    g.dispatch({
      shader: { name: "weight_gradient_transform", text: gradText },
      sizes: { OH: oh, OW: ow, CO4: co4, ...place },
      bindings: { dz: read(dz), m: write(m) },
      groups: [ceilDiv(count * co4, 64)],
      flops: count * co4 * 4 * 12,
      bytes: 5 * 4 * count * dz.pitch * 4,
    });
    g.dispatch({
      shader: { name: "weight_gradient_tiles", text: gemmText },
      constants: {
        ...outerProducts(
          lanes,
          "$N4",
          slice0 >= slices,
          (t, q) => `b[(z * $K + min(k + ${t}, end - 1u)) * $N4 + min(col + ${q}, $N4 - 1u)]`,
        ),
        rows: span(STEPS)
          .map(
            (t) =>
              `      let a${t} = select(vec4f(0.0), vec4f(a[(z * $K + min(k + ${t}u, end - 1u)) * $M4 + row]), k + ${t}u < end);`,
          )
          .join("\n"),
      },
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
    shader: { name: "weight_gradient_join", text: dwText },
    constants: { sigma: !!sigma },
    sizes: { N4: n4, SLICES: slices },
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
