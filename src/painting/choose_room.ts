// Chooses mode and capacity of each resolution's label tables from a map's dictionary: lookup (per distinct window) or dense (per pixel).

import type { LevelWindows } from "../labels/windows.ts";
import { levelKey, type TableRoom } from "../models/nets/table_room.ts";

/**
 * Above this ratio of distinct inner windows to pixels a level's table is computed densely, by Winograd convolution of the gathered
 * mlp_shared map. Counting multiplications gives 1/2.25; the transforms, and a matrix product that is slower with few rows, raise it.
 */
const DENSE_SHARE = 0.9;
/** In training a dense level returns to lookup only up to this ratio, so that similar batches do not switch it back and forth. */
const LOOKUP_SHARE = 0.7;
/** Levels of at most this many pixels always use lookup, with room for any map: their tables cost little. */
export const SMALL = 16 * 16;
/** Distinct windows per pixel of the side, as label borders grow with the side. The maxima over 21 COCO maps of sides 64 to 256. */
const INNER_A_SIDE = 32;
const OUTER_A_SIDE = 64;

type Size = Pick<LevelWindows, "h" | "w" | "images">;

/** Tables of a small level have room for this many maps: rows are kept from map to map, and an edit of the map adds many new ones. */
const SMALL_MAPS = 2;

/**
 * Lookup room for these counts: rounded up to powers of two, at most what the pixels need, at least that of `before`.
 * @param maps number of maps that a small level has room for
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

/** The room before any map is known, for a typical map. */
export function usualRoom(size: Size): TableRoom {
  const side = size.images * Math.sqrt(size.h * size.w);
  return lookup(size, INNER_A_SIDE * side, OUTER_A_SIDE * side, SMALL_MAPS);
}

/**
 * The room for this map: one of the known ones if the map fits, else a larger one. Capacities never shrink. The mode depends only on the
 * map's own counts, so that a picture does not depend on earlier maps.
 * @param old the current room
 * @param other the room of the other mode, if there ever was one
 */
export const roomFor = (windows: LevelWindows, old?: TableRoom, other?: TableRoom): TableRoom =>
  choose(windows, DENSE_SHARE, SMALL_MAPS, old, other);

/** The same for training. There a change of mode re-records the step, so the mode also depends on the previous room. */
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
  // 25 % spare capacity, so that the next similar map fits.
  return lookup(windows, innerCount * 1.25, outerCount * 1.25, maps, known);
}
