// kernels/parts/grid.ts: how the workgroups of a dispatch are laid out, and what a shader writes to find its place in them
//
// WebGPU allows 65,535 workgroups in each of the three dimensions (Graph.dispatch throws beyond). In WGSL below, `id` is
// global_invocation_id and `groups` is num_workgroups.
//
//   strided    elementwise kernels over N elements; threads take every (groups.x * 64)-th element, so any N fits
//                @workgroup_size(64, 1, 1)
//                for (var i = id.x; i < $N; i += groups.x * 64u) { ... }
//   rowGrid    tables and pictures: rows (pixels, windows) times vec4 of channels, one of each a thread. Neighbouring threads
//              take neighbouring channels, so they read one id or code and one contiguous run of a row. Rows go along y, and
//              those beyond 262,144 into further layers of z
//                @workgroup_size({{LX}}, {{LY}}, 1)
//                let c = {{column}};
//                let row = {{row}};
//              wideRowGrid is the same with several vec4 a thread: c + j * LX for j < COLUMNS
//   layered    a long line of workgroups (of W threads each) along x, cut into layers of z; y is free, and z may hold more
//                let place = id.x + id.z * groups.x * Wu;
//   [a, b, c]  everything else: one workgroup for each tile of a matrix, or one thread for each of a number of items that the op
//              keeps small (slices of a sum). The op's sizes bound them well below the limit
//
// All layouts cover at least what they should, so a shader returns where its place lies beyond the end.

import { ceilDiv, type Count, type Groups, type Target } from "../../src/runtime/index.ts";

/** Most workgroups that a layout puts into one dimension: a power of two below the limit of 65,535. */
const MOST = 32768;

/** Threads of a workgroup. */
const THREADS = 64;

/**
 * Most workgroups of a strided grid. Tuned on lavapipe (mesa 25.0.7, 2 cores), where to start a workgroup takes 0.6 us, as long as the
 * work of 40 vec4s (add of 262,144 vec4s: 4096 workgroups 3.9 ms, 64 2.4 ms, 16 1.8 ms). On hardware the limit alone counts.
 */
const STRIDED_MOST = { software: 32, hardware: MOST };

/** Workgroups of a strided grid over `n` elements. */
export const strided = ({ software }: Target, n: number): [number] => [
  Math.min(STRIDED_MOST[software ? "software" : "hardware"], ceilDiv(n, THREADS)),
];

/** A line of `groups` workgroups as layers of `x` each. */
export function layered(groups: number): { x: number; layers: number } {
  const layers = Math.ceil(groups / MOST);
  return { x: Math.ceil(groups / layers), layers };
}

/** What a row grid gives a dispatch: text constants for its shader, and the workgroups. */
export interface RowGrid {
  constants: { LX: number; LY: number; COLUMNS: number; row: string; column: string };
  groups: Groups;
}

/** Most lanes over channels. Chosen for lavapipe, whose vectors have 8 lanes. */
const LANES = 8;

/** Rows of one layer: with LANES lanes over channels, a workgroup has at least THREADS / LANES rows. */
const LAYER_ROWS = (MOST * THREADS) / LANES;

/**
 * Most vec4 columns of a thread of a wide grid. Tuned on lavapipe: a thread that computes four reads the row's list or ids once for all
 * of them, and a quarter of the workgroups is started. On hardware (not measured) one, to have more threads.
 */
const WIDE = { software: 4, hardware: 1 };

/**
 * A grid over `rows` times `c4` vec4 columns.
 * @param count the number of rows in use, known at run time; `rows` is its capacity
 */
export function rowGrid(c4: number, rows: number, count?: Count, columns = 1): RowGrid {
  const LX = c4 >= LANES ? LANES : c4 > 2 ? 4 : c4;
  const LY = THREADS / LX;
  // Counted workgroups have one dimension, so they serve one layer.
  const y = count && rows <= LAYER_ROWS ? { count, per: LY } : ceilDiv(Math.min(rows, LAYER_ROWS), LY);
  return {
    constants: {
      LX,
      LY,
      COLUMNS: columns,
      row: `(id.y + id.z * ${LAYER_ROWS}u)`,
      column: columns === 1 ? "id.x" : `(id.x / ${LX}u * ${LX * columns}u + id.x % ${LX}u)`,
    },
    groups: [ceilDiv(c4, LX * columns), y, ceilDiv(rows, LAYER_ROWS)],
  };
}

/** A row grid whose threads compute several vec4 columns where that is faster. */
export function wideRowGrid({ software }: Target, c4: number, rows: number, count?: Count): RowGrid {
  const { LX } = rowGrid(c4, rows).constants;
  return rowGrid(c4, rows, count, Math.min(WIDE[software ? "software" : "hardware"], ceilDiv(c4, LX)));
}

/**
 * Pixels of a strip, in kernels whose threads walk along a row of the picture and keep what neighbouring pixels have in common (table
 * rows, statistics). Tuned on lavapipe, where long strips are best; on hardware short ones, to have more threads (not measured).
 */
export const stripLength = ({ software }: Pick<Target, "software">): number => (software ? 32 : 4);
