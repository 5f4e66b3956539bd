// kernels/conv/conv2d_subgroup.ts: conv2d's variant for every convolution that is neither 1x1 nor fit for Winograd, and its data gradient
//
// gemm_subgroup's scheme on rows that are never written down (implicit GEMM): lane = pixel, the taps are an outer loop that moves what the
// lanes read, weights go round by broadcast. No im2col (16 x the input's traffic for 4x4 stride 2), no copy of the weights.
// The data gradient is the same gather over the taps that fall on results: with a stride, every remainder of it is a dense conv of its own.
// Few output channels: as many columns as there are of them, so that a conv to 3 channels makes no 16.
// lavapipe, 2 cores, four pictures, ms of y (dx), direct before and this: 3x3 stride 2, 16 -> 32 at 128x128 44.8 (47.3), 12.8 (20.0);
// 4x4, 64 -> 128 at 14x18 165 (148), 37 (37); 4x4 stride 2, 16 -> 32 at 49x65 24.0 (8.5), 2.7 (3.1); 3x3, 16 -> 3 at 96x128 23.8 (15.5),
// 6.3 (5.9); 7x7 stride 2, 3 -> 96 at 96x128 309 (364), 63 (147). A machine at rest gives 20 GFLOP/s and more where there are 16 channels.

import text from "../../shaders/conv/conv2d_subgroup.wgsl";
import { layered } from "../parts/grid.ts";
import { ceilDiv, read, write, type Graph, type Tensor } from "../../src/runtime/index.ts";
import type { Activation } from "../parts/activation_wgsl.ts";
import { residualEpilogue } from "../parts/epilogue.ts";
import { declareSums, span } from "../parts/registers_wgsl.ts";
import { subgroupLanes } from "../parts/variants.ts";

export interface SubgroupConv {
  /** [N,H,W,C]: of the data gradient, dz */
  x: Tensor;
  /** [KH*KW, Cin padded, Cout] */
  w: Tensor;
  /** [N,OH,OW,CO]: of the data gradient, dx */
  y: Tensor;
  transposed: boolean;
  kh: number;
  kw: number;
  stride: number;
  pad: number;
  act?: Activation;
  bias?: Tensor;
  sigma?: Tensor;
  residual?: Tensor;
  /** 1: the residual is read as its x2 upsampling. */
  rup?: number;
  flops: number;
}

/** Pixels a lane. */
const PIXELS = 4;

function constants(transposed: boolean, lanes: number, quads: number): Record<string, string | number | boolean> {
  const rows = span(PIXELS);
  // Of a step's 4 channels times `quads` vec4, or (transposed, where the vec4 lie along the sum) 4 * quads channels.
  const weights = 4 * quads;
  const at = (i: string): string =>
    transposed
      ? `w[(tap * $CO4 * 4u + min(col * 4u + ${i}, $CO4 * 4u - 1u)) * $C4 + c]`
      : `w[((tap * $C4 + c) * 4u + ${i} / ${quads}u) * $CO4 + min(col + ${i} % ${quads}u, $CO4 - 1u)]`;
  const weight = (i: number): string => `subgroupBroadcast(b${Math.floor(i / lanes)}, ${i % lanes}u)`;
  const source = (axis: "y" | "x", i: number): string =>
    transposed ? `(s${axis}${i} - i32(k${axis})) / i32($STRIDE)` : `s${axis}${i} + i32(k${axis})`;
  const base = (axis: "y" | "x", i: number): string =>
    transposed ? `i32(g${axis}${i} * $STRIDE + f${axis} + $PAD)` : `i32(g${axis}${i} * $STRIDE) - i32($PAD)`;
  return {
    S: lanes,
    ROWS: lanes * PIXELS,
    QUADS: quads,
    transposed,
    address: rows
      .map(
        (i) => `  let r${i} = min(first + ${i * lanes}u, pixels - 1u);
  let gx${i} = r${i} % pw; let gy${i} = (r${i} / pw) % ph; let n${i} = r${i} / (pw * ph);
  let sy${i} = ${base("y", i)}; let sx${i} = ${base("x", i)};`,
      )
      .join("\n"),
    declare: declareSums(PIXELS, weights),
    taps: rows
      .map(
        (i) => `      let y${i} = ${source("y", i)}; let x${i} = ${source("x", i)};
      let in${i} = y${i} >= 0 && y${i} < i32($H) && x${i} >= 0 && x${i} < i32($W);
      let at${i} = ((n${i} * $H + u32(clamp(y${i}, 0, i32($H) - 1))) * $W + u32(clamp(x${i}, 0, i32($W) - 1))) * $C4;`,
      )
      .join("\n"),
    accumulate: [
      ...span(ceilDiv(weights, lanes)).map(
        (l) => `        let b${l} = vec4f(${at(`((lane + ${l * lanes}u) % ${weights}u)`)});`,
      ),
      ...rows.map((i) => `        let v${i} = select(vec4f(0.0), vec4f(x[at${i} + c]), in${i});`),
      ...span(quads).flatMap((q) =>
        transposed
          ? span(4).map((n) => {
              const w = 4 * q + n;
              const sums = rows.map(
                (i) => `s${i}_${w} += v${i}.x * w.x + v${i}.y * w.y + v${i}.z * w.z + v${i}.w * w.w;`,
              );
              return `        { let w = ${weight(w)}; ${sums.join(" ")} }`;
            })
          : [
              `        { ${span(4)
                .map((e) => `let w${e} = ${weight(e * quads + q)};`)
                .join(" ")} ${span(4)
                .flatMap((n) =>
                  rows.map(
                    (i) =>
                      `s${i}_${4 * q + n} += ${span(4)
                        .map((e) => `v${i}.${"xyzw"[e]} * w${e}.${"xyzw"[n]}`)
                        .join(" + ")};`,
                  ),
                )
                .join(" ")} }`,
            ],
      ),
    ].join("\n"),
    store: rows
      .map((i) => {
        const [oy, ox] = transposed ? [`gy${i} * $STRIDE + fy`, `gx${i} * $STRIDE + fx`] : [`gy${i}`, `gx${i}`];
        const quad = span(quads).map(
          (q) =>
            `if (col + ${q}u < $CO4) { y[o + ${q}u] = y_t(finish_at(vec4f(${span(4)
              .map((n) => `s${i}_${4 * q + n}`)
              .join(", ")}), n${i}, oy, ox, col + ${q}u)); }`,
        );
        return `  { let oy = ${oy}; let ox = ${ox};
    if (first + ${i * lanes}u < pixels && oy < $OH && ox < $OW) { let o = ((n${i} * $OH + oy) * $OW + ox) * $CO4 + col; ${quad.join(" ")} } }`;
      })
      .join("\n"),
  };
}

export function subgroupConv(g: Graph, p: SubgroupConv): Tensor {
  const { x, w, y, transposed, kh, kw, stride, pad } = p;
  // Only adapters that have them get here (variants.ts).
  const lanes = subgroupLanes(g.target)!;
  const [n, oh, ow] = y.shape;
  const co4 = y.pitch / 4;
  const quads = co4 === 1 ? 1 : co4 === 2 ? 2 : 4;
  const phases = transposed ? stride : 1;
  const grid = layered(ceilDiv(n * ceilDiv(oh, phases) * ceilDiv(ow, phases), lanes * PIXELS));
  const end = residualEpilogue(p);
  g.dispatch({
    shader: { name: "conv2d_subgroup", text: `${text}\n${end.text}` },
    constants: {
      ...constants(transposed, lanes, quads),
      ...end.constants,
    },
    sizes: {
      N: n,
      H: x.shape[1],
      W: x.shape[2],
      C4: x.pitch / 4,
      OH: oh,
      OW: ow,
      CO4: co4,
      KH: kh,
      KW: kw,
      STRIDE: stride,
      PAD: pad,
      RUP: p.rup ?? 0,
      ROW: grid.x,
    },
    bindings: { x: read(x), w: read(w), ...end.bindings, y: write(y) },
    groups: [grid.x, ceilDiv(co4, quads), phases * phases * grid.layers],
    flops: p.flops,
  });
  return y;
}
