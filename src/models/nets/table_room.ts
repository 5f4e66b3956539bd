// The mode and capacity of the label tables of one resolution, and its name in inputs and programs.

import { NO_EDGES, type Count } from "../../runtime/index.ts";
import { semanticNc, type Config } from "../config.ts";

/**
 * Mode and capacity of the tables of one resolution: a row per distinct window or, for maps with too many, per pixel
 * (dense convolution).
 */
export interface TableRoom {
  readonly h: number;
  readonly w: number;
  readonly mode: "lookup" | "dense";
  /** Number of distinct inner windows, including the reserved row 0. */
  readonly inner: Count;
  /** Number of distinct outer windows; in dense mode, of pixels. */
  readonly outer: Count;
}

/** Name of a resolution, "WxH". */
export const levelKey = (h: number, w: number): string => `${w}x${h}`;

/** Row of the edge channel in mlp_shared's weights, or NO_EDGES if there is none. */
export const edgeRow = (c: Config): number => (c.no_instance ? NO_EDGES : semanticNc(c) - 1);

/** Taps of fc without VAE, which is a 3x3 convolution of the label map. */
export const FC_TAPS = 9;
