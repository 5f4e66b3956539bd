// The inputs of one resolution that recordings read from a map's dictionary of windows. Only this file declares and
// fills them, for painting and training. Their names, with WxH the resolution, are "inner WxH", "outer WxH" (lookup),
// "inner ids WxH" (dense), "first WxH" and "picks WxH" (lookup, if rows are added), and "ids WxH". fc without VAE has "windows". The lists
// that gradients need are in level_lists.ts.

import { pixelWindows } from "../../labels/pixel_windows.ts";
import { allPicks, type LevelWindows, type Rows } from "../../labels/windows.ts";
import type { Count, Graph, HostArray, Tensor } from "../../runtime/index.ts";
import { latentSize, parseNormG, type Config } from "../config.ts";
import type { LevelLists } from "./level_lists.ts";
import { FC_TAPS, levelKey, type TableRoom } from "./table_room.ts";

/** Values of inputs and of counts, by name. */
export interface LevelValues {
  inputs: Record<string, HostArray>;
  counts: Record<string, number>;
}

/** The inputs for computing the tables of one resolution. */
export interface LevelInputs {
  /** i32 [inner capacity, k*k] */
  innerWindows: Tensor;
  /** In lookup mode: i32 [outer capacity, k*k]. */
  outerWindows?: Tensor;
  /** In dense mode: i32 [N,h,w]. */
  innerIds?: Tensor;
  /** In lookup mode, if tables are kept between maps: labelTablePair's inputs for the outer windows to add. */
  append?: { first: Tensor; picks: Tensor; picked: Count };
  /** For gradients. */
  lists?: LevelLists;
}

/** Declares the inputs for tables. `append`: rows can be added to them. */
export function levelInputs(
  g: Graph,
  c: Config,
  room: TableRoom,
  images: number,
  { append = false }: { append?: boolean } = {},
): LevelInputs {
  const taps = parseNormG(c.norm_G).k ** 2;
  const key = levelKey(room.h, room.w);
  const inputs: LevelInputs = { innerWindows: g.input(`inner ${key}`, [room.inner.capacity, taps], "i32", true) };
  if (room.mode === "lookup") inputs.outerWindows = g.input(`outer ${key}`, [room.outer.capacity, taps], "i32", true);
  else inputs.innerIds = g.input(`inner ids ${key}`, [images, room.h, room.w], "i32");
  if (append && room.mode === "lookup") {
    const picked = { name: `picked ${key}`, capacity: room.inner.capacity };
    const picks = g.input(`picks ${key}`, [picked.capacity, taps], "i32", true);
    inputs.append = { first: g.input(`first ${key}`, [1], "i32"), picks, picked };
  }
  return inputs;
}

/**
 * Values of the inputs from levelInputs. Shares the dictionary's arrays. @param first index of the first added row, if
 * rows can be added
 */
export function levelValues(room: TableRoom, lw: Rows & Pick<LevelWindows, "innerIds">, first?: number): LevelValues {
  const key = levelKey(room.h, room.w);
  const dense = room.mode === "dense";
  const append = first !== undefined && !dense;
  const { pickCount = lw.innerCount, picks = allPicks(pickCount, lw.innerWindows.length / lw.innerCount) } = lw;
  return {
    inputs: {
      ...(append ? { [`first ${key}`]: Int32Array.of(first!), [`picks ${key}`]: picks } : {}),
      [`inner ${key}`]: lw.innerWindows,
      ...(dense ? { [`inner ids ${key}`]: lw.innerIds } : { [`outer ${key}`]: lw.outerWindows }),
    },
    counts: {
      [room.inner.name]: lw.innerCount,
      [room.outer.name]: dense ? room.outer.capacity : lw.outerCount,
      ...(append ? { [`picked ${key}`]: pickCount } : {}),
    },
  };
}

/** Declares i32 [N,h,w]: for each pixel its row in the tables. */
export const idsInput = (g: Graph, { h, w }: Pick<TableRoom, "h" | "w">, images: number): Tensor =>
  g.input(`ids ${levelKey(h, w)}`, [images, h, w], "i32");

/** Value of idsInput. Tables in dense mode have a row per pixel. */
export const idsValue = (room: TableRoom, lw: LevelWindows): Record<string, HostArray> => ({
  [`ids ${levelKey(room.h, room.w)}`]:
    room.mode === "lookup" ? lw.outerIds : Int32Array.from({ length: lw.innerIds.length }, (_, i) => i),
});

/** Declares the input of fc without VAE: windows i32 [N*h*w, 9]. */
export function firstInputs(g: Graph, c: Config, images: number): { windows: Tensor } {
  const { h, w } = latentSize(c);
  return { windows: g.input("windows", [images * h * w, FC_TAPS], "i32") };
}

/** Value of firstInputs, from the dictionary of the smallest resolution. */
export const firstValues = ({ codes, images, h, w }: LevelWindows): { windows: Int32Array } => ({
  windows: pixelWindows(codes, images, h, w),
});
