// The map that a person paints: ids of exactly the net's input size, edits that can be undone, labels that are locked.

import { signal, type ReadonlySignal } from "@preact/signals";

/** Pixels that an edit changed, and what stood there before and after. */
interface Step {
  /** Places in rising order. */
  readonly places: Uint32Array;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

/** A run of pixels of one row: from x0 to before x1. Parts outside the map are left out. */
export interface Span {
  readonly y: number;
  readonly x0: number;
  readonly x1: number;
}

/**
 * The document. An edit begins, paints any number of spans and is then one step of undo, or is cancelled. Ids are never resampled; a map of
 * another size is another document.
 */
export class MapDocument {
  /** The ids now, an edit under way included. Row by row; not to be written to from outside. */
  readonly ids: Uint8Array;
  private readonly changes = signal(0);
  private readonly past: Step[] = [];
  private readonly future: Step[] = [];
  private readonly undoable = signal(false);
  private readonly redoable = signal(false);
  private readonly moves = signal(0);
  /** Rises when all ids were given anew. */
  readonly replaced = signal(0);
  /** The ids before the edit under way. */
  private original: Uint8Array | undefined;

  constructor(
    readonly width: number,
    readonly height: number,
    ids: Uint8Array,
  ) {
    if (ids.length !== width * height) throw new Error(`${ids.length} ids for ${width} x ${height}`);
    this.ids = ids.slice();
  }

  /** Rises with every change of `ids`. */
  get version(): ReadonlySignal<number> {
    return this.changes;
  }
  /** Rises with every whole step: an edit that ended, undo, redo. */
  get steps(): ReadonlySignal<number> {
    return this.moves;
  }
  get canUndo(): ReadonlySignal<boolean> {
    return this.undoable;
  }
  get canRedo(): ReadonlySignal<boolean> {
    return this.redoable;
  }
  /** An edit is under way. */
  get editing(): boolean {
    return this.original !== undefined;
  }

  /** Begins an edit; one that is under way is kept as a step. */
  begin(): void {
    this.commit();
    this.original = this.ids.slice();
  }

  /**
   * Paints spans within the edit under way.
   * @param locked labels whose pixels keep their label
   * @returns whether a pixel changed
   */
  paint(spans: Iterable<Span>, id: number, locked: ReadonlySet<number>): boolean {
    if (!this.original) throw new Error("paint without begin");
    const { width, height, ids } = this;
    let changed = false;
    for (const { y, x0, x1 } of spans) {
      if (y < 0 || y >= height) continue;
      const end = y * width + Math.min(x1, width);
      for (let p = y * width + Math.max(x0, 0); p < end; p++) {
        if (ids[p] === id || locked.has(ids[p])) continue;
        ids[p] = id;
        changed = true;
      }
    }
    if (changed) this.rise();
    return changed;
  }

  /** Ends the edit under way, if there is one; one that changed nothing is no step. */
  commit(): void {
    const before = this.original;
    this.original = undefined;
    if (!before) return;
    const { ids } = this;
    let count = 0;
    for (let p = 0; p < ids.length; p++) if (before[p] !== ids[p]) count++;
    if (!count) return;
    const step = { places: new Uint32Array(count), before: new Uint8Array(count), after: new Uint8Array(count) };
    for (let p = 0, i = 0; i < count; p++) {
      if (before[p] === ids[p]) continue;
      step.places[i] = p;
      step.before[i] = before[p];
      step.after[i++] = ids[p];
    }
    this.past.push(step);
    this.future.length = 0;
    this.stepped();
  }

  /** Takes the edit under way back. */
  cancel(): void {
    if (!this.original) return;
    this.ids.set(this.original);
    this.original = undefined;
    this.rise();
  }

  /** All ids anew, in one step. @param ids of the same size */
  replace(ids: Uint8Array): void {
    if (ids.length !== this.ids.length) throw new Error(`${ids.length} ids in place of ${this.ids.length}`);
    this.begin();
    this.ids.set(ids);
    this.rise();
    this.commit();
    this.replaced.value = this.replaced.peek() + 1;
  }

  undo(): void {
    this.commit();
    this.move(this.past, this.future, "before");
  }
  redo(): void {
    this.commit();
    this.move(this.future, this.past, "after");
  }

  private move(from: Step[], to: Step[], side: "before" | "after"): void {
    const step = from.pop();
    if (!step) return;
    const ids = step[side];
    for (let i = 0; i < ids.length; i++) this.ids[step.places[i]] = ids[i];
    to.push(step);
    this.rise();
    this.stepped();
  }

  /** Without reading the signal's value, so that an effect which edits does not run again because of its own edit. */
  private rise(): void {
    this.changes.value = this.changes.peek() + 1;
  }

  private stepped(): void {
    this.moves.value = this.moves.peek() + 1;
    this.undoable.value = this.past.length > 0;
    this.redoable.value = this.future.length > 0;
  }
}
