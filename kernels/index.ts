// The op table. Its type demands a backward of every op: one that is missing does not compile.

import type { Op } from "../src/runtime/index.ts";
import { activation } from "./shape/activation.ts";
import { adam } from "./optim/adam.ts";
import { add } from "./shape/add.ts";
import { addShared } from "./shape/add_shared.ts";
import { avgPool } from "./shape/avg_pool.ts";
import { blockColumns, unblockColumns } from "./conv/block_columns.ts";
import { concat } from "./shape/concat.ts";
import { conv2d } from "./conv/conv2d.ts";
import { convTranspose } from "./conv/conv_transpose.ts";
import { ema } from "./optim/ema.ts";
import { ganLoss } from "./loss/gan_loss.ts";
import { gatherRows } from "./labels/gather_rows.ts";
import { kld } from "./loss/kld.ts";
import { l1Mean } from "./loss/l1_mean.ts";
import { labelConv } from "./labels/label_conv.ts";
import { labelPool } from "./labels/label_pool.ts";
import { labelTable } from "./labels/label_table.ts";
import { labelTablePair } from "./labels/label_table_pair.ts";
import { linear } from "./conv/linear.ts";
import { maxPool } from "./shape/max_pool.ts";
import { modulate } from "./norm/modulate.ts";
import { normalise } from "./norm/normalise.ts";
import { reflectPad } from "./shape/reflect_pad.ts";
import { overflow } from "./optim/overflow.ts";
import { reparameterise } from "./loss/reparameterise.ts";
import { resize } from "./shape/resize.ts";
import { reshape, slice } from "./shape/slice.ts";
import { spectralSigma } from "./norm/spectral.ts";
import { inverseStd, runningStatistics, statistics } from "./norm/statistics.ts";
import { windowGather } from "./labels/window_gather.ts";
import { winogradWeights } from "./conv/winograd.ts";

export const ops = {
  activation,
  adam,
  add,
  addShared,
  avgPool,
  blockColumns,
  concat,
  conv2d,
  convTranspose,
  ema,
  ganLoss,
  gatherRows,
  inverseStd,
  kld,
  l1Mean,
  labelConv,
  labelPool,
  labelTable,
  labelTablePair,
  linear,
  maxPool,
  modulate,
  normalise,
  reflectPad,
  overflow,
  reparameterise,
  reshape,
  resize,
  runningStatistics,
  slice,
  spectralSigma,
  statistics,
  unblockColumns,
  windowGather,
  winogradWeights,
} satisfies Record<string, Op<never, never> | Op<any, any>>; // eslint-disable-line @typescript-eslint/no-explicit-any -- ops differ in their arguments

export {
  activation,
  adam,
  add,
  addShared,
  avgPool,
  blockColumns,
  concat,
  conv2d,
  convTranspose,
  ema,
  ganLoss,
  gatherRows,
  inverseStd,
  kld,
  l1Mean,
  labelConv,
  labelPool,
  labelTable,
  labelTablePair,
  linear,
  maxPool,
  modulate,
  normalise,
  reflectPad,
  overflow,
  reparameterise,
  reshape,
  resize,
  runningStatistics,
  slice,
  spectralSigma,
  statistics,
  unblockColumns,
  windowGather,
  winogradWeights,
};
