// kernels/parts/gemm.ts: batched matrix product, the core of Winograd convolution, label tables and 1x1 convolution
//
//   c[z] = act( a[z] * b[z] / sigma + bias )      a [Z or 1][M,K], b [Z][K,N] in blocks of columns, c [Z][M,N]
//
// Not an op of its own: ops record it through `gemm()`, and their backwards record it again on other operands.
// FLOPs: 2*Z*M*N*K. traffic: at least a, b and c once. A tile of R rows and C columns reads a N / C times and b M / R times; the
// repeated reads are meant to hit a cache.
//
// Layouts. b is in blocks of 16 columns, [Z][N/16][K/4][16] vec4 along k (packBlocks): one block's k are contiguous, and the four
// k of a column come in one load. a is either in rows, [M][K/4] vec4 along k (NHWC pixels as they are), or in blocks of 8 rows,
// [M/8][K/4][8] vec4 (what Winograd's input transform writes). c is in rows.
//
// Variants, measured on lavapipe (mesa 25.0.7, 2 cores), 9 x 4096x128x128:
//   portable    4x4 results a thread in registers; any adapter. 8.7 GFLOP/s (of a version with 4 rows x 8 columns a thread)
//   subgroup    each lane has its rows, columns come by subgroupBroadcast: 18.2 GFLOP/s. lavapipe loads from storage lane by lane (7.4 ns a
//               vector of 8), while two broadcasts with their products take 1.35 ns. Workgroups go over the columns of a row of tiles first, so
//               that the rows of a stay in the cache (those of b are few): 1.1 to 1.5 times as fast as down the rows first
//   tiled       64x64 results a workgroup of 256 threads, 16 k at a time in workgroup memory. The default on hardware; on lavapipe
//               a barrier costs more than it saves

import portableText from "../../shaders/parts/gemm_portable.wgsl";
import rowsText from "../../shaders/parts/gemm_rows.wgsl";
import subgroupText from "../../shaders/parts/gemm_subgroup.wgsl";
import tiledText from "../../shaders/parts/gemm_tiled.wgsl";
import {
  ceilDiv,
  read,
  readScalars,
  write,
  type Count,
  type CountedGroups,
  type Graph,
  type Tensor,
  type TextConstants,
} from "../../src/runtime/index.ts";
import type { Activation } from "./activation_wgsl.ts";
import { epilogue } from "./epilogue.ts";
import { extentParts, type Extent } from "./extent.ts";
import { declareSums, linesOf, span, sumQuad } from "./registers_wgsl.ts";
import { choose, subgroupLanes } from "./variants.ts";

/** Columns of a block of b: a layout, so the shaders have it as a literal. */
export const BLOCK = 16;
/** Rows of a block of a, where a is in blocks: a layout too. */
export const ROWS = 8;

export interface GemmArgs {
  a: Tensor;
  /** a is in blocks of 8 rows. */
  aBlocked?: boolean;
  b: Tensor;
  c: Tensor;
  /** Z, the number of matrices. */
  batch: number;
  m: number;
  /** The number of rows in use, if it is only known at run time; m is its capacity. */
  count?: Count;
  /** Workgroups for `per` rows each, if which rows are computed is only known at run time in another way than by `count`. */
  rowGroups?: (per: number) => CountedGroups;
  /** The rows are the pixels of one picture, and those of the listed 2x2 tiles are computed. */
  pixels?: { extent: Extent; h: number; w: number };
  /** vec4 along k. */
  k4: number;
  /** vec4 columns of the result. */
  n4: number;
  /** vec4 elements from one matrix of a to the next; 0: all use the same a. */
  aBatch: number;
  /** For a in rows: vec4 from one row to the next (k4 by default), and the first one used. Together they select a range of columns. */
  aPitch?: number;
  aFirst?: number;
  /** For a in rows: i32 [M, Z], the row of a to use as row m of matrix z; left out: row m. */
  picks?: Tensor;
  /** Blocks of 16 columns of one matrix of b, and the first one used. */
  bBlocks: number;
  bBlock?: number;
  sigma?: Tensor;
  bias?: Tensor;
  act?: Activation;
}

/** Blocks of 16 columns for `n` columns. */
export const blocksOf = (n: number): number => ceilDiv(n, BLOCK);

/** Shape of a tensor that holds `batch` matrices of K x N in blocks of columns (K padded to 4). */
export const blockedShape = (batch: number, k: number, n: number): number[] => [
  batch,
  blocksOf(n),
  ceilDiv(k, 4),
  BLOCK * 4,
];

/** Published weights OIHW as matrices in blocks of columns, one a tap: [taps][O/16][I/4][16] vec4 along the input channels. */
export function packBlocks(oihw: Float32Array, [o, i, kh, kw]: readonly number[]): Float32Array {
  return moveBlocks(oihw, [o, i, kh, kw], false);
}

/** Undoes packBlocks. */
export function unpackBlocks(blocked: Float32Array, [o, i, kh, kw]: readonly number[]): Float32Array {
  return moveBlocks(blocked, [o, i, kh, kw], true);
}

function moveBlocks(from: Float32Array, [o, i, kh, kw]: readonly number[], back: boolean): Float32Array {
  const taps = kh * kw;
  const k4 = ceilDiv(i, 4);
  const to = new Float32Array(back ? o * i * taps : taps * blocksOf(o) * k4 * BLOCK * 4);
  for (let co = 0; co < o; co++) {
    for (let ci = 0; ci < i; ci++) {
      for (let t = 0; t < taps; t++) {
        const published = (co * i + ci) * taps + t;
        const blocked =
          (((t * blocksOf(o) + Math.floor(co / BLOCK)) * k4 + (ci >> 2)) * BLOCK + (co % BLOCK)) * 4 + (ci & 3);
        if (back) to[published] = from[blocked];
        else to[blocked] = from[published];
      }
    }
  }
  return to;
}

const made = new Map<string, Record<string, string | number>>();

/** Text constants of gemm_subgroup.wgsl; made once for each adapter and size of tile. */
function subgroupConstants(lanes: number, perLane: number): Record<string, string | number> {
  const key = `${lanes} ${perLane}`;
  if (!made.has(key)) made.set(key, makeSubgroupConstants(lanes, perLane));
  return made.get(key)!;
}

function makeSubgroupConstants(lanes: number, perLane: number): Record<string, string | number> {
  const rows = span(perLane);
  const quads = span(BLOCK / 4);
  const products = (n: number): string => {
    const w = `subgroupBroadcast(b${Math.floor(n / lanes)}, ${n % lanes}u)`;
    return `    { let w = ${w}; ${rows.map((i) => `s${i}_${n} += product(x${i}, w);`).join(" ")} }`;
  };
  return {
    S: lanes,
    ROWS: lanes * perLane,
    address: rows.map((i) => `  let p${i} = row_start(row + ${i * lanes}u, g.z);`).join("\n"),
    declare: declareSums(perLane, BLOCK),
    accumulate: [
      ...rows.map((i) => `    let x${i} = vec4f(a[p${i} + k * $ASTEP]);`),
      ...span(ceilDiv(BLOCK, lanes)).map((l) => `    let b${l} = vec4f(b[at + ${l * lanes}u]);`),
      ...span(BLOCK).map(products),
    ].join("\n"),
    store: linesOf(
      rows.flatMap((i) => quads.map((q) => `put(g.z, row + ${i * lanes}u, col + ${q}u, ${sumQuad(i, q)});`)),
      2,
    ),
  };
}

/** Rows and vec4 columns of a workgroup of the variants without subgroups; the shaders have them as literals. */
const TILES = {
  portable: { text: portableText, rows: 32, columns: 8 },
  tiled: { text: tiledText, rows: 64, columns: 16 },
};

/**
 * Rows of a lane. Tuned on lavapipe (8 lanes): with 4, a subgroup computes 32 rows x 16 columns; more gained nothing and took seconds to
 * compile. With few rows 2, so that lanes do not repeat the last row.
 */
const rowsPerLane = ({ m, count }: GemmArgs, lanes: number): number => (m <= 2 * lanes && !count ? 2 : 4);

/** Pixels of a tile. */
const TILE = 4;

function subgroupTile(
  p: GemmArgs,
  lanes: number,
): { text: string; rows: number; columns: number; constants: TextConstants } {
  const perLane = rowsPerLane(p, lanes);
  return {
    text: subgroupText,
    rows: lanes * perLane,
    columns: BLOCK / 4,
    constants: subgroupConstants(lanes, perLane),
  };
}

export function gemm(g: Graph, p: GemmArgs): void {
  const variant = choose("gemm", g.target, { z: p.batch, m: p.m, k: p.k4 * 4, n: p.n4 * 4 });
  const end = epilogue(p);
  const tile =
    variant === "subgroup" ? subgroupTile(p, subgroupLanes(g.target)!) : { ...TILES[variant], constants: {} };
  const { pixels } = p;
  const parts = extentParts(pixels?.extent);
  const counted = p.count && { count: p.count, per: tile.rows };
  const listed = pixels && { count: pixels.extent.count, per: tile.rows / TILE };
  const rows = p.rowGroups?.(tile.rows) ?? counted ?? listed ?? ceilDiv(p.m, tile.rows);
  const columns = ceilDiv(p.n4, tile.columns);
  g.dispatch({
    shader: { name: `gemm_${variant}`, text: `${tile.text}\n${rowsText}\n${end.text}\n${parts.text}` },
    constants: { ...tile.constants, blocked: !!p.aBlocked, picked: !!p.picks, ...end.constants, ...parts.constants },
    sizes: {
      M: p.m,
      ...(p.picks ? { Z: p.batch } : {}),
      K4: p.k4,
      N4: p.n4,
      ABATCH: p.aBatch,
      ...(p.aBlocked ? {} : { APITCH: p.aPitch ?? p.k4, AFIRST: p.aFirst ?? 0 }),
      ASTEP: p.aBlocked ? ROWS : 1,
      BBATCH: p.bBlocks * p.k4 * BLOCK,
      BBLOCK: p.bBlock ?? 0,
      ...(variant === "tiled" ? { BBLOCKS: p.bBlocks - (p.bBlock ?? 0) } : {}),
      CBATCH: p.m * p.n4,
      ...(pixels && { PH: pixels.h, PW: pixels.w }),
    },
    constantSizes: ["K4"],
    bindings: {
      a: read(p.a),
      picks: p.picks && readScalars(p.picks),
      b: read(p.b),
      ...end.bindings,
      ...parts.bindings,
      c: write(p.c),
    },
    groups: variant === "subgroup" ? [columns, rows, p.batch] : [rows, columns, p.batch],
    flops: 2 * p.batch * p.m * p.k4 * 4 * p.n4 * 4,
  });
}
