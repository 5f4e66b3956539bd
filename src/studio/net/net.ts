// A net that the page can paint with: one of the site, or one that a person dropped on the page.

import type { LabelInfo } from "../../index.ts";

/** A SiteNet of files/site.ts is one. */
export interface Net {
  /** "landscape"; for a dropped file its name. */
  readonly id: string;
  readonly weights: string | Blob;
  /** Of the weights, in hex: saved pictures name their net by it. */
  readonly sha256: string;
  /** Left out: the one that the weights name. */
  readonly encoder?: string;
  /** Of the map and the picture, in pixels. */
  readonly width: number;
  readonly height: number;
  readonly labels: readonly LabelInfo[];
  readonly dontCare: number | null;
  /** Name of the preset to begin with; left out: the first. */
  readonly style?: string;
  /** Of the weights. */
  readonly bytes: number;
  /** What the net has learned from and its terms, for reading; empty where nobody knows. */
  readonly data: string;
  readonly licence: string;
}
