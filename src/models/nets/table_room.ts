// How the label tables of one resolution are made, and what it is called in names of inputs and programs.

import type { Count } from "../../runtime/index.ts";
import { semanticNc, type Config } from "../config.ts";

/** How the tables of one resolution are made: per distinct window, or (for maps with too many) per pixel by dense convolution. */
export interface TableRoom {
  readonly h: number;
  readonly w: number;
  readonly mode: "lookup" | "dense";
  /** Distinct inner windows, the reserved row 0 among them. */
  readonly inner: Count;
  /** Distinct outer windows; in dense mode the pixels. */
  readonly outer: Count;
}

/** "WxH" */
export const levelKey = (h: number, w: number): string => `${w}x${h}`;

/** Row of the edge channel in mlp_shared's weights, or -1. */
export const edgeRow = (c: Config): number => (c.no_instance ? -1 : semanticNc(c) - 1);
