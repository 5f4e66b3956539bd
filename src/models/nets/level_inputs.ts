// The inputs of one resolution that recordings read from a map's dictionary of windows. Only this file declares and
// fills them, for painting and training. Their names, with WxH the resolution, are "inner WxH", "outer WxH" (lookup),
// "inner ids WxH" (dense), "first WxH" and "picks WxH" (lookup, if rows are added), and "ids WxH". For gradients there
// are the lists "labels WxH order", "labels WxH rows" and "labels WxH parts", and the same for "taps" (lookup), "inner
// pixels" (dense) and "pixels". fc without VAE has "windows" and the lists "labels fc order" ...

import type { Lists } from "../../../kernels/parts/segments.ts";
import {
  idLists,
  labelListShapes,
  labelLists,
  listShapes,
  ListScratch,
  pixelLists,
  pixelListShapes,
  tapLists,
  tapListShapes,
  type HostLists,
  type ListShapes,
} from "../../labels/lists.ts";
import { pixelWindows } from "../../labels/pixel_windows.ts";
import type { LevelWindows, Rows } from "../../labels/windows.ts";
import { NO_EDGES, pad4, type Count, type Graph, type HostArray, type Tensor } from "../../runtime/index.ts";
import { latentSize, parseNormG, semanticNc, type Config } from "../config.ts";
import { edgeRow, levelKey, type TableRoom } from "./table_room.ts";

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

export interface LevelLists {
  /** For windowGather: inner windows by tap and label. */
  readonly labels: Lists;
  /** For labelTable, in lookup mode: outer windows by inner id and tap. */
  readonly taps?: Lists;
  /** For gatherRows, in dense mode: pixels by inner id. */
  readonly innerPixels?: Lists;
  /** For modulate: pixels by row of the tables. */
  readonly pixels: Lists;
}

const PARTS = ["order", "rows", "parts"] as const;

/**
 * Declares the inputs for tables. `gradients`: also the lists for their backward pass. `append`: rows can be added to
 * the tables.
 */
export function levelInputs(
  g: Graph,
  c: Config,
  room: TableRoom,
  images: number,
  { gradients = false, append = false }: { gradients?: boolean; append?: boolean } = {},
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
  if (gradients) inputs.lists = levelListInputs(g, c, room, images);
  return inputs;
}

/** The `picks` input if every tap uses every inner window: [count, taps], each row holding its own index. */
const allPicks = (count: number, taps: number): Int32Array =>
  Int32Array.from({ length: count * taps }, (_, i) => Math.floor(i / taps));

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

/** Taps of fc without VAE, which is a 3x3 convolution of the label map. */
const FC_TAPS = 9;

/** Declares the inputs of fc without VAE: windows i32 [N*h*w, 9] and, for gradients, the lists of its backward pass. */
export function firstInputs(
  g: Graph,
  c: Config,
  images: number,
  gradients = false,
): { windows: Tensor; lists?: Lists } {
  const { h, w } = latentSize(c);
  const rows = images * h * w;
  const lists = gradients
    ? listInputs(g, "labels fc", labelListShapes(rows, FC_TAPS, labelChannels(c), edgeRow(c) !== NO_EDGES))
    : undefined;
  return { windows: g.input("windows", [rows, FC_TAPS], "i32"), lists };
}

/** Values of the inputs from firstInputs, from the dictionary of the smallest resolution. */
export function firstValues(
  c: Config,
  { codes, images, h, w }: LevelWindows,
  gradients = false,
): Record<string, HostArray> {
  const windows = pixelWindows(codes, images, h, w);
  const labels = { count: images * h * w, taps: FC_TAPS, channels: labelChannels(c), edgeRow: edgeRow(c) };
  return { windows, ...(gradients ? listValues("labels fc", labelLists(windows, labels)) : {}) };
}

/** Declares lists of at most the given sizes as inputs `name order`, `name rows` and `name parts`. */
export function listInputs(g: Graph, name: string, shapes: ListShapes): Lists {
  const [order, rows, parts] = PARTS.map((part) => g.input(`${name} ${part}`, shapes[part], "i32", true));
  return { order, rows, parts };
}

/** Values of the inputs from listInputs. */
const listValues = (name: string, lists: HostLists): Record<string, HostArray> =>
  Object.fromEntries(PARTS.map((part) => [`${name} ${part}`, lists[part]]));

/** Length of the second axis (channels) of mlp_shared's packed weights, which labelLists uses for its indices. */
const labelChannels = (c: Config): number => pad4(semanticNc(c));

function levelListInputs(g: Graph, c: Config, room: TableRoom, images: number): LevelLists {
  const { h, w, inner, outer } = room;
  const taps = parseNormG(c.norm_G).k ** 2;
  const key = levelKey(h, w);
  return {
    labels: listInputs(
      g,
      `labels ${key}`,
      labelListShapes(inner.capacity, taps, labelChannels(c), edgeRow(c) !== NO_EDGES),
    ),
    ...(room.mode === "lookup"
      ? { taps: listInputs(g, `taps ${key}`, tapListShapes(outer.capacity, inner.capacity, taps)) }
      : { innerPixels: listInputs(g, `inner pixels ${key}`, listShapes(images * h * w, inner.capacity)) }),
    pixels: listInputs(g, `pixels ${key}`, pixelListShapes(images * h * w, outer.capacity)),
  };
}

/** Reusable memory for one level's lists. */
export class LevelListScratch {
  readonly labels = new ListScratch();
  readonly tables = new ListScratch();
  readonly pixels = new ListScratch();
  identity: Int32Array | undefined;
}

/** Values of the inputs from levelListInputs. They are valid until `scratch` is used again. */
export function levelListValues(
  c: Config,
  room: TableRoom,
  lw: LevelWindows,
  scratch = new LevelListScratch(),
): Record<string, HostArray> {
  const key = levelKey(room.h, room.w);
  const labels = { count: lw.innerCount, taps: lw.k ** 2, channels: labelChannels(c), edgeRow: edgeRow(c) };
  const out = listValues(`labels ${key}`, labelLists(lw.innerWindows, labels, scratch.labels));
  if (room.mode === "lookup") {
    Object.assign(out, listValues(`taps ${key}`, tapLists(lw, scratch.tables)));
    return Object.assign(out, listValues(`pixels ${key}`, pixelLists(lw, scratch.pixels)));
  }
  const size = lw.innerIds.length;
  if (scratch.identity?.length !== size) scratch.identity = Int32Array.from({ length: size }, (_, i) => i);
  Object.assign(out, listValues(`inner pixels ${key}`, idLists(lw.innerIds, lw.innerCount, scratch.tables)));
  return Object.assign(
    out,
    listValues(`pixels ${key}`, pixelLists({ ...lw, outerIds: scratch.identity, outerCount: size }, scratch.pixels)),
  );
}
