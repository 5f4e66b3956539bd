// What the person has chosen for painting. Signals: what reads them in a component or an effect follows them.

import { signal } from "@preact/signals";

export const TOOLS = ["brush", "fill", "line", "rectangle", "picker"] as const;
export type Tool = (typeof TOOLS)[number];

export const SHAPES = ["round", "square", "diamond"] as const;
export type StampShape = (typeof SHAPES)[number];

/** Sizes of the brush, in pixels of the map. */
export const SMALLEST = 1;
export const LARGEST = 64;

export class Settings {
  readonly tool = signal<Tool>("brush");
  readonly shape = signal<StampShape>("round");
  /** Diameter of the brush and width of lines, in pixels of the map, SMALLEST to LARGEST. */
  readonly size = signal(12);
  /** Id of the label that is painted, and of the one before it. */
  readonly label = signal(0);
  readonly lastLabel = signal(0);
  /** Ids that no tool paints over. */
  readonly locked = signal<ReadonlySet<number>>(new Set());
  /** A pen has been used here. */
  readonly hasPen = signal(false);
  /** The pen's pressure decides the size, from a quarter of it up. */
  readonly pressure = signal(true);
  /** Id under the pointer in the list of labels: its regions are outlined in the map. */
  readonly outlined = signal<number | undefined>(undefined);
  /** Id under the pointer in the map: it is marked in the list. */
  readonly pointed = signal<number | undefined>(undefined);

  take(label: number): void {
    if (label === this.label.value) return;
    this.lastLabel.value = this.label.value;
    this.label.value = label;
  }
}
