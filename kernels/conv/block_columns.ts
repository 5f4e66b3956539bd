// kernels/conv/block_columns.ts: packed conv weights to the blocks of columns that gemm() reads, and back
//
// A copy of [taps, Cin, Cout] weights as [taps, Cout/16, Cin/4, 16*4]: made once for inference, once a step in training.
// Backward: the inverse rearrangement. It is used where a label table reads only the copy. A conv that reads both w and its copy gives
// its gradient to w alone, so nothing is counted twice.
// traffic: w read once, written once.

import shader from "../../shaders/conv/block_columns.wgsl";
import {
  ceilDiv,
  defineOp,
  readScalars,
  writeScalars,
  type Graph,
  type Op,
  type Tensor,
} from "../../src/runtime/index.ts";
import { BLOCK, blockedShape, blocksOf } from "../parts/gemm.ts";

function rearrange(
  g: Graph,
  x: Tensor,
  y: Tensor,
  taps: number,
  k: number,
  n: number,
  unblock: boolean,
  blocks = blocksOf(n),
  first = 0,
): Tensor {
  const npad = blocksOf(n) * BLOCK;
  g.dispatch({
    shader: { name: "block_columns", text: shader },
    constants: { unblock },
    sizes: { NPAD: npad, K4: k / 4, N: n, BLOCKS: blocks, FIRST: first },
    bindings: { x: readScalars(x), y: writeScalars(y) },
    groups: [ceilDiv(npad, 8), ceilDiv(k / 4, 8), taps],
    flops: 0,
  });
  return y;
}

/** [taps, Cin padded to 4, Cout] to blocks. */
export const blockColumns: Op<{ w: Tensor }, Tensor> = defineOp<{ w: Tensor }, Tensor>({
  name: "block_columns",
  forward(g, { w }) {
    const [taps, k] = w.shape;
    return rearrange(g, w, g.temp("blocked", blockedShape(taps, k, w.pitch), w.dtype), taps, k, w.pitch, false);
  },
  backward: (g, { w }, _, grad) => ({ w: unblockColumns(g, { blocked: grad, cout: w.shape[2] }) }),
});

export interface UnblockArgs {
  blocked: Tensor;
  cout: number;
  /** The first block to use; 0 by default. The gradient is only right if all blocks are used. */
  first?: number;
}

/** Blocks to [taps, Cin padded to 4, Cout]. */
export const unblockColumns: Op<UnblockArgs, Tensor> = defineOp<UnblockArgs, Tensor>({
  name: "unblock_columns",
  forward(g, { blocked, cout, first = 0 }) {
    const [taps, blocks, k4] = blocked.shape;
    const w = g.temp("w", [taps, k4 * 4, cout], blocked.dtype);
    return rearrange(g, blocked, w, taps, k4 * 4, w.pitch, true, blocks, first);
  },
  backward: (g, _args, _w, grad) => ({ blocked: blockColumns(g, { w: grad }) }),
});
