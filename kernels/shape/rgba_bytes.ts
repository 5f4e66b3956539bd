// kernels/shape/rgba_bytes.ts: the bytes of a picture, so that canvases and read-backs take it as it is shown
//
//   byte = floor(clamp((x + 1) / 2 * 255, 0, 255)) in f32, as the published tensor2im (numpy) computes it; alpha 255
//
// One u32 a pixel, red in the lowest byte: ImageData's order on every machine that browsers run on. A pixel with NaN is 0, alpha
// included, and the thread that finds it notes the pixel's number + 1 in its flag. Detected by bits: compilers may assume x == x.
// No backward.
// traffic: 4 reads and 1 write a pixel; the read-back shrinks from 16 bytes a pixel (8 with f16) to 4, and the host converts nothing.

import bytesText from "../../shaders/shape/rgba_bytes.wgsl";
import {
  ceilDiv,
  defineOp,
  notDifferentiable,
  product,
  read,
  writeScalars,
  type Tensor,
} from "../../src/runtime/index.ts";

export interface RgbaBytesArgs {
  /** [N,H,W,3] in [-1,1] */
  x: Tensor;
}

/** `rgba`: u32 [N,H,W]. `flags`: u32, 0, or the number + 1 of a pixel with NaN. */
export interface RgbaBytes {
  rgba: Tensor;
  flags: Tensor;
}

/** Workgroups of the grid: enough to fill hardware, and few flags to read back. */
const MOST_GROUPS = 256;
/** Pixels of a thread, up to that. */
const SHARE = 16;

/** Threads for so many pixels. */
export const rgbaThreads = (pixels: number): number => 64 * Math.min(MOST_GROUPS, ceilDiv(pixels, 64 * SHARE));

export const rgbaBytes = defineOp<RgbaBytesArgs, RgbaBytes>({
  name: "rgbaBytes",
  forward(g, { x }) {
    const pixels = product(x.shape.slice(0, 3));
    const threads = rgbaThreads(pixels);
    const rgba = g.temp("rgba", x.shape.slice(0, 3), "u32");
    const flags = g.temp("flags", [threads], "u32");
    g.dispatch({
      shader: { name: "rgba_bytes", text: bytesText },
      constants: { THREADS: threads },
      sizes: { PIXELS: pixels },
      bindings: { x: read(x), rgba: writeScalars(rgba), flags: writeScalars(flags) },
      groups: [threads / 64],
      flops: 3 * product(x.shape),
    });
    return { rgba, flags };
  },
  backward: notDifferentiable,
});
