// kernels/shape/argmax.ts: the largest channel of each pixel of a map, and its softmax
//
//   The map's pixel (x, y) is the nearest one of x enlarged bilinearly with aligned corners (kernels/shape/resize.ts) to h x w:
//     source x = floor((x + 0.5) * w / width), and y alike
//   class       the channel c with the largest v[c] there, the first of equal ones
//   confidence  1 / sum over c of exp(v[c] - v[class]), from 1 / C to 1
//
// The enlarged logits are never stored. Width and height of the map and the part's ends come from an input, so that one
// pipeline serves maps of every size; a large map is made in parts. No backward.
// One pass over the channels: when a larger value comes, the sum so far is scaled to it.
// traffic: 4 * C reads and 2 writes a pixel; the logits (10 MB for 129x129 cells of 151 classes) are not read back.

import argmaxText from "../../shaders/shape/argmax.wgsl";
import {
  defineOp,
  notDifferentiable,
  read,
  readScalars,
  SpadeError,
  writeScalars,
  type Tensor,
} from "../../src/runtime/index.ts";
import { strided } from "../parts/grid.ts";

export interface ArgmaxArgs {
  /** [1,H,W,C] */
  x: Tensor;
  /** Size of the enlarged picture. */
  h: number;
  w: number;
  /**
   * i32 [4]: width and height of the map, up to 2^31 / (2 * w) and 2^31 / (2 * h); number of the first of its pixels that are found, and of
   * the first that is not, row by row.
   */
  map: Tensor;
  /** Room in the results: most pixels that are found. */
  pixels: number;
}

/** `classes`: u32 [pixels]. `confidence`: f32 [pixels]. */
export interface Argmax {
  classes: Tensor;
  confidence: Tensor;
}

/** @throws SpadeError shape */
export function argmaxPlan(x: readonly number[], { h, w, pixels }: Pick<ArgmaxArgs, "h" | "w" | "pixels">): number[] {
  if (x.length !== 4 || x[0] !== 1 || h < 2 || w < 2)
    throw new SpadeError(
      "shape",
      "argmax",
      `x [${x.join(",")}] enlarged to ${w} x ${h}`,
      "give [1,H,W,C] and at least 2 x 2",
    );
  return [pixels];
}

export const argmax = defineOp<ArgmaxArgs, Argmax>({
  name: "argmax",
  forward(g, { x, h, w, map, pixels }) {
    const shape = argmaxPlan(x.shape, { h, w, pixels });
    const classes = g.temp("classes", shape, "u32");
    const confidence = g.temp("confidence", shape, "f32");
    const [, rows, columns, c] = x.shape;
    g.dispatch({
      shader: { name: "argmax", text: argmaxText },
      sizes: { ROWS: rows, COLUMNS: columns, H: h, W: w, C: c, C4: x.pitch / 4 },
      bindings: {
        x: read(x),
        map: readScalars(map),
        classes: writeScalars(classes),
        confidence: writeScalars(confidence),
      },
      groups: strided(g.target, pixels),
      flops: 12 * pixels * c,
    });
    return { classes, confidence };
  },
  backward: notDifferentiable,
});
