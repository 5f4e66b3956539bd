// How large map and picture are shown: the largest multiple of one half that fits.

import { signal } from "@preact/signals";

/** Sizes of the regions, in CSS pixels; studio.css has the same. */
const TOP = 44;
const RAIL = 48;
const OPTIONS = 36;
const STYLES = 112;
const STATUS = 26;
const GAP = 24;
const CAPTION = 24;

/** Of a low window: TOP, OPTIONS, CAPTION and STATUS together, the styles beside the picture, and the gap. */
const BARS = 116;
const STRIP = 92;
const LITTLE = 8;

export type Form = "wide" | "narrow" | "low" | "phone";

export interface Layout {
  readonly form: Form;
  /** CSS pixels a pixel of the map. */
  readonly scale: number;
  /** Of the picture, where it differs: on a phone a square net's picture lies small over the map. */
  readonly pictureScale: number;
  /** The picture lies over a corner of the map. */
  readonly inset: boolean;
  /** The map stands over the picture, not beside it. */
  readonly stacked: boolean;
}

/** @param width @param height of the window @param net its width and height */
export function layoutOf(width: number, height: number, net: { width: number; height: number }): Layout {
  const low = height < 500 && width > height;
  const form: Form = low ? "low" : width < 700 ? "phone" : width < 1200 ? "narrow" : "wide";
  if (form === "phone") {
    const square = net.height > 0.85 * net.width;
    const scale = width / net.width;
    return { form, scale, pictureScale: square ? 150 / net.width : scale, inset: square, stacked: false };
  }
  const across = width - RAIL - (form === "wide" ? 208 : 64) - (low ? STRIP + 3 * LITTLE : 3 * GAP);
  const down = height - (low ? BARS : TOP + OPTIONS + CAPTION + STYLES + STATUS + GAP);
  const multiple = (w: number, h: number): number => Math.floor(2 * Math.min(w / net.width, h / net.height)) / 2;
  const beside = multiple(across / 2, down);
  const over = low ? 0 : multiple(across, (down - CAPTION) / 2);
  const scale = Math.max(0.5, beside, over);
  return { form, scale, pictureScale: scale, inset: false, stacked: over > beside };
}

/** The window's size, which changes. */
export const windowSize = signal({ width: innerWidth, height: innerHeight });
addEventListener("resize", () => (windowSize.value = { width: innerWidth, height: innerHeight }));
