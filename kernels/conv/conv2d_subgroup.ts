// kernels/conv/conv2d_subgroup.ts: conv2d by subgroups, for convolutions that are neither 1x1 nor fit for Winograd, and its data gradient
//
// The scheme of gemm_subgroup on rows that are never written to memory (implicit GEMM): each lane has its pixels, the taps are an outer
// loop that moves what the lanes read, and weights come by broadcast. No im2col (for 4x4 stride 2 that would be 16 x the input's
// traffic), and no copy of the weights. The data gradient is the same sum over the taps that fall on results; with a stride, the pixels
// of each remainder by the stride are a dense convolution of their own. With few output channels a subgroup computes only as many as
// there are (QUADS).
// FLOPs, maths: conv2d.ts. traffic: x KH * KW times (mostly from a cache), w once for each subgroup of pixels, y once.
//
// Gained on lavapipe, 2 cores, four pictures: ms of y (dx), the direct variant, then this one
//   3x3 stride 2, 16 -> 32 at 128x128     44.8 (47.3)    12.8 (20.0)
//   4x4, 64 -> 128 at 14x18               165 (148)      37 (37)
//   4x4 stride 2, 16 -> 32 at 49x65       24.0 (8.5)     2.7 (3.1)
//   3x3, 16 -> 3 at 96x128                23.8 (15.5)    6.3 (5.9)
//   7x7 stride 2, 3 -> 96 at 96x128       309 (364)      63 (147)
// On an idle machine it reaches 20 GFLOP/s and more from 16 channels on.

import { convSizes } from "./conv_args.ts";
import text from "../../shaders/conv/conv2d_subgroup.wgsl";
import { layered } from "../parts/grid.ts";
import { ceilDiv, read, write, type Graph, type Tensor } from "../../src/runtime/index.ts";
import type { Activation } from "../parts/activation_wgsl.ts";
import { residualEpilogue } from "../parts/epilogue.ts";
import { extentGroups, extentParts, type Extent } from "../parts/extent.ts";
import { declareSums, linesOf, span, sumQuad } from "../parts/registers_wgsl.ts";
import { subgroupLanes } from "../parts/variants.ts";

export interface SubgroupConv {
  /** [N,H,W,C]; for the data gradient, dz */
  x: Tensor;
  /** [KH*KW, Cin padded, Cout] */
  w: Tensor;
  /** [N,OH,OW,CO]; for the data gradient, dx */
  y: Tensor;
  /** Compute the data gradient. */
  transposed: boolean;
  kh: number;
  kw: number;
  stride: number;
  pad: number;
  act?: Activation;
  bias?: Tensor;
  sigma?: Tensor;
  residual?: Tensor;
  /** Of the result, with stride 1. */
  extent?: Extent;
  /** 1: the residual is read through its x2 upsampling; 0 by default. */
  rup?: number;
  flops: number;
}

/**
 * Pixels of a lane: four (tuned on lavapipe, as rowsPerLane in gemm.ts), or two where that covers all. Half the lanes of a 4x3 picture have
 * nothing to do even so; with four, SPADE's first layers took 1.9 x as long.
 */
const pixelsPerLane = (pixels: number, lanes: number): number => (pixels <= 2 * lanes ? 2 : 4);

/** Text constants of conv2d_subgroup.wgsl. */
function constants(
  transposed: boolean,
  lanes: number,
  perLane: number,
  quads: number,
): Record<string, string | number | boolean> {
  const rows = span(perLane);
  // vec4s of weights of a step, and sums of a pixel.
  const count = 4 * quads;
  const broadcast = (i: number): string => `subgroupBroadcast(b${Math.floor(i / lanes)}, ${i % lanes}u)`;
  /** Products of all pixels with the result channels 4 * quad to 4 * quad + 3. */
  const products = (quad: number): string[] => {
    const sums = (n: number, w: string): string =>
      rows.map((i) => `s${i}_${4 * quad + n} += product(v${i}, ${w});`).join(" ");
    // Transposed, a vec4 of weights lies along the sum; otherwise four of them are transposed.
    if (transposed) return span(4).map((n) => `        { let w = ${broadcast(4 * quad + n)}; ${sums(n, "w")} }`);
    return [
      "        {",
      ...span(4).map((e) => `          let w${e} = ${broadcast(e * quads + quad)};`),
      "          let m = transpose(mat4x4f(w0, w1, w2, w3));",
      ...span(4).map((n) => `          ${sums(n, `m[${n}]`)}`),
      "        }",
    ];
  };
  const loads = span(ceilDiv(count, lanes));
  return {
    S: lanes,
    ROWS: lanes * perLane,
    QUADS: quads,
    transposed,
    address: rows
      .flatMap((i) => [
        `  let r${i} = pixel(first + ${i * lanes}u, pixels, ph, pw, phase);`,
        `  let o${i} = origin(r${i});`,
      ])
      .join("\n"),
    declare: declareSums(perLane, count),
    places: loads.map((l) => `  let a${l} = place((lane + ${l * lanes}u) % ${count}u, col);`).join("\n"),
    lines: rows.map((i) => `    let p${i} = line(r${i}.n, o${i}, ${transposed ? "t" : "ky"});`).join("\n"),
    accumulate: [
      ...loads.map((l) => `        let b${l} = vec4f(w[a${l} + at]);`),
      ...rows.map((i) => `        let v${i} = input(p${i}, k);`),
      ...span(quads).flatMap(products),
    ].join("\n"),
    store: linesOf(
      rows.flatMap((i) =>
        span(quads).map((q) => `put(first + ${i * lanes}u < pixels, r${i}, col + ${q}u, ${sumQuad(i, q)});`),
      ),
      1,
    ),
  };
}

export function subgroupConv(g: Graph, p: SubgroupConv): Tensor {
  const { x, w, y, transposed, stride } = p;
  // The variant fits only adapters with subgroups (variants.ts).
  const lanes = subgroupLanes(g.target)!;
  const [n, oh, ow] = y.shape;
  const co4 = y.pitch / 4;
  const quads = co4 === 1 ? 1 : co4 === 2 ? 2 : 4;
  const phases = transposed ? stride : 1;
  const pixels = n * ceilDiv(oh, phases) * ceilDiv(ow, phases);
  const perLane = pixelsPerLane(pixels, lanes);
  const grid = layered(ceilDiv(pixels, lanes * perLane));
  const end = residualEpilogue(p);
  const parts = extentParts(p.extent);
  // Four pixels a tile.
  const tiles = (lanes * perLane * grid.layers) / 4;
  g.dispatch({
    shader: { name: "conv2d_subgroup", text: `${text}\n${end.text}\n${parts.text}` },
    constants: {
      ...constants(transposed, lanes, perLane, quads),
      ...end.constants,
      ...parts.constants,
    },
    sizes: { ...convSizes(x, y, p), RUP: p.rup ?? 0 },
    bindings: { x: read(x), w: read(w), ...end.bindings, ...parts.bindings, y: write(y) },
    groups: [ceilDiv(co4, quads), extentGroups(p.extent, grid.x, { per: tiles }), phases * phases * grid.layers],
    flops: p.flops,
  });
  return y;
}
