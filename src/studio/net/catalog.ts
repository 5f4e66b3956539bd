// The nets that a site offers, as its nets.json says: enough to paint maps before any weights are there.

import type { LabelInfo } from "../../index.ts";

/** A net of the site, or one that was dropped on the page. Addresses are relative to the page. */
export interface Net {
  /** "landscape"; for a dropped file the first 16 digits of its SHA-256. */
  readonly id: string;
  /** For people. */
  readonly name: string;
  readonly weights: string | Blob;
  /** SHA-256 of the weights in hex: saved pictures and maps name their net by it. */
  readonly sha256: string;
  /** Size of the map and the picture. */
  readonly width: number;
  readonly height: number;
  readonly labels: readonly LabelInfo[];
  readonly dontCare: number | null;
  /** Bytes of the weights. */
  readonly bytes: number;
  /** What the net has learned from, and its terms; empty where nobody knows. */
  readonly learned: string;
  readonly terms: string;
}

export interface Catalog {
  readonly nets: readonly Net[];
  /** The net that makes maps of photos; absent where the site lacks it. */
  readonly labeler?: string;
}

/** @throws Error: there is none, or it is damaged */
export async function loadCatalog(address = "nets.json"): Promise<Catalog> {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address}: ${answer.status} ${answer.statusText}`);
  return (await answer.json()) as Catalog;
}
