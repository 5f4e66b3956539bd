// Scores how well a segmenter finds the labels from which a picture was painted: pixel accuracy and intersection over
// union, as in the SPADE paper, over the rows of a comparison: labels, or groups of labels.
//
//   accuracy = pixels found as their row / pixels
//   IoU(k) = found as k and of k / (found as k or of k)
//   mIoU = mean of IoU
//
// Pixels whose label is void are ignored. What is found at another pixel and belongs to no row is wrong. A row that is
// neither in the maps nor found has no IoU and is not part of the mean.

import type { LabelMap } from "../labels/label_map.ts";
import { SpadeError } from "../runtime/errors.ts";
import { NO_ROW, UNKNOWN, VOID, type Comparison } from "./comparison.ts";

export interface Scores {
  accuracy: number;
  mIoU: number;
  /** IoU by row; null for void labels and for rows that occur nowhere. */
  iou: (number | null)[];
  /** Number of pixels scored. */
  pixels: number;
  /** Pixels that are neither void nor scored, since no group holds their label; absent if there are none. */
  leftOut?: { label: number; pixels: number }[];
  /** Rows that the maps hold and that no class of the segmenter belongs to, so that their IoU is 0; absent if there are none. */
  neverFound?: number[];
}

export class Scorer {
  /** Pixel counts by row: whose label it is, where it was found, and both. */
  private readonly of: Float64Array;
  private readonly found: Float64Array;
  private readonly right: Float64Array;
  /** Pixels of labels without a row. */
  private readonly leftOut: Float64Array;

  constructor(private readonly comparison: Comparison) {
    const { rows, rowOfLabel } = comparison;
    [this.of, this.found, this.right] = [new Float64Array(rows), new Float64Array(rows), new Float64Array(rows)];
    this.leftOut = new Float64Array(rowOfLabel.length);
  }

  /**
   * Adds the pixels of a map. `classes`: one per pixel of the map. `where`: the map's file, for messages.
   * @throws SpadeError label: the segmenter can't know a pixel's label
   */
  add(map: LabelMap, classes: ArrayLike<number>, where: string): void {
    const { rowOfLabel, rowOfClass } = this.comparison;
    for (let i = 0; i < map.data.length; i++) {
      const label = map.data[i];
      const row = rowOfLabel[label];
      if (row === VOID) continue;
      if (row === UNKNOWN) {
        const { problem, fix } = this.comparison.unknown!(label);
        throw new SpadeError("label", where, problem, fix);
      }
      if (row === NO_ROW) {
        this.leftOut[label]++;
        continue;
      }
      const found = rowOfClass[classes[i]];
      this.of[row]++;
      if (found !== NO_ROW) this.found[found]++;
      if (found === row) this.right[row]++;
    }
  }

  /** @throws SpadeError label: every pixel was void or left out */
  scores(): Scores {
    const sum = (values: Iterable<number>): number => [...values].reduce((a, b) => a + b, 0);
    const iou = Array.from(this.of, (of, row) => {
      const either = of + this.found[row] - this.right[row];
      return either === 0 ? null : this.right[row] / either;
    });
    const known = iou.filter((v) => v !== null);
    const pixels = sum(this.of);
    if (!pixels)
      throw new SpadeError("label", "label maps", "hold nothing that counts", "check --void, --groups and the maps");
    const leftOut = [...this.leftOut.entries()].flatMap(([label, n]) => (n ? [{ label, pixels: n }] : []));
    const findable = new Set(this.comparison.rowOfClass);
    const neverFound = [...this.of.keys()].filter((row) => this.of[row] > 0 && !findable.has(row));
    return {
      accuracy: sum(this.right) / pixels,
      mIoU: sum(known) / known.length,
      iou,
      pixels,
      ...(leftOut.length > 0 && { leftOut }),
      ...(neverFound.length > 0 && { neverFound }),
    };
  }
}
