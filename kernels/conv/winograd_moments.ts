// kernels/conv/winograd_moments.ts: the output transform of Winograd convolution that also computes its result's moments, for batch norm
//
//   of each slice of y's pixels, a run of tiles:     n     mean = sum y / n     M2 = sum (y - mean)^2
//
// `statistics` joins the slices (kernels/norm/statistics.ts) and reads y no more. Tiles are joined one by one (Chan, Golub and LeVeque 1983),
// never by sums of squares. A module of its own: what only paints does not hold it.
// traffic: saves reading y once, adds 8 bytes a slice and channel.

import text from "../../shaders/conv/winograd_moments.wgsl";
import { ceilDiv, write, writeScalars } from "../../src/runtime/index.ts";
import { noteMoments } from "../parts/moments.ts";
import type { MomentsOf } from "./conv_args.ts";

/** Most tiles of a slice; a power of two that divides 32, of which the tiles of a dispatch are a multiple. Chosen, not tuned. */
const MOST_RUN = 32;

/**
 * Tiles of a slice, which one thread computes one after the other: about a quarter of the tiles' square root, so that small pictures keep
 * enough threads and large ones have few slices to join.
 */
const runOf = (tiles: number): number => Math.min(MOST_RUN, Math.max(4, 2 ** Math.round(Math.log2(tiles) / 2 - 2)));

export const winogradMoments: MomentsOf = (g, tiles, y) => {
  const run = runOf(tiles);
  const slices = ceilDiv(tiles, run);
  const counts = g.temp("slice_counts", [slices]);
  const means = g.temp("slice_means", [slices, y.shape[3]]);
  const distances = g.temp("slice_distances", [slices, y.shape[3]]);
  noteMoments(y, { counts, means, distances });
  return {
    text,
    run,
    sizes: (firstTile) => ({ RUN: run, S0: firstTile / run }),
    bindings: { counts: writeScalars(counts), means: write(means), distances: write(distances) },
  };
};
