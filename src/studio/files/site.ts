// What this site has: nets.json, which scripts/build/site.mjs writes. Labels, sizes and names of styles are known before any weights arrive.

import type { LabelInfo } from "../../index.ts";

/** A net that the site offers. Addresses are relative to the page. */
export interface SiteNet {
  /** "landscape", "street" */
  readonly id: string;
  readonly weights: string;
  readonly encoder: string;
  /** Of the weights file. */
  readonly bytes: number;
  /** Of the weights file, in hex. */
  readonly sha256: string;
  /** Of the map and the picture, in pixels. */
  readonly width: number;
  readonly height: number;
  readonly labels: readonly LabelInfo[];
  /** The label of unknown pixels, as in NetInfo. */
  readonly dontCare: number | null;
  /** Names of the styles stored with the net, and of the one to begin with. */
  readonly presets: readonly string[];
  readonly style: string;
  /** What the net learned from, whose data they are, and what may be done with the net: English, for reading. */
  readonly data: string;
  readonly source: string;
  readonly licence: string;
}

export interface Site {
  /** The first is the one to begin with; empty on a site without weights. */
  readonly nets: readonly SiteNet[];
  /** The net that labels photos; null: this site has none. */
  readonly segmenter: null | { readonly weights: string; readonly bytes: number };
}

/** @throws Error if nets.json can't be read */
export async function loadSite(): Promise<Site> {
  const response = await fetch("nets.json");
  if (!response.ok) throw new Error(`nets.json: ${response.status}`);
  return (await response.json()) as Site;
}
