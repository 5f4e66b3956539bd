// kernels/parts/gemm.ts: batched matrix product, the core of Winograd convolution, label tables and 1x1 convolution
//
//   c[z] = act(a[z] * b[z] / sigma + bias)      a [Z or 1][M,K], b [Z][K,N] in blocks of columns, c [Z][M,N]
//
// Not an op of its own: ops record it through `gemm()`. FLOPs 2*Z*M*N*K; floor in bytes: a + b + c once.
//
// Layouts. b lies in blocks of 16 columns, [Z][N/16][K/4][16] vec4 along k (packBlocks): one block's k run is contiguous, and the four
// k of a column come in one load. a is either row-major, [M][K/4] vec4 along k (NHWC pixels as they are), or in blocks of 8 rows,
// [M/8][K/4][8] vec4 (what Winograd's input transform writes). c is row-major.
//
// Variants (lavapipe: mesa 25.0.7, 2 cores; GFLOP/s of 4096x128x128, nine matrices):
//   portable    4x4 results a thread in registers. Any adapter
//   subgroup    lane = row, columns by subgroupBroadcast. On lavapipe a storage load is made lane by lane, 7.4 ns a vector of 8, while two
//               broadcasts with their products take 1.35 ns: 18.2 against 8.7 of a kernel of 4 rows x 2 vec4 columns that loads all it
//               multiplies. 32 rows x 16 columns a subgroup is the knee: larger tiles gain nothing and compile for seconds. One statement
//               a (row, column) with its four products in one expression: LLVM schedules large blocks badly
//   tiled       64x64 a workgroup of 256, 16 k staged in workgroup memory. For GPUs (on lavapipe a barrier costs more than it saves)

import portableText from "../../shaders/parts/gemm_portable.wgsl";
import subgroupText from "../../shaders/parts/gemm_subgroup.wgsl";
import tiledText from "../../shaders/parts/gemm_tiled.wgsl";
import { ceilDiv, read, readScalars, write, type Count, type Graph, type Tensor } from "../../src/runtime/index.ts";
import type { Activation } from "./activation_wgsl.ts";
import { epilogue } from "./epilogue.ts";
import { declareSums, span } from "./registers_wgsl.ts";
import { choose, subgroupLanes } from "./variants.ts";

/** Columns of a block of b. */
export const BLOCK = 16;
/** Rows of a block of a blocked a. */
export const ROWS = 8;

export interface GemmArgs {
  a: Tensor;
  /** a in blocks of 8 rows. */
  aBlocked?: boolean;
  b: Tensor;
  c: Tensor;
  batch: number;
  m: number;
  /** Rows known at run time; m is their capacity. */
  count?: Count;
  /** vec4 along k. */
  k4: number;
  /** vec4 columns of the result. */
  n4: number;
  /** vec4 elements from one matrix of the batch to the next; 0: a serves all. */
  aBatch: number;
  /** Of a in rows: vec4 from one row to the next (k4 by default), and the first one taken: a part of its columns. */
  aPitch?: number;
  aFirst?: number;
  /** i32 [M, Z]: the row of a that stands in row m of matrix z; left out: m. For a in rows. */
  picks?: Tensor;
  /** Blocks of 16 columns of one matrix of b, and the first one taken. */
  bBlocks: number;
  bBlock?: number;
  sigma?: Tensor;
  bias?: Tensor;
  act?: Activation;
}

/** Blocks of 16 columns for `n` columns. */
export const blocksOf = (n: number): number => ceilDiv(n, BLOCK);

/** Stored shape of `batch` blocked matrices of K x N (K padded to 4). */
export const blockedShape = (batch: number, k: number, n: number): number[] => [
  batch,
  blocksOf(n),
  ceilDiv(k, 4),
  BLOCK * 4,
];

/** Published weights OIHW as blocked matrices, one a tap: [taps][O/16][I/4][16] vec4 along the input channels. */
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

/** Index of a row's first vec4 in a, without its batch; `z`: the matrix. */
const rowAt = ({ aBlocked, picks }: GemmArgs, row: string, z: string): string => {
  if (aBlocked) return `(${row} >> 3u) * $K4 * 8u + (${row} & 7u)`;
  const at = picks ? `u32(picks[${row} * $Z + ${z}])` : row;
  return `${at} * $APITCH + $AFIRST`;
};

function subgroupConstants(p: GemmArgs, lanes: number, perLane: number): Record<string, string | number> {
  const rows = span(perLane);
  const loads = ceilDiv(BLOCK, lanes);
  const dot = (i: number): string => `x${i}.x * w.x + x${i}.y * w.y + x${i}.z * w.z + x${i}.w * w.w`;
  return {
    S: lanes,
    ROWS: lanes * perLane,
    address: rows
      .map(
        (i) =>
          `  let r${i} = min(row + ${i * lanes}u, $M - 1u);\n  let p${i} = g.z * $ABATCH + ${rowAt(p, `r${i}`, "g.z")};`,
      )
      .join("\n"),
    declare: declareSums(perLane, BLOCK),
    accumulate: [
      ...rows.map((i) => `    let x${i} = vec4f(a[p${i} + k * $ASTEP]);`),
      ...span(loads).map((l) => `    let b${l} = vec4f(b[at + ${l * lanes}u]);`),
      ...span(BLOCK).map(
        (n) =>
          `    { let w = subgroupBroadcast(b${Math.floor(n / lanes)}, ${n % lanes}u); ${rows.map((i) => `s${i}_${n} += ${dot(i)};`).join(" ")} }`,
      ),
    ].join("\n"),
    store: rows
      .map((i) => {
        const quads = span(4).map(
          (q) =>
            `if (col + ${q}u < $N4) { c[o + ${q}u] = c_t(finish(vec4f(${span(4)
              .map((e) => `s${i}_${4 * q + e}`)
              .join(", ")}), col + ${q}u)); }`,
        );
        return `  if (row + ${i * lanes}u < $M) { let o = g.z * $CBATCH + (row + ${i * lanes}u) * $N4 + col; ${quads.join(" ")} }`;
      })
      .join("\n"),
  };
}

export function gemm(g: Graph, p: GemmArgs): void {
  const variant = choose("gemm", g.target, { z: p.batch, m: p.m, k: p.k4 * 4, n: p.n4 * 4 });
  const end = epilogue(p);
  const lanes = subgroupLanes(g.target) ?? 8;
  // Few rows: smaller tiles, so that no lane repeats the last row.
  const perLane = p.m <= 2 * lanes && !p.count ? 2 : 4;
  const tile = { portable: 32, subgroup: lanes * perLane, tiled: 64 }[variant];
  const columns = { portable: 8, subgroup: 4, tiled: 16 }[variant];
  const text = { portable: portableText, subgroup: subgroupText, tiled: tiledText }[variant];
  const constants = {
    portable: () => ({
      address: span(4)
        .map(
          (i) =>
            `  let r${i} = min(row + ${i}u, $M - 1u);\n  let p${i} = id.z * $ABATCH + ${rowAt(p, `r${i}`, "id.z")};`,
        )
        .join("\n"),
    }),
    subgroup: () => subgroupConstants(p, lanes, perLane),
    tiled: () => ({ row_source: rowAt(p, "source", "g.z") }),
  }[variant]();
  g.dispatch({
    shader: { name: `gemm_${variant}`, text: `${text}\n${end.text}` },
    constants: { ...constants, ...end.constants },
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
      BBLOCKS: p.bBlocks - (p.bBlock ?? 0),
      CBATCH: p.m * p.n4,
    },
    bindings: {
      a: read(p.a),
      picks: p.picks && readScalars(p.picks),
      b: read(p.b),
      ...end.bindings,
      c: write(p.c),
    },
    groups: [p.count ? { count: p.count, per: tile } : ceilDiv(p.m, tile), ceilDiv(p.n4, columns), p.batch],
    flops: 2 * p.batch * p.m * p.k4 * 4 * p.n4 * 4,
  });
}
