// Which parts of its layers a painter computes for the next picture. It keeps the results of its convolutions, so that a new map of the
// same style costs what it changes (tiles.ts); after a new style, an abort or an error, with another set of tables, and where a stroke would
// compute more than half of a picture, all is computed.

import { ALL, countOf } from "../../kernels/parts/extent.ts";
import type { LevelWindows } from "../labels/windows.ts";
import { levelKey } from "../models/nets/table_room.ts";
import type { HostArray } from "../runtime/index.ts";
import type { TilePlan } from "./tiles.ts";

/**
 * The share of a picture's multiplications above which all is computed. The same kernels compute both, so tiles cost their share: on lavapipe
 * 0.94 of a picture's time at a share of 0.93, of COCO's net at 256x256 (`npm run bench -- edits`).
 */
const MOST = 0.95;

/** Rows of the tables by pixel, of a resolution. */
interface LevelRows {
  readonly generation: number;
  readonly rows: Int32Array;
}
type MapRows = ReadonlyMap<string, LevelRows>;

export class Edits {
  /** The map whose picture the layers hold. */
  private painted: MapRows | undefined;
  /** The map to paint. */
  private next: MapRows | undefined;
  private given: "all" | "some" | undefined;
  private readonly sizes: ReadonlyMap<string, number>;

  constructor(private readonly plan: TilePlan) {
    this.sizes = plan.sizes();
  }

  /** The program that keeps the layers is a new one. */
  reset(): void {
    this.painted = this.given = undefined;
  }

  /** What the layers hold is of another style. */
  restyle(): void {
    this.painted = undefined;
  }

  /** Without a live dictionary rows have other numbers in every map. */
  setMap(windows: readonly LevelWindows[]): void {
    const rows = new Map<string, LevelRows>();
    for (const { h, w, outerIds, live } of windows)
      if (live) rows.set(levelKey(h, w), { generation: live.generation, rows: outerIds.slice() });
    this.next = rows.size === windows.length ? rows : undefined;
  }

  /** Values of the extents' inputs and counts for the next picture, and how many of its 2x2 tiles are computed; null: all. */
  prepare(): { inputs: Record<string, HostArray>; counts: Record<string, number>; tiles: number | null } {
    const { sizes } = this;
    const lists = this.painted && this.next && this.changes(this.painted, this.next);
    const inputs: Record<string, HostArray> = {};
    const counts: Record<string, number> = {};
    if (lists && lists.share <= MOST) {
      for (const [name, list] of lists.of) {
        inputs[name] = list;
        counts[name] = countOf(list[0]);
      }
      this.given = "some";
      return { inputs, counts, tiles: lists.tiles };
    }
    if (this.given !== "all")
      for (const [name, size] of sizes) {
        inputs[name] = Int32Array.of(ALL);
        counts[name] = countOf(size);
      }
    this.given = "all";
    return { inputs, counts, tiles: null };
  }

  /** A picture begins: until it is done, the layers hold none. Gives what says so. */
  begin(): () => void {
    const { next } = this;
    this.painted = undefined;
    return () => (this.painted = next);
  }

  private changes(before: MapRows, after: MapRows): ReturnType<TilePlan["lists"]> | undefined {
    const changed = new Map<string, Uint8Array>();
    for (const [key, { generation, rows }] of after) {
      const old = before.get(key);
      if (old?.generation !== generation) return undefined;
      const mask = new Uint8Array(rows.length);
      for (let i = 0; i < rows.length; i++) if (rows[i] !== old.rows[i]) mask[i] = 1;
      changed.set(key, mask);
    }
    return this.plan.lists((key) => changed.get(key));
  }
}
