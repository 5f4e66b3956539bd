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

export type Form = "wide" | "narrow" | "phone";

export interface Layout {
  readonly form: Form;
  /** CSS pixels a pixel of the map. */
  readonly scale: number;
  /** Of the picture, where it differs: on a phone a square net's picture lies small over the map. */
  readonly pictureScale: number;
  /** The picture lies over a corner of the map. */
  readonly inset: boolean;
}

/** @param width @param height of the window @param net its width and height */
export function layoutOf(width: number, height: number, net: { width: number; height: number }): Layout {
  const form: Form = width < 700 ? "phone" : width < 1200 ? "narrow" : "wide";
  if (form === "phone") {
    const square = net.height > 0.85 * net.width;
    const scale = width / net.width;
    return { form, scale, pictureScale: square ? 150 / net.width : scale, inset: square };
  }
  const across = width - RAIL - (form === "wide" ? 208 : 64) - 3 * GAP;
  const down = height - TOP - OPTIONS - CAPTION - STYLES - STATUS - GAP;
  const scale = Math.max(0.5, Math.floor(2 * Math.min(across / 2 / net.width, down / net.height)) / 2);
  return { form, scale, pictureScale: scale, inset: false };
}

/** The window's size, which changes. */
export const windowSize = signal({ width: innerWidth, height: innerHeight });
addEventListener("resize", () => (windowSize.value = { width: innerWidth, height: innerHeight }));
