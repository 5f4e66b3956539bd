// Writes the document when the hand rests, and at the latest when the page is left.

import { signal } from "@preact/signals";
import { texts } from "../texts.ts";
import { Documents, type Kept, type Opened } from "./documents.ts";

/** After the last change. */
const REST_MS = 500;
/** While changes go on without a rest. */
const MOST_MS = 5000;

export class Autosave {
  /** What to begin with; undefined: the first visit. Set by `open`. */
  kept: Kept | undefined;
  /** Another tab has the document, and this is a copy. Set by `open`. */
  isCopy = false;
  /** Why nothing is kept, for people. */
  readonly problem = signal<string | undefined>(undefined);
  private opened: Opened | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** When the oldest change happened that is not written. */
  private since: number | undefined;
  private writing: Promise<void> = Promise.resolve();

  /** @param now what is to be kept; called when it is written */
  constructor(
    private readonly now: () => Kept,
    private readonly documents = new Documents(),
  ) {
    const leave = (): void => void (document.visibilityState === "hidden" && this.flush());
    document.addEventListener("visibilitychange", leave);
    addEventListener("pagehide", () => void this.flush());
  }

  /** Finds what this tab is to go on with. Never fails: `problem` says why nothing can be kept. */
  async open(): Promise<void> {
    try {
      this.opened = await this.documents.open();
      ({ kept: this.kept, isCopy: this.isCopy } = this.opened);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Something has changed. */
  changed(): void {
    if (!this.opened) return;
    this.since ??= performance.now();
    const left = MOST_MS - (performance.now() - this.since);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.flush(), Math.max(0, Math.min(REST_MS, left)));
  }

  /** Writes what is not written yet. */
  flush(): Promise<void> {
    clearTimeout(this.timer);
    const { opened } = this;
    if (!opened || this.since === undefined) return this.writing;
    this.since = undefined;
    const kept = this.now();
    // Not after the write before: when the page is left there is no time to wait. IndexedDB keeps the order.
    const written = this.documents.write(opened.key, kept).then(
      () => void (this.problem.value = undefined),
      (error: unknown) => this.fail(error),
    );
    this.writing = Promise.all([this.writing, written]).then(() => undefined);
    return this.writing;
  }

  private fail(error: unknown): void {
    this.problem.value = texts.keep.unable(error instanceof Error ? error.message : String(error));
  }
}
