// The tables of one resolution on a device, and which of their rows are computed: windows that occurred in earlier maps keep their rows,
// and a run computes only those of new windows.

import type { LevelWindows } from "../labels/windows.ts";
import { levelValues } from "../models/nets/level_inputs.ts";
import type { TableRoom } from "../models/nets/table_room.ts";
import type { TablesRecording } from "./spade_stages.ts";
import type { Stage } from "./stage.ts";

/** Rows 0 .. rows-1 are computed; row numbers are the window ids of this generation of the dictionary. */
interface Made {
  readonly generation: number;
  readonly rows: number;
}

export class TableRows {
  /** Rows that are valid once the stage has run. */
  private pending: Made | undefined;
  /** Rows that are valid even if the next run fails. */
  private made: Made | undefined;

  constructor(readonly stage: Stage<TablesRecording>) {}

  get room(): TableRoom {
    return this.stage.recording.room;
  }

  /** Whether the live dictionary's ids and new windows have room here. The room was chosen for the windows of the map itself. */
  fits({ live }: LevelWindows): boolean {
    if (!live) return true;
    // Dense tables have one row per pixel, with ids of this map only.
    if (this.room.mode === "dense") return false;
    if (live.total > this.room.outer.capacity) return false;
    return live.rowsFrom(this.from(live.generation)).innerCount <= this.room.inner.capacity;
  }

  private from(generation: number): number {
    if (!this.stage.isStale) this.made = this.pending;
    return this.made?.generation === generation ? this.made.rows : 0;
  }

  /** Sets a map's dictionary. Marks the stage as stale only if rows must be computed; gives their number. */
  fill(lw: LevelWindows): number {
    const { live } = lw;
    const dense = this.room.mode === "dense";
    const from = live && !dense ? this.from(live.generation) : 0;
    const rows = live && !dense ? live.rowsFrom(from) : lw;
    const { inputs, counts } = levelValues(this.room, { ...rows, innerIds: lw.innerIds }, from);
    this.made = from > 0 ? this.made : undefined;
    this.pending = live && !dense ? { generation: live.generation, rows: live.total } : undefined;
    if (rows.outerCount === 0) return 0;
    this.stage.set(inputs, counts);
    this.stage.change("map");
    return dense ? lw.outerCount : rows.outerCount;
  }
}
