// From a photo's classes to a label map.

import { DONT_CARE_ID } from "../labels/label_map.ts";
import { polite } from "../runtime/yield.ts";
import type { Decided } from "./decide.ts";

/** What classes become. */
export interface ToLabels {
  /** Labels by class, from labelsOfClasses. */
  readonly labels: Uint16Array;
  /** The label of pixels of which the net is less sure than `minConfidence`. */
  readonly unknown: number;
  /** From 0 to 1. */
  readonly minConfidence: number;
}

/** Pixels between two looks at the clock. */
const STEP = 1 << 16;

/** The label of each pixel, of 8 bits, or of 16 where a label needs them. In steps between which a page's frames are drawn. */
export async function labelled(
  { classes, confidence }: Decided,
  { labels, unknown, minConfidence }: ToLabels,
): Promise<Uint8Array | Uint16Array> {
  const breathe = polite();
  const isWide = Math.max(unknown, ...labels) > DONT_CARE_ID;
  const map = new (isWide ? Uint16Array : Uint8Array)(classes.length);
  for (let first = 0; first < map.length; first += STEP) {
    const end = Math.min(first + STEP, map.length);
    for (let p = first; p < end; p++) map[p] = confidence[p] < minConfidence ? unknown : labels[classes[p]];
    await breathe();
  }
  return map;
}
