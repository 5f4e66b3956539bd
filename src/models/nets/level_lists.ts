// The lists of one resolution that gradients of the label path need, as inputs of recordings: which terms each sum has. Only this file
// declares and fills them. Their names, with WxH the resolution, are "labels WxH order", "labels WxH rows" and "labels WxH parts", and the
// same for "taps" (lookup), "inner pixels" (dense) and "pixels"; fc without VAE has "labels fc order" ...

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
import type { LevelWindows } from "../../labels/windows.ts";
import { NO_EDGES, pad4, type Graph, type HostArray } from "../../runtime/index.ts";
import { latentSize, parseNormG, semanticNc, type Config } from "../config.ts";
import { edgeRow, FC_TAPS, levelKey, type TableRoom } from "./table_room.ts";

const PARTS = ["order", "rows", "parts"] as const;

export interface LevelLists {
  /** For windowGather: inner windows by tap and label. */
  readonly labels: Lists;
  /** For labelTable, in lookup mode: outer windows by inner id and tap. */
  readonly taps?: Lists;
  /** For gatherRows, in dense mode: pixels by inner id. */
  readonly innerPixels?: Lists;
  /** For modulate: pixels by row of the tables. */
  readonly pixels?: Lists;
}

/** Declares lists of at most the given sizes as inputs `name order`, `name rows` and `name parts`. */
export function listInputs(g: Graph, name: string, shapes: ListShapes): Lists {
  const [order, rows, parts] = PARTS.map((part) => g.input(`${name} ${part}`, shapes[part], "i32", true));
  return { order, rows, parts };
}

/** Values of the inputs from listInputs. */
export const listValues = (name: string, lists: HostLists): Record<string, HostArray> =>
  Object.fromEntries(PARTS.map((part) => [`${name} ${part}`, lists[part]]));

/** Length of the second axis (channels) of mlp_shared's packed weights, which labelLists uses for its indices. */
const labelChannels = (c: Config): number => pad4(semanticNc(c));

/** Declares the lists of one resolution. `pixels`: false if modulate reads other tables than the level's own. */
export function levelListInputs(
  g: Graph,
  c: Config,
  room: TableRoom,
  images: number,
  { pixels = true }: { pixels?: boolean } = {},
): LevelLists {
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
    ...(pixels && { pixels: listInputs(g, `pixels ${key}`, pixelListShapes(images * h * w, outer.capacity)) }),
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
  { pixels = true }: { pixels?: boolean } = {},
): Record<string, HostArray> {
  const key = levelKey(room.h, room.w);
  const labels = { count: lw.innerCount, taps: lw.k ** 2, channels: labelChannels(c), edgeRow: edgeRow(c) };
  const out = listValues(`labels ${key}`, labelLists(lw.innerWindows, labels, scratch.labels));
  if (room.mode === "lookup") {
    Object.assign(out, listValues(`taps ${key}`, tapLists(lw, scratch.tables)));
    return Object.assign(out, pixels && listValues(`pixels ${key}`, pixelLists(lw, scratch.pixels)));
  }
  const size = lw.innerIds.length;
  if (scratch.identity?.length !== size) scratch.identity = Int32Array.from({ length: size }, (_, i) => i);
  Object.assign(out, listValues(`inner pixels ${key}`, idLists(lw.innerIds, lw.innerCount, scratch.tables)));
  return Object.assign(
    out,
    pixels &&
      listValues(`pixels ${key}`, pixelLists({ ...lw, outerIds: scratch.identity, outerCount: size }, scratch.pixels)),
  );
}

/** Declares the lists of fc without VAE. */
export function firstListInputs(g: Graph, c: Config, images: number): Lists {
  const { h, w } = latentSize(c);
  return listInputs(
    g,
    "labels fc",
    labelListShapes(images * h * w, FC_TAPS, labelChannels(c), edgeRow(c) !== NO_EDGES),
  );
}

/** Values of firstListInputs. @param windows i32 [N*h*w, 9], the value of firstInputs */
export function firstListValues(c: Config, windows: Int32Array): Record<string, HostArray> {
  const labels = { count: windows.length / FC_TAPS, taps: FC_TAPS, channels: labelChannels(c), edgeRow: edgeRow(c) };
  return listValues("labels fc", labelLists(windows, labels));
}
