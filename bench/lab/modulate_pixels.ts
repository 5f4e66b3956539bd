// Lesson: what neighbouring pixels share is worth keeping in registers.
//
//   y[Y,X,c] = leaky( (x[Y/up,X/up,c] - mean[c]) * rstd[c] * (1 + gamma[ids[Y,X],c]) + beta[ids[Y,X],c] )
//
// The first modulate of this engine: a thread takes one pixel of x and writes the up*up pixels of y that show it, so that x is read once.
// Expected: memory-bound, at the speed of a copy; the cache serves the table rows, which repeat.
// Measured (lavapipe 25.0.7, 2 cores, busy): 0.9 to 1.3 x the time, 1.05 to 1.4 x by the fastest of 31 runs. kernels/norm/modulate.ts has 25 ms
// against 8.4 from an earlier version of both, which these runs do not repeat: what is saved is arithmetic and cache traffic, and counts less
// where other programs use up the memory's bandwidth.
// Why it lost: along a line of a real label map most ids are the one before (73 % at 256x256 of map 1993). The production kernel
// (kernels/norm/modulate.ts) gives a thread a strip of a line, reads the two table rows only where the id changes, and steps its addresses by
// one addition a pixel in place of divisions and multiplications.

import { modulate } from "../../kernels/index.ts";
import { normalValues } from "../../src/models/philox.ts";
import { windowsOf } from "../../src/painting/windows.ts";
import { ceilDiv, float, read, readScalars, write, type Graph, type Tensor } from "../../src/runtime/index.ts";
import { demoMap } from "../lib/maps.ts";
import { BENCH_CONFIG } from "../lib/ours.ts";
import { recorded, type Lesson } from "./contest.ts";
import text from "./modulate_pixels.wgsl";

const SLOPE = 0.2;

type Args = Record<"x" | "mean" | "rstd" | "gamma" | "beta" | "ids", Tensor>;

function pixelModulate(g: Graph, a: Args): Tensor {
  const [, h, w, c] = a.x.shape;
  const up = a.ids.shape[1] / h;
  const y = g.temp("y", [1, h * up, w * up, c]);
  g.dispatch({
    shader: { name: "modulate_pixels", text },
    constants: { UP: up },
    sizes: { H: h, W: w, C4: c / 4, SLOPE: float(SLOPE) },
    bindings: {
      x: read(a.x),
      mean: read(a.mean),
      rstd: read(a.rstd),
      gamma: read(a.gamma),
      beta: read(a.beta),
      ids: readScalars(a.ids),
      y: write(y),
    },
    groups: [ceilDiv(c / 4, 8), ceilDiv(h * w, 8)],
    flops: 5 * h * w * up * up * c,
  });
  return y;
}

export const modulatePixels: Lesson = {
  title: "modulation a pixel at a time",
  async *contests(device) {
    const map = demoMap();
    const levels = windowsOf(BENCH_CONFIG, [map.label], [map.instance]);
    for (const { h, w, outerIds, outerCount } of levels.slice(-2)) {
      const c = 128;
      const inputs = {
        x: normalValues(1, (h * w * c) / 4),
        mean: normalValues(2, c),
        rstd: normalValues(3, c).map((v) => 1 + v * v),
        gamma: normalValues(4, outerCount * c),
        beta: normalValues(5, outerCount * c),
        ids: outerIds,
      };
      const args = (g: Graph): Args => ({
        x: g.input("x", [1, h / 2, w / 2, c]),
        mean: g.input("mean", [c]),
        rstd: g.input("rstd", [c]),
        gamma: g.input("gamma", [outerCount, c]),
        beta: g.input("beta", [outerCount, c]),
        ids: g.input("ids", [1, h, w], "i32"),
      });
      yield {
        shape: `${h / 2}x${w / 2}x${c} -> ${h}x${w}x${c}, ${outerCount} rows`,
        production: await recorded(device, "modulate", (g) => modulate(g, { ...args(g), slope: SLOPE }), inputs),
        lost: await recorded(device, "modulate_pixels", (g) => pixelModulate(g, args(g)), inputs),
        tolerance: 1e-6,
      };
    }
  },
};
