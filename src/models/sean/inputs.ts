// The inputs that recordings of SEAN's generator read besides those of SPADE's (nets/level_inputs.ts). Only this file declares and fills
// them, for painting and training. Their names, with WxH the resolution, are "style windows WxH", "pairs WxH" and "ids WxH" (of pairs); for
// gradients the lists "style taps WxH", "pairs by style WxH", "pairs by row WxH", "pairs WxH all" and "pixels WxH"; for the style
// encoder "regions", "region scale" and the lists "region pixels".

import type { BlendRowsArgs } from "../../../kernels/labels/blend_rows.ts";
import type { RegionPoolArgs } from "../../../kernels/labels/region_pool.ts";
import type { Lists } from "../../../kernels/parts/segments.ts";
import {
  idLists,
  listShapes,
  ListScratch,
  pixelLists,
  pixelListShapes,
  regionLists,
  tapLists,
  tapListShapes,
} from "../../labels/lists.ts";
import type { LevelWindows } from "../../labels/windows.ts";
import type { Graph, Tensor } from "../../runtime/index.ts";
import { semanticNc, type Config } from "../config.ts";
import { outputSize } from "../kinds.ts";
import type { LevelValues } from "../nets/level_inputs.ts";
import { listInputs, listValues } from "../nets/level_lists.ts";
import { edgeRow, levelKey, type TableRoom } from "../nets/table_room.ts";
import { STYLE_TAPS, StyleScratch, styleWindows, type StyleRoom } from "./style_windows.ts";

/** The inputs of one resolution whose tables are blended with those of styles. */
export interface StyleInputs {
  readonly room: StyleRoom;
  /** i32 [styles capacity, 9]: style rows */
  readonly windows: Tensor;
  /** i32 [pairs capacity, 2] */
  readonly pairs: Tensor;
  /** For gradients. */
  readonly lists?: {
    readonly taps: Lists;
    readonly pairs: NonNullable<BlendRowsArgs["lists"]>;
    readonly pixels: Lists;
  };
}

/** Declares them. `gradients`: with lists. */
export function styleInputs(
  g: Graph,
  level: TableRoom,
  room: StyleRoom,
  images: number,
  gradients: boolean,
): StyleInputs {
  const key = levelKey(level.h, level.w);
  const { codes, styles, pairs } = room;
  const rows = level.mode === "dense" ? images * level.h * level.w : level.outer.capacity;
  const by = (name: string, segments: number): Lists => listInputs(g, name, listShapes(pairs.capacity, segments));
  return {
    room,
    windows: g.input(`style windows ${key}`, [styles.capacity, STYLE_TAPS], "i32", true),
    pairs: g.input(`pairs ${key}`, [pairs.capacity, 2], "i32", true),
    ...(gradients && {
      lists: {
        taps: listInputs(g, `style taps ${key}`, tapListShapes(styles.capacity, codes.capacity, STYLE_TAPS)),
        pairs: {
          a: by(`pairs by style ${key}`, styles.capacity),
          b: by(`pairs by row ${key}`, rows),
          all: by(`pairs ${key} all`, 1),
        },
        pixels: listInputs(g, `pixels ${key}`, pixelListShapes(images * level.h * level.w, pairs.capacity)),
      },
    }),
  };
}

/** Values of styleInputs and of the ids of the level's pixels. */
export function styleValues(
  c: Config,
  level: TableRoom,
  lw: LevelWindows,
  gradients: boolean,
  scratch?: StyleScratch,
): LevelValues {
  const key = levelKey(level.h, level.w);
  const made = styleWindows(c, lw, level.mode, scratch);
  const codes = 1 + lw.images * semanticNc(c);
  const inputs: LevelValues["inputs"] = {
    [`style windows ${key}`]: made.windows,
    [`pairs ${key}`]: made.pairs,
    [`ids ${key}`]: made.pairIds,
  };
  const counts = { codes, [`styles ${key}`]: made.count, [`pairs ${key}`]: made.pairCount };
  if (!gradients) return { inputs, counts };
  const windows = { outerWindows: made.windows, outerCount: made.count, innerCount: codes, k: 3 };
  const column = (of: number): Int32Array => made.pairs.filter((_, i) => i % 2 === of);
  const rows = level.mode === "dense" ? lw.innerIds.length : lw.outerCount;
  Object.assign(
    inputs,
    listValues(`style taps ${key}`, tapLists(windows)),
    listValues(`pairs by style ${key}`, idLists(column(0), made.count)),
    listValues(`pairs by row ${key}`, idLists(column(1), rows)),
    listValues(`pairs ${key} all`, idLists(new Int32Array(made.pairCount), 1)),
    listValues(`pixels ${key}`, pixelLists({ ...lw, outerIds: made.pairIds, outerCount: made.pairCount })),
  );
  return { inputs, counts };
}

/** Size of the style encoder's code map: half the picture's. */
export function codeMapSize(c: Config): { h: number; w: number } {
  const { h, w } = outputSize(c);
  return { h: h / 2, w: w / 2 };
}

/** Declares the inputs of the style encoder's regions. @param size of the code map */
export function regionInputs(
  g: Graph,
  c: Config,
  images: number,
  { h, w }: { h: number; w: number },
): Omit<RegionPoolArgs, "x"> {
  const [pixels, regions] = [images * h * w, images * semanticNc(c)];
  return {
    regions: g.input("regions", [pixels, 2], "i32"),
    scale: g.input("region scale", [regions]),
    lists: listInputs(g, "region pixels", listShapes(2 * pixels, regions)),
  };
}

/** Values of regionInputs. @param codes of the maps at the code map's size */
export function regionValues(
  c: Config,
  { codes, images }: Pick<LevelWindows, "codes" | "images">,
  scratch?: ListScratch,
): LevelValues["inputs"] {
  const { regions, scale, lists } = regionLists(
    codes,
    { images, channels: semanticNc(c), edgeRow: edgeRow(c) },
    scratch,
  );
  return { regions, "region scale": scale, ...listValues("region pixels", lists) };
}
