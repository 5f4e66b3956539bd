// Which style feeds which label, for nets that take a style for each region. Loaded with such a net.

import { signal } from "@preact/signals";
import { mixRegionStyles, type RegionStyles } from "../../sean.ts";
import { codes, flat } from "./codes.ts";

/** What a label is fed with: a style's id, and how far it moves from the chosen style towards that one, 0 to 1. */
export interface Feed {
  readonly id: string;
  readonly alpha: number;
}

/** Of a StyleEntry of library.ts. */
interface Entry {
  readonly id: string;
  readonly z: Float32Array;
}

export class Regions {
  readonly feeds = signal<ReadonlyMap<number, Feed>>(new Map());
  /** The labels that a click on a style feeds; undefined: all. */
  readonly selected = signal<ReadonlySet<number> | undefined>(undefined);
  /** Of the next feeds. */
  readonly alpha = signal(1);

  /** @param length of a region's code */
  constructor(private readonly length: number) {}

  isSelected(label: number): boolean {
    return this.selected.value?.has(label) ?? true;
  }

  /** @param all labels that there are */
  toggle(label: number, all: readonly number[]): void {
    const next = new Set(this.selected.value ?? all);
    if (!next.delete(label)) next.add(label);
    this.selected.value = all.every((other) => next.has(other)) ? undefined : next;
  }

  /** Selects all labels; none, if all are. */
  toggleAll(): void {
    this.selected.value = this.selected.value ? undefined : new Set();
  }

  /** Feeds the selected labels with a style, those of them that it has. @returns whether it has any */
  feed(entry: Entry): boolean {
    const feeds = this.feedsOf(entry);
    this.feeds.value = new Map([...this.feeds.value, ...feeds]);
    return feeds.length > 0;
  }

  private feedsOf({ id, z }: Entry): [label: number, Feed][] {
    return Object.keys(codes(z, this.length))
      .map(Number)
      .filter((label) => this.isSelected(label))
      .map((label) => [label, { id, alpha: this.alpha.value }]);
  }

  /** Sets alpha of the selected labels' feeds, and of those to come. */
  weigh(alpha: number): void {
    this.alpha.value = alpha;
    this.feeds.value = new Map(
      [...this.feeds.value].map(([label, feed]) => [label, this.isSelected(label) ? { ...feed, alpha } : feed]),
    );
  }

  /** Takes the selected labels back to the chosen style. */
  reset(): void {
    this.feeds.value = new Map([...this.feeds.value].filter(([label]) => !this.isSelected(label)));
  }

  /**
   * The style of the picture.
   * @param base the chosen style, of all labels that are not fed
   * @param find a style by its id; what feeds a label and is gone leaves it to the base
   * @param hovered shown as if it were taken
   */
  z(base: Float32Array, find: (id: string) => Entry | undefined, hovered: Entry | undefined): Float32Array {
    const { length } = this;
    const reference: Record<number, Float32Array> = {};
    const alphas: Record<number, number> = {};
    for (const [label, { id, alpha }] of [...this.feeds.value, ...(hovered ? this.feedsOf(hovered) : [])]) {
      const from = find(id)?.z.subarray(label * length, (label + 1) * length);
      if (!from) continue;
      reference[label] = from;
      alphas[label] = alpha;
    }
    const own: RegionStyles = Object.fromEntries(
      Array.from({ length: base.length / length }, (_, label) => [
        label,
        base.subarray(label * length, (label + 1) * length),
      ]),
    );
    return flat(mixRegionStyles(own, reference, alphas), base.length / length, length);
  }
}
