// kernels/shape/unpack.ts: one tensor as a file has it, moved to its layout on the device; it is not differentiated
//
//   y[t][o1][i1][o2][i2] = x[start + t * tap + o * out + i * in],   o = o1 * O2 + o2,  i = i1 * I2 + i2
//
// Zero where o or i lie beyond the tensor's own. traffic: 1 read and 1 write an element; reads are gathered, but those of a thread and its
// neighbours share cache lines.

import unpackText from "../../shaders/shape/unpack.wgsl";
import {
  ceilDiv,
  product,
  readScalars,
  write,
  writeScalars,
  type Graph,
  type Tensor,
} from "../../src/runtime/index.ts";
import { layered } from "../parts/grid.ts";

/** Where a tensor's elements lie in a file and on the device. */
export interface Layout {
  readonly taps: number;
  /** O1, I1, O2, I2; the innermost that is not 1 is a multiple of 4. */
  readonly grid: readonly [number, number, number, number];
  readonly outs: number;
  readonly ins: number;
  /** Elements in the file from one tap, output and input to the next. */
  readonly strides: readonly [tap: number, out: number, into: number];
  /** The file's element at which tap 0 begins. */
  readonly start: number;
}

export interface UnpackArgs {
  /** u32: the file's bytes, f16 or f32 */
  x: Tensor;
  half: boolean;
  /** What the layout fills */
  y: Tensor;
  layout: Layout;
  /** u32: `key` becomes 1 if an element is Inf or NaN */
  bad: Tensor;
  key: number;
}

export function unpack(g: Graph, { x, half, y, layout, bad, key }: UnpackArgs): void {
  const { taps, grid, outs, ins, strides, start } = layout;
  const [, I1, O2, I2] = grid;
  const QUADS = product(grid) / 4;
  const [TAP, OUT, IN] = strides.map((n) => n >>> 0);
  const groups = layered(ceilDiv(QUADS, 64));
  g.dispatch({
    shader: { name: "unpack", text: unpackText },
    constants: { from_half: half, to_half: y.dtype === "f16" },
    sizes: { QUADS, I1, O2, I2, OUTS: outs, INS: ins, TAPS: taps, TAP, OUT, IN, START: start, KEY: key },
    bindings: { x: readScalars(x), y: write(y), bad: writeScalars(bad) },
    groups: [groups.x, 1, groups.layers],
    flops: 0,
  });
}
