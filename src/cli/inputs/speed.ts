// How fast an adapter is, by a short measurement, for rough times before a training.

import { conv2d } from "../../../kernels/index.ts";
import { uniformValues } from "../../models/philox.ts";
import { Graph, product, Program, type Device } from "../../runtime/index.ts";

/** 3x3 convs in a row: their channels, and the side of their maps. A GPU needs more of them to be busy. */
const SIZES = { software: { channels: 64, side: 64, convs: 3 }, hardware: { channels: 256, side: 128, convs: 8 } };
const RUNS = 3;

/** Floating-point operations a second of 3x3 convolutions, the best of a few runs; takes a second or two. */
export async function convolutionSpeed(device: Device): Promise<number> {
  const { channels, side, convs } = SIZES[device.software ? "software" : "hardware"];
  const g = new Graph(device.target);
  const x = g.input("x", [1, side, side, channels]);
  const w = g.input("w", [9, channels, channels]);
  let y = x;
  for (let i = 0; i < convs; i++) y = conv2d(g, { x: y, w, kh: 3, kw: 3, pad: 1 });
  g.output("y", y);
  const flops = g.dispatches.reduce((sum, d) => sum + d.flops, 0);
  const values = (shape: readonly number[]): Float32Array => uniformValues(1, product(shape)).map((v) => v / 16);
  const program = await Program.compile(g, device, { name: "speed" });
  try {
    await program.run({ inputs: { x: values(x.shape), w: values(w.shape) } });
    await program.read("y");
    let best = Infinity;
    for (let i = 0; i < RUNS; i++) {
      const begun = performance.now();
      await program.run();
      await program.read("y");
      best = Math.min(best, performance.now() - begun);
    }
    return (1000 * flops) / best;
  } finally {
    program.dispose();
  }
}
