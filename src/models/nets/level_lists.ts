// The lists that gradients of one level's look-ups need, as inputs of a recording and as values of a batch's dictionary. Their names:
// "labels WxH order", "... rows", "... parts", and so with "taps" (lookup), "inner pixels" (dense) and "pixels".

import type { Lists } from "../../../kernels/segments.ts";
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
  type Lists as HostLists,
  type ListShapes,
} from "../../labels/lists.ts";
import type { LevelWindows } from "../../labels/windows.ts";
import { pad4, type Graph, type HostArray } from "../../runtime/index.ts";
import { parseNormG, semanticNc, type Config } from "../config.ts";
import { edgeRow, levelKey, type LevelPlan } from "./level_plan.ts";

export interface LevelLists {
  /** Inner windows by tap and label: windowGather's. */
  readonly labels: Lists;
  /** lookup: outer windows by inner id and tap: labelTable's. */
  readonly taps?: Lists;
  /** dense: pixels by inner id: gatherRows'. */
  readonly innerPixels?: Lists;
  /** Pixels by row of the tables: modulate's. */
  readonly pixels: Lists;
}

const PARTS = ["order", "rows", "parts"] as const;

/** Lists of up to this size as inputs `name order`, `name rows`, `name parts`. */
export function listInputs(g: Graph, name: string, shapes: ListShapes): Lists {
  const [order, rows, parts] = PARTS.map((part) => g.input(`${name} ${part}`, shapes[part], "i32", true));
  return { order, rows, parts };
}

/** Values of listInputs' inputs. */
export const listValues = (name: string, lists: HostLists): Record<string, HostArray> =>
  Object.fromEntries(PARTS.map((part) => [`${name} ${part}`, lists[part]]));

/** Channels of mlp_shared's packed weights: the second axis that labelLists counts in. */
export const labelChannels = (c: Config): number => pad4(semanticNc(c));

export function levelListInputs(g: Graph, c: Config, plan: LevelPlan, images: number): LevelLists {
  const { h, w, inner, outer } = plan;
  const taps = parseNormG(c.norm_G).k ** 2;
  const key = levelKey(h, w);
  return {
    labels: listInputs(g, `labels ${key}`, labelListShapes(inner.capacity, taps, labelChannels(c), edgeRow(c) >= 0)),
    ...(plan.mode === "lookup"
      ? { taps: listInputs(g, `taps ${key}`, tapListShapes(outer.capacity, inner.capacity, taps)) }
      : { innerPixels: listInputs(g, `inner pixels ${key}`, listShapes(images * h * w, inner.capacity)) }),
    pixels: listInputs(g, `pixels ${key}`, pixelListShapes(images * h * w, outer.capacity)),
  };
}

/** Reusable memory of one level's lists. */
export class LevelListScratch {
  readonly labels = new ListScratch();
  readonly tables = new ListScratch();
  readonly pixels = new ListScratch();
  identity: Int32Array | undefined;
}

/** Values of levelListInputs' inputs; with a scratch valid until its next use. */
export function levelListValues(
  c: Config,
  plan: LevelPlan,
  lw: LevelWindows,
  scratch = new LevelListScratch(),
): Record<string, HostArray> {
  const key = levelKey(plan.h, plan.w);
  const labels = { count: lw.innerCount, taps: lw.k ** 2, channels: labelChannels(c), edgeRow: edgeRow(c) };
  const out = listValues(`labels ${key}`, labelLists(lw.innerWindows, labels, scratch.labels));
  if (plan.mode === "lookup") {
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
