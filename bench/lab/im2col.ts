// Lesson: a convolution need not be turned into a matrix product by copying.
//
//   columns[p, (tap, c)] = x[p + tap - pad, c]      y = columns * w      w: [(tap, c), o]
//
// im2col, as the first convolutions of Caffe and TF.js: one pass writes every pixel's window side by side, and a fast matrix product (here
// the production gemm) does the rest. The sums are those of the direct convolution.
// Expected: the gemm runs at its best speed, with k = 9 * Cin terms a sum, and the copy is cheap beside it.
// Measured (lavapipe 25.0.7, 2 cores, busy): 1.9 to 3.4 x the time of Winograd, 1.1 to 1.9 x that of the direct kernel; more where there are
// few channels and many pixels.
// Why it lost: the columns are 9 times the input (64 channels at 128x128: 38 MB for 4 MB). They are written once, and read again by every
// group of 16 output channels, from memory where the input itself would come from the cache. Against the direct kernel
// (kernels/conv/conv2d_subgroup.ts), which computes the same products from x, that is the whole difference. Winograd (kernels/conv/winograd.ts)
// makes 4 times the input instead of 9, and has 2.25 times fewer products besides.

import { packBlocks, gemm } from "../../kernels/parts/gemm.ts";
import { blockedShape } from "../../kernels/parts/gemm.ts";
import { canRun } from "../../kernels/parts/variants.ts";
import { normalValues } from "../../src/models/philox.ts";
import { ceilDiv, read, write, type Graph, type Tensor } from "../../src/runtime/index.ts";
import { convKey, openConv } from "../lib/conv.ts";
import { convName, type ConvShape } from "../peers/convs.ts";
import { entryOf, recorded, type Lesson } from "./contest.ts";
import text from "./im2col.wgsl";

/** Rows of one layer of the grid's third dimension. */
const SPAN = 32768;

function columnConv(g: Graph, x: Tensor, w: Tensor, { k, cout }: ConvShape): Tensor {
  const [, h, width, c] = x.shape;
  const [pixels, c4] = [h * width, c / 4];
  const columns = g.temp("columns", [pixels, k * k * c]);
  g.dispatch({
    shader: { name: "im2col", text },
    sizes: { H: h, W: width, C4: c4, K: k, PAD: k >> 1, SPAN },
    bindings: { x: read(x), columns: write(columns) },
    groups: [ceilDiv(k * k * c4, 8), ceilDiv(Math.min(pixels, SPAN), 8), ceilDiv(pixels, SPAN)],
    flops: 0,
  });
  const y = g.temp("y", [1, h, width, cout]);
  gemm(g, {
    a: columns,
    b: w,
    c: y,
    batch: 1,
    m: pixels,
    k4: k * k * c4,
    n4: cout / 4,
    aBatch: 0,
    bBlocks: w.shape[1],
  });
  return y;
}

/** OIHW weights in the order of the columns: rows (tap, channel), as one matrix in blocks. */
function columnWeights(oihw: Float32Array, { cin, cout, k }: ConvShape): Float32Array {
  const taps = k * k;
  const turned = new Float32Array(oihw.length);
  for (let o = 0; o < cout; o++)
    for (let i = 0; i < cin; i++)
      for (let t = 0; t < taps; t++) turned[o * cin * taps + t * cin + i] = oihw[(o * cin + i) * taps + t];
  return packBlocks(turned, [cout, cin * taps, 1, 1]);
}

export const im2col: Lesson = {
  title: "convolution as a copy and a matrix product (im2col)",
  async *contests(device) {
    for (const s of [
      { cin: 64, cout: 64, k: 3, h: 128, w: 128 },
      { cin: 256, cout: 256, k: 3, h: 32, w: 32 },
    ]) {
      const x = normalValues(1, s.h * s.w * s.cin);
      const w = normalValues(2, s.cin * s.cout * s.k * s.k);
      for (const variant of ["winograd", "subgroup", "direct"] as const) {
        if (!canRun("conv2d", variant, device.target) || (variant === "direct" && device.software)) continue;
        const conv = await openConv(device, s, x, w, { [convKey(s)]: variant });
        yield {
          shape: convName(s),
          production: entryOf(`conv2d ${variant}`, conv.program, () => conv.dispose()),
          lost: await recorded(
            device,
            "im2col",
            (g) =>
              columnConv(
                g,
                g.input("x", [1, s.h, s.w, s.cin]),
                g.input("w", blockedShape(1, s.cin * s.k * s.k, s.cout)),
                s,
              ),
            { x, w: columnWeights(w, s) },
          ),
          tolerance: 1e-5,
        };
      }
    }
  },
};
