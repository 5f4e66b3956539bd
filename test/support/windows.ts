// Dictionaries of small maps for kernel tests.

import { buildLevels } from "../../src/labels/levels.ts";
import type { LevelWindows } from "../../src/labels/windows.ts";
import { noise } from "./device.ts";

/** Maps of regions: boxes of random labels over label 0. `plain`: label 0 alone. */
export function windowsOf(
  [images, h, w]: readonly number[],
  {
    k = 3,
    labels = 5,
    edges = true,
    plain = false,
  }: { k?: number; labels?: number; edges?: boolean; plain?: boolean } = {},
): LevelWindows {
  const random = noise(1000, h * 31 + w);
  let at = 0;
  const below = (n: number): number => Math.floor(((random[at++ % 1000] + 1) / 2) * n);
  const maps = Array.from({ length: images }, () => {
    const data = new Uint8Array(h * w);
    for (let box = 0; box < (plain ? 0 : 5); box++) {
      const [y0, x0, label] = [below(h), below(w), below(labels)];
      for (let y = y0; y < Math.min(h, y0 + 6); y++)
        for (let x = x0; x < Math.min(w, x0 + 7); x++) data[y * w + x] = label;
    }
    return { data, width: w, height: h };
  });
  return buildLevels(maps, edges ? maps : null, { labelCount: labels, dontCare: null, edges }, [{ h, w, k }])[0];
}

/** A table's rows with some spare ones, so that capacity and count differ. */
export const SPARE = 3;

/** Rows of T by tap, and windows that name them, of the outer windows from `from` on. */
export function pickedRows(outer: Int32Array, from: number, taps: number): { picks: number[][]; windows: Int32Array } {
  const picks = Array.from({ length: taps }, () => [0]);
  const windows = outer.slice(from * taps).map((id, i) => {
    const rows = picks[i % taps];
    if (!rows.includes(id)) rows.push(id);
    return rows.indexOf(id);
  });
  return { picks, windows };
}
