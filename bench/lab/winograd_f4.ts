// Lesson: fewer products can cost digits.
//
//   U = G g G^T     V = B^T d B     M[i] = V[i] U[i] for 36 i     Y = A^T M A      F(4x4,3x3), Lavin and Gray, arXiv 1509.09308, section 4.1
//
// The next size of Winograd's convolution: 36 products make 16 pixels, 4 x fewer than the direct sum, where F(2x2,3x3) of the production
// kernel (kernels/conv/winograd.ts) makes 4 pixels of 16 products, 2.25 x fewer. Between memory and the transforms go 2.25 x the input and the
// result instead of 4 x.
// Expected: 16/9 of the speed of F(2x2) where the products dominate; an error ten times as large, since the points 0, 1, -1, 2, -2 put factors
// from 1/24 to 8 into the matrices, which cancel in the end.
// Measured (lavapipe 25.0.7, 2 cores, busy): 0.57 to 0.70 x the time in runs of 31 rounds, so it is the faster one (up to 1.2 in
// runs of 3 and 9 rounds beside other programs). Rounding error in f32 6 x: 1.1e-6 of the rms at
// 64 channels and 2.0e-6 at 512. With U, V and M stored in f16 (modelled on the host, 512 channels): 3.6e-3 of the rms where F(2x2) has 6.4e-4, and
// V up to 30 x the largest input (2 x in F(2x2)), which brings f16's limit of 65504 nearer.
// Why it is not used: this engine stores activations in f16 on every GPU that can, and there each layer would add an error of 0.4 %, more than
// five times that of F(2x2). In f32 the error of a layer is far below the tolerance of pictures (1e-4), so that it may pay for painting in f32:
// whole nets were not compared, nor training.

import { packBlocks, blockedShape, gemm } from "../../kernels/parts/gemm.ts";
import { span } from "../../kernels/parts/registers_wgsl.ts";
import { normalValues } from "../../src/models/philox.ts";
import { ceilDiv, read, write, type Graph, type Tensor } from "../../src/runtime/index.ts";
import { convKey, openConv } from "../lib/conv.ts";
import { convName, type ConvShape } from "../peers/convs.ts";
import { entryOf, recorded, type Lesson } from "./contest.ts";
import inputText from "./winograd_f4_input.wgsl";
import outputText from "./winograd_f4_output.wgsl";

const BT = [
  [4, 0, -5, 0, 1, 0],
  [0, -4, -4, 1, 1, 0],
  [0, 4, -4, -1, 1, 0],
  [0, -2, -1, 2, 1, 0],
  [0, 2, -1, -2, 1, 0],
  [0, 4, 0, -5, 0, 1],
];
const G = [
  [1 / 4, 0, 0],
  [-1 / 6, -1 / 6, -1 / 6],
  [-1 / 6, 1 / 6, -1 / 6],
  [1 / 24, 1 / 12, 1 / 6],
  [1 / 24, -1 / 12, 1 / 6],
  [0, 0, 1],
];
const AT = [
  [1, 1, 1, 1, 1, 0],
  [0, 1, -1, 2, -2, 0],
  [0, 1, 1, 4, 4, 0],
  [0, 1, -1, 8, -8, 1],
];

/** Tiles of a slice on a software adapter: V and M of as many bytes as the production kernel's. */
const SOFTWARE_TILES = 224;

/** WGSL of sum_k row[k] * value(k), without the zeros. */
const dot = (row: readonly number[], value: (k: number) => string): string =>
  row
    .flatMap((f, k) => (f === 0 ? [] : [f === 1 ? value(k) : `${f.toFixed(1)} * ${value(k)}`]))
    .join(" + ")
    .replaceAll("+ -", "- ");

/** WGSL of m * d * m^T for 6x6 values d_ij; `load` and `store` by row and column. */
function transform(
  m: readonly (readonly number[])[],
  load: (i: number, j: number) => string,
  store: (i: number, j: number, value: string) => string,
): string {
  const lines: string[] = [];
  for (const j of span(6)) {
    lines.push(...span(6).map((i) => `  let d${i}_${j} = ${load(i, j)};`));
    lines.push(...m.map((row, i) => `  let t${i}_${j} = ${dot(row, (k) => `d${k}_${j}`)};`));
  }
  for (const i of span(m.length))
    lines.push(
      ...m.map(
        (row, j) =>
          `  ${store(
            i,
            j,
            dot(row, (k) => `t${i}_${k}`),
          )}`,
      ),
    );
  return lines.join("\n");
}

const INPUT = transform(
  BT,
  (i, j) => `load(iy + ${i}, ix + ${j}, c)`,
  (i, j, value) => `v[id.x + ${6 * i + j}u * step] = ${value};`,
);
const OUTPUT = transform(
  AT,
  (i, j) => `m[id.x + ${6 * i + j}u * step]`,
  (i, j, value) => `emit(${value}, oy + ${i}u, ox + ${j}u, co);`,
);

/** U = G g G^T of OIHW weights, in gemm's blocks: made once, in float64. */
function tileWeights(oihw: Float32Array, { cin, cout }: ConvShape): Float32Array {
  const u = new Float32Array(cout * cin * 36);
  for (let at = 0; at < cout * cin; at++) {
    const g = oihw.subarray(at * 9, at * 9 + 9);
    const rows = G.map((r) => span(3).map((x) => span(3).reduce((sum, y) => sum + r[y] * g[3 * y + x], 0)));
    rows.forEach((row, i) =>
      G.forEach((r, j) => (u[at * 36 + 6 * i + j] = row.reduce((sum, value, x) => sum + r[x] * value, 0))),
    );
  }
  return packBlocks(u, [cout, cin, 6, 6]);
}

/** 3x3, stride 1, pad 1. */
function f4Conv(g: Graph, x: Tensor, u: Tensor, cout: number): Tensor {
  const [, h, w, c] = x.shape;
  const [c4, co4] = [c / 4, cout / 4];
  const [th, tw] = [ceilDiv(h, 4), ceilDiv(w, 4)];
  const y = g.temp("y", [1, h, w, cout]);
  const step = g.target.software ? SOFTWARE_TILES : th * tw;
  for (let t0 = 0; t0 < th * tw; t0 += step) {
    const tiles = Math.min(step, th * tw - t0);
    const rows = ceilDiv(tiles, 8) * 8;
    const v = g.temp("v", [36, rows, c]);
    const m = g.temp("m", [36, tiles, cout]);
    const place = { H: h, W: w, TILES: tiles, T0: t0, TW: tw };
    g.dispatch({
      shader: { name: "winograd_f4_input", text: inputText },
      constants: { transform: INPUT },
      sizes: { ...place, C4: c4 },
      bindings: { x: read(x), v: write(v) },
      groups: [ceilDiv(rows * c4, 64)],
      flops: 0,
    });
    gemm(g, {
      a: v,
      aBlocked: true,
      b: u,
      c: m,
      batch: 36,
      m: tiles,
      k4: c4,
      n4: co4,
      aBatch: rows * c4,
      bBlocks: u.shape[1],
    });
    g.dispatch({
      shader: { name: "winograd_f4_output", text: outputText },
      constants: { transform: OUTPUT },
      sizes: { ...place, CO4: co4 },
      bindings: { m: read(m), y: write(y) },
      groups: [ceilDiv(tiles * co4, 64)],
      flops: 0,
    });
  }
  return y;
}

/** Root mean square error of `y` at every 997th value, over the rms of the exact sums there. */
function roundingError(
  y: Float32Array,
  x: Float32Array,
  w: Float32Array,
  { cin, cout, h, w: width }: ConvShape,
): number {
  let [error, size] = [0, 0];
  for (let at = 0; at < y.length; at += 997) {
    const [o, pixel] = [at % cout, Math.floor(at / cout)];
    let sum = 0;
    for (const tap of span(9)) {
      const iy = Math.floor(pixel / width) + Math.floor(tap / 3) - 1;
      const ix = (pixel % width) + (tap % 3) - 1;
      if (iy < 0 || iy >= h || ix < 0 || ix >= width) continue;
      for (let c = 0; c < cin; c++) sum += x[(iy * width + ix) * cin + c] * w[(o * cin + c) * 9 + tap];
    }
    error += (y[at] - sum) ** 2;
    size += sum ** 2;
  }
  return Math.sqrt(error / size);
}

export const winogradF4: Lesson = {
  title: "Winograd with tiles of 4x4",
  async *contests(device) {
    for (const s of [
      { cin: 64, cout: 64, k: 3, h: 128, w: 128 },
      { cin: 512, cout: 256, k: 3, h: 64, w: 64 },
    ]) {
      const x = normalValues(1, s.h * s.w * s.cin).map((v) => (v > 0 ? v : 0.2 * v));
      const w = normalValues(2, s.cin * s.cout * 9).map((v) => v * Math.sqrt(2 / (9 * s.cin)));
      const conv = await openConv(device, s, x, w, { [convKey(s)]: "winograd" });
      const production = entryOf("F(2x2,3x3)", conv.program, () => conv.dispose());
      const shape = blockedShape(36, s.cin, s.cout);
      const lost = await recorded(
        device,
        "F(4x4,3x3)",
        (g) => f4Conv(g, g.input("x", [1, s.h, s.w, s.cin]), g.input("u", shape), s.cout),
        { x, u: tileWeights(w, s) },
      );
      yield {
        shape: convName(s),
        production,
        lost,
        tolerance: 1e-4,
        async note() {
          const [f4, f2] = [await lost.read(), await production.read()].map((y) => roundingError(y, x, w, s));
          return `rounding error ${f4.toExponential(1)} and ${f2.toExponential(1)} of the rms, ${(f4 / f2).toFixed(1)} x`;
        },
      };
    }
  },
};
