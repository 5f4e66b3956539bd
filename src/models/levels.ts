// How the label tables of each resolution are made, decided from a map's dictionary: by distinct window, or densely.

import type { LevelWindows } from "../labels/windows.ts";
import type { LevelPlan } from "./generator.ts";

/**
 * Above this share of distinct inner windows the table of a level is made densely, by Winograd convolution of the gathered
 * mlp_shared map. Products alone say 1/2.25; the transforms, and a matrix product that is slower with few rows, move it up.
 */
const DENSE_SHARE = 0.9;
/** A level that went dense comes back only below this share, so that similar maps do not flip it. */
const LOOKUP_SHARE = 0.7;

const capacity = (count: number, least: number): number => Math.max(least, 2 ** Math.ceil(Math.log2(count)));

/** The plan for this map: the old one if it serves, else one with room. */
export function planLevel(windows: LevelWindows, old?: LevelPlan): LevelPlan {
  const { h, w, images, innerCount, outerCount } = windows;
  const pixels = images * h * w;
  const share = innerCount / pixels;
  const dense = share > (old?.mode === "dense" ? LOOKUP_SHARE : DENSE_SHARE);
  const name = `${w}x${h}`;
  if (dense) {
    if (old?.mode === "dense") return old;
    return { h, w, mode: "dense", inner: { name: `inner ${name}`, capacity: pixels + 1 }, outer: { name: `outer ${name}`, capacity: pixels } };
  }
  if (old?.mode === "lookup" && innerCount <= old.inner.capacity && outerCount <= old.outer.capacity) return old;
  // A quarter of room, so that the next map of this kind fits.
  const room = (count: number, before: number): number => Math.max(before, capacity(count * 1.25, 64));
  const before = old?.mode === "lookup" ? old : undefined;
  return {
    h,
    w,
    mode: "lookup",
    inner: { name: `inner ${name}`, capacity: room(innerCount, before?.inner.capacity ?? 0) },
    outer: { name: `outer ${name}`, capacity: room(outerCount, before?.outer.capacity ?? 0) },
  };
}
