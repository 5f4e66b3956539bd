// What the tests of this folder share: controls over a small map.

import { signal } from "@preact/signals";
import { MapDocument } from "../../../src/studio/map/document.ts";
import { Settings } from "../../../src/studio/settings.ts";
import { MapControls } from "../../../src/studio/view/controls.ts";

export const LABELS = ["Sky", "Road", "Tree"].map((name, id) => ({ id, name, color: "#000000" }));

/** Controls over a map of these rows of ids, with a brush of one pixel and label 1. */
export function begin(...rows: string[]) {
  const doc = signal(new MapDocument(rows[0].length, rows.length, Uint8Array.from(rows.join(""), Number)));
  const settings = new Settings();
  settings.size.value = 1;
  settings.label.value = 1;
  const readOnly = signal(false);
  const scale = signal(10);
  const controls = new MapControls({ doc, settings, labels: signal(LABELS), scale, readOnly });
  return { doc, settings, readOnly, scale, controls, hand: controls.hand, viewport: controls.viewport };
}

/** The rows of a document. */
export const rows = ({ width, height, ids }: MapDocument): string[] =>
  Array.from({ length: height }, (_, y) => [...ids.subarray(y * width, (y + 1) * width)].join(""));

/** The middle of a pixel. */
export const on = (x: number, y: number) => ({ x: x + 0.5, y: y + 0.5 });
