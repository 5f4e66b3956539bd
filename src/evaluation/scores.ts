// Scores how well a segmenter finds the labels from which a picture was painted: pixel accuracy and intersection over
// union, as in the SPADE paper.
//
//   accuracy = pixels found as their label / pixels
//   IoU(k) = found as k and of k / (found as k or of k)
//   mIoU = mean of IoU
//
// Pixels whose label is void are ignored. If the segmenter finds void at another pixel, that pixel is wrong. A label
// that is neither in the maps nor found has no IoU and is not part of the mean.

import type { LabelMap } from "../labels/label_map.ts";
import { SpadeError } from "../runtime/errors.ts";

export interface Scores {
  accuracy: number;
  mIoU: number;
  /** IoU by label; null for void labels and for labels that occur nowhere. */
  iou: (number | null)[];
  /** Number of pixels scored, i.e. whose label is not void. */
  pixels: number;
}

export class Confusion {
  /** Pixel counts, [label][found]. */
  private readonly counts: Float64Array;
  private readonly isVoid: ReadonlySet<number>;

  constructor(
    /** Number of classes of the segmenter, void ones included. */
    readonly classes: number,
    voids: Iterable<number>,
  ) {
    this.counts = new Float64Array(classes * classes);
    this.isVoid = new Set(voids);
  }

  /**
   * Adds the pixels of a map. `found`: one class per pixel of the map. `where`: the map's file, for messages.
   * @throws SpadeError label: a pixel's label is neither void nor a class of the segmenter
   */
  add(map: LabelMap, found: ArrayLike<number>, where: string): void {
    for (let i = 0; i < map.data.length; i++) {
      const label = map.data[i];
      if (this.isVoid.has(label)) continue;
      if (label >= this.classes)
        throw new SpadeError(
          "label",
          where,
          `holds the label ${label}, and the segmenter knows 0 to ${this.classes - 1}`,
          "give the segmenter of these labels, or --void with the labels that do not count",
        );
      this.counts[label * this.classes + found[i]]++;
    }
  }

  /** @throws SpadeError label: every pixel was void */
  scores(): Scores {
    const { classes, counts, isVoid } = this;
    const ids = Array.from({ length: classes }, (_, id) => id);
    const sum = (values: number[]): number => values.reduce((a, b) => a + b, 0);
    const right = (id: number): number => counts[id * classes + id];
    const iou = ids.map((id) => {
      const all = sum(ids.map((other) => counts[id * classes + other] + counts[other * classes + id])) - right(id);
      return isVoid.has(id) || all === 0 ? null : right(id) / all;
    });
    const known = iou.filter((v) => v !== null);
    const pixels = sum([...counts]);
    if (!pixels) throw new SpadeError("label", "label maps", "hold nothing but void", "check --void and the maps");
    return { accuracy: sum(ids.map(right)) / pixels, mIoU: sum(known) / known.length, iou, pixels };
  }
}
