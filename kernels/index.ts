// The op table. Its type demands a backward of every op: one that is missing does not compile.

import type { Op } from "../src/runtime/index.ts";
import { activation } from "./activation.ts";
import { add } from "./add.ts";
import { avgPool } from "./avg_pool.ts";
import { blockColumns, unblockColumns } from "./block_columns.ts";
import { conv2d } from "./conv2d.ts";
import { gatherRows } from "./gather_rows.ts";
import { labelTable } from "./label_table.ts";
import { linear } from "./linear.ts";
import { modulate } from "./modulate.ts";
import { resize } from "./resize.ts";
import { spectralSigma } from "./spectral.ts";
import { inverseStd, runningStatistics, statistics } from "./statistics.ts";
import { windowGather } from "./window_gather.ts";
import { winogradWeights } from "./winograd.ts";

export const ops = {
  activation,
  add,
  avgPool,
  blockColumns,
  conv2d,
  gatherRows,
  inverseStd,
  labelTable,
  linear,
  modulate,
  resize,
  runningStatistics,
  spectralSigma,
  statistics,
  unblockColumns,
  windowGather,
  winogradWeights,
} satisfies Record<string, Op<never, never> | Op<any, any>>; // eslint-disable-line @typescript-eslint/no-explicit-any -- ops differ in their arguments

export { activation, add, avgPool, blockColumns, conv2d, gatherRows, inverseStd, labelTable, linear, modulate, resize, runningStatistics, spectralSigma, statistics, unblockColumns, windowGather, winogradWeights };
