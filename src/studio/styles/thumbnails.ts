// Small pictures of the map in every style, painted one at a time when nothing else is to be painted.

import { signal } from "@preact/signals";
import type { Engine } from "../net/engine.ts";
import type { StyleEntry } from "./library.ts";

/** How long nothing has changed before they are painted, in ms: a stroke that begins meanwhile would have to wait for one. */
const REST = 500;

export interface Thumbnail {
  readonly image: ImageData;
  /** Of the map that is there now; else of an earlier one. */
  readonly fresh: boolean;
}

export class Thumbnails {
  /** By id of the style. */
  readonly all = signal<ReadonlyMap<string, Thumbnail>>(new Map());
  /** The map of which they are painted. */
  private ids = new Uint8Array();
  /** Rises with the map; jobs of an earlier one end. */
  private turn = 0;
  private waiting: ReturnType<typeof setTimeout> | undefined;

  /** The map has changed: all are stale, and stay until new ones are there. */
  stale(): void {
    this.turn++;
    // A stroke calls this with every move: tiles are drawn anew only the first time.
    if (![...this.all.value.values()].some(({ fresh }) => fresh)) return;
    this.all.value = new Map([...this.all.value].map(([id, { image }]) => [id, { image, fresh: false }]));
  }

  /** Paints those that are stale or missing, in order, when the hand rests. @param ids the map, copied */
  paint(engine: Engine, ids: Uint8Array, styles: readonly StyleEntry[]): void {
    this.ids = ids.slice();
    const turn = ++this.turn;
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.next(engine, turn, styles), REST);
  }

  private next(engine: Engine, turn: number, styles: readonly StyleEntry[]): void {
    const entry = styles.find(({ id }) => !this.all.value.get(id)?.fresh);
    if (!entry || turn !== this.turn) return;
    engine.whenIdle(async () => {
      if (turn !== this.turn) return;
      const image = await engine.picture({ ids: this.ids, style: entry.z });
      if (turn !== this.turn) return;
      this.all.value = new Map(this.all.value).set(entry.id, { image, fresh: true });
      this.next(engine, turn, styles);
    });
  }

  clear(): void {
    this.turn++;
    this.all.value = new Map();
  }
}
