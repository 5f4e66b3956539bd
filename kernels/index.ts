// The op table. Its type demands a backward of every op: one that is missing does not compile.

import type { Op } from "../src/runtime/index.ts";
import { activation } from "./activation.ts";
import { adam } from "./adam.ts";
import { add } from "./add.ts";
import { addShared } from "./add_shared.ts";
import { avgPool } from "./avg_pool.ts";
import { blockColumns, unblockColumns } from "./block_columns.ts";
import { concat } from "./concat.ts";
import { conv2d } from "./conv2d.ts";
import { convTranspose } from "./conv_transpose.ts";
import { ema } from "./ema.ts";
import { ganLoss } from "./gan_loss.ts";
import { gatherRows } from "./gather_rows.ts";
import { kld } from "./kld.ts";
import { l1Mean } from "./l1_mean.ts";
import { labelConv } from "./label_conv.ts";
import { labelPool } from "./label_pool.ts";
import { labelTable } from "./label_table.ts";
import { labelTablePair } from "./label_table_pair.ts";
import { linear } from "./linear.ts";
import { maxPool } from "./max_pool.ts";
import { modulate } from "./modulate.ts";
import { normalise } from "./normalise.ts";
import { reflectPad } from "./reflect_pad.ts";
import { overflow } from "./overflow.ts";
import { reparameterise } from "./reparameterise.ts";
import { resize } from "./resize.ts";
import { reshape, slice } from "./slice.ts";
import { spectralSigma } from "./spectral.ts";
import { inverseStd, runningStatistics, statistics } from "./statistics.ts";
import { windowGather } from "./window_gather.ts";
import { winogradWeights } from "./winograd.ts";

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
