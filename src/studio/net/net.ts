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

/** Whether a map is one of this net: of its size, and of its labels alone. */
export function fits({ width, height, labels, dontCare }: Net, ids: Uint8Array): boolean {
  const known = new Set<number | null>(labels.map(({ id }) => id)).add(dontCare);
  return ids.length === width * height && ids.every((id) => known.has(id));
}

/** Names of what fills an empty map above and below its middle, the first that the net has. */
const ABOVE = ["sky", "sky-other", "clouds"];
const BELOW = ["sea", "grass", "road"];

/** Sky above and ground below, as far as the net knows them. */
export function emptyMap({ width, height, labels }: Net): Uint8Array {
  const first = (names: readonly string[], other: number): number =>
    names.map((name) => labels.find((label) => label.name === name)?.id).find((id) => id !== undefined) ?? other;
  const above = first(ABOVE, labels.at(0)?.id ?? 0);
  return new Uint8Array(width * height).fill(above).fill(first(BELOW, above), (height >> 1) * width);
}
