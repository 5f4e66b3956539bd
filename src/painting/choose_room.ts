// How the label tables of each resolution are made, decided from a map's dictionary: by distinct window, or densely.

import type { LevelWindows } from "../labels/windows.ts";
import { levelKey, type TableRoom } from "../models/nets/table_room.ts";

/**
 * Above this share of distinct inner windows the table of a level is made densely, by Winograd convolution of the gathered
 * mlp_shared map. Products alone say 1/2.25; the transforms, and a matrix product that is slower with few rows, move it up.
 */
const DENSE_SHARE = 0.9;
/** In training a level that went dense comes back only below this share, so that similar batches do not flip it. */
const LOOKUP_SHARE = 0.7;
/** Levels of at most so many pixels have room for every case, and no other mode: their tables cost little either way. */
const SMALL = 16 * 16;
/** Windows are many where labels meet, and borders grow as the side: the most of 21 COCO maps at 64 to 256 pixels a side. */
const INNER_A_SIDE = 32;
const OUTER_A_SIDE = 64;

type Size = Pick<LevelWindows, "h" | "w" | "images">;

/** Tables of a small level have room for so many maps: their rows live on from map to map, and many of them are new after an edit. */
const SMALL_MAPS = 2;

/**
 * Room for these counts, in powers of two up to what the pixels allow, and no less than before. @param maps for so many maps a small level
 * has room
 */
function lookup({ h, w, images }: Size, inner: number, outer: number, maps: number, before?: TableRoom): TableRoom {
  const pixels = images * h * w;
  const room = (count: number, most: number, least = 0): number =>
    h * w <= SMALL ? most : Math.max(least, Math.min(most, 2 ** Math.ceil(Math.log2(Math.max(64, count)))));
  const name = levelKey(h, w);
  return {
    h,
    w,
    mode: "lookup",
    inner: { name: `inner ${name}`, capacity: room(inner, pixels + 1, before?.inner.capacity) },
    outer: {
      name: `outer ${name}`,
      capacity: room(outer, h * w <= SMALL ? maps * pixels : pixels, before?.outer.capacity),
    },
  };
}

function dense({ h, w, images }: Size): TableRoom {
  const pixels = images * h * w;
  const name = levelKey(h, w);
  return {
    h,
    w,
    mode: "dense",
    inner: { name: `inner ${name}`, capacity: pixels + 1 },
    outer: { name: `outer ${name}`, capacity: pixels },
  };
}

/** The room before any map is known, as the usual map wants it. */
export function usualRoom(size: Size): TableRoom {
  const side = size.images * Math.sqrt(size.h * size.w);
  return lookup(size, INNER_A_SIDE * side, OUTER_A_SIDE * side, SMALL_MAPS);
}

/**
 * The room for this map: one of the known ones if the map fits, else a larger one. Capacities never shrink. The mode is decided from the
 * map's own counts, so that a picture does not depend on the maps before it.
 * @param old the current room
 * @param other the room of the other mode, if there ever was one
 */
export const roomFor = (windows: LevelWindows, old?: TableRoom, other?: TableRoom): TableRoom =>
  choose(windows, DENSE_SHARE, SMALL_MAPS, old, other);

/** The same in training, where a change of mode records the step anew: it depends on the room before. */
export const trainingRoomFor = (windows: LevelWindows, old?: TableRoom): TableRoom =>
  choose(windows, old?.mode === "dense" ? LOOKUP_SHARE : DENSE_SHARE, 1, old);

function choose(
  windows: LevelWindows,
  denseShare: number,
  maps: number,
  old?: TableRoom,
  other?: TableRoom,
): TableRoom {
  const { h, w, images, innerCount, outerCount } = windows;
  const share = innerCount / (images * h * w);
  const isDense = h * w > SMALL && share > denseShare;
  const known = [old, other].find((room) => room?.mode === (isDense ? "dense" : "lookup"));
  if (isDense) return known ?? dense(windows);
  if (known && innerCount <= known.inner.capacity && outerCount <= known.outer.capacity) return known;
  // A quarter of room, so that the next map of this kind fits.
  return lookup(windows, innerCount * 1.25, outerCount * 1.25, maps, known);
}
