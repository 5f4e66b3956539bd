// Which parts of its layers a painter computes for the next picture. It keeps the results of its convolutions, so that a new map of the
// same style costs what it changes (tiles.ts); after a new style, an abort or an error, with another set of tables, and where a stroke would
// compute nearly all of a picture (MOST), all is computed.

import { ALL, countOf } from "../../../kernels/parts/extent.ts";
import type { LevelWindows } from "../../labels/windows.ts";
import { levelKey } from "../../models/nets/table_room.ts";
import type { HostArray } from "../../runtime/index.ts";
import type { TilePlan } from "./tiles.ts";

/**
 * The share of a picture's multiplications above which all is computed. The same kernels compute both, so tiles gain up to nearly
 * all: on lavapipe, of COCO's net at 256x256, 0.46 of the image stage's time at a share of 0.42, 0.95 at 0.81.
 */
const MOST = 0.95;

/** Rows of the tables by pixel, of a resolution. */
interface LevelRows {
  readonly generation: number;
  readonly rows: Int32Array;
}
type MapRows = ReadonlyMap<string, LevelRows>;

/** Of one program that keeps its layers. */
export class Edits {
  /** The map whose picture the layers hold. */
  private painted: MapRows | undefined;
  /** The map to paint. */
  private next: MapRows | undefined;
  /** The program's lists say that all is computed. */
  private saysAll = false;

  constructor(private readonly plan: TilePlan) {}

  /** Without a live dictionary rows have other numbers in every map. */
  setMap(windows: readonly LevelWindows[]): void {
    const rows = new Map<string, LevelRows>();
    for (const { h, w, outerIds, live } of windows)
      if (live) rows.set(levelKey(h, w), { generation: live.generation, rows: outerIds.slice() });
    this.next = rows.size === windows.length ? rows : undefined;
  }

  /** What the layers hold is of no use any more: another style is set, or the next picture begins. Gives what says that this one is done. */
  forget(): () => void {
    const { next } = this;
    this.painted = undefined;
    return () => (this.painted = next);
  }

  /** Values of the extents' inputs and counts for the next picture, and how many of its 2x2 tiles are computed; null: all. */
  prepare(): { inputs: Record<string, HostArray>; counts: Record<string, number>; tiles: number | null } {
    const inputs: Record<string, HostArray> = {};
    const counts: Record<string, number> = {};
    const changed = this.changes();
    const lists = changed && changed.share <= MOST ? changed : undefined;
    if (lists || !this.saysAll)
      for (const [name, size] of this.plan.sizes()) {
        inputs[name] = lists?.of.get(name) ?? Int32Array.of(ALL);
        counts[name] = countOf(lists ? inputs[name][0] : size);
      }
    this.saysAll = !lists;
    return { inputs, counts, tiles: lists?.tiles ?? null };
  }

  private changes(): ReturnType<TilePlan["lists"]> | undefined {
    const { painted, next } = this;
    const changed = new Map<string, Uint8Array>();
    for (const [key, { generation, rows }] of next ?? []) {
      const old = painted?.get(key);
      if (old?.generation !== generation) return undefined;
      const mask = new Uint8Array(rows.length);
      for (let i = 0; i < mask.length; i++) mask[i] = Number(rows[i] !== old.rows[i]);
      changed.set(key, mask);
    }
    return next && this.plan.lists((key) => changed.get(key));
  }
}
