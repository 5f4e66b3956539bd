// What an edit costs beside a picture that is computed whole, over the share of the map's pixels that it changes: discs of several sizes, at
// places and with labels drawn with seed 1, on five COCO maps (the painted label is one of the map's own, other than the one at the disc's
// centre). An edit's time is that of its dictionary, its new rows of tables, its tiles and the picture's way back; a whole picture's, of the
// same map in another style, with its tables cached. And strokes of a brush, beside a new map.

import type { LabelMap } from "../../src/labels/label_map.ts";
import { normalValues, uniformValues } from "../../src/models/philox.ts";
import type { OpenNet } from "../../src/painting/open_net.ts";
import { windowsOf } from "../../src/painting/windows.ts";
import type { BenchMap } from "../lib/maps.ts";

/** Shares of the map's area. */
export const SHARES = [0.0002, 0.001, 0.003, 0.01, 0.03, 0.1];

export interface Edit {
  map: string;
  share: number;
  /** Pixels that changed. */
  pixels: number;
  /** ms */
  edit: number;
  /** ms of the whole picture before it. */
  whole: number;
  /** 2x2 tiles of the picture that were computed; null: all. */
  tiles: number | null;
}

/** Paints a disc of radius r that is moved from (x0, y0) to the right by `length` pixels. */
function swept(map: LabelMap, r: number, x0: number, y0: number, length: number, label: number): LabelMap {
  const { width: w, height: h } = map;
  const data = map.data.slice();
  for (let y = 0; y < h; y++)
    for (let x = 0; x < w; x++)
      if (Math.hypot(Math.max(x0 - x, 0, x - x0 - length), y - y0) <= r) data[y * w + x] = label;
  return { ...map, data };
}

/** From [-1, 1] to [0, 1): three draws a place, with seed 1. */
export const drawn = (places: number): Float32Array =>
  uniformValues(1, 3 * places).map((v) => Math.min((v + 1) / 2, 1 - 2 ** -24));

interface Place {
  x: number;
  y: number;
  label: number;
}

/** A pixel, and another label than it has, of the map's own. */
function placeOf(map: LabelMap, draws: Float32Array, i: number): Place {
  const [u, v, l] = draws.subarray(3 * i, 3 * i + 3);
  const [x, y] = [Math.floor(u * map.width), Math.floor(v * map.height)];
  const labels = [...new Set(map.data)].sort((a, b) => a - b).filter((label) => label !== map.data[y * map.width + x]);
  return { x, y, label: labels[Math.floor(l * labels.length)] };
}

const changedPixels = (a: LabelMap, b: LabelMap): number => {
  let count = 0;
  for (let i = 0; i < a.data.length; i++) if (a.data[i] !== b.data[i]) count++;
  return count;
};

/**
 * Discs of these shares of the area at each place. The net's painter keeps its layers (`edits`).
 * @param say is called with each edit
 */
export async function discs(
  { net, maps, shares, places }: { net: OpenNet; maps: readonly BenchMap[]; shares: readonly number[]; places: number },
  say: (edit: Edit) => void,
): Promise<Edit[]> {
  const { painter, config } = net;
  const draws = drawn(places);
  const out: Edit[] = [];
  let style = 0;
  for (const [m, { name, label: map, instance }] of maps.entries()) {
    const timed = async (changed: LabelMap): Promise<number> => {
      const z = normalValues(style, config.z_dim);
      const t0 = performance.now();
      await painter.setMap(net.windows(changed, instance));
      await painter.paint(z);
      return performance.now() - t0;
    };
    await timed(map);
    for (let i = m; i < places; i += maps.length) {
      const { x, y, label } = placeOf(map, draws, i);
      const t0 = performance.now();
      await painter.paint(normalValues(++style, config.z_dim));
      const whole = performance.now() - t0;
      for (const share of shares) {
        const changed = swept(map, Math.sqrt((share * map.width * map.height) / Math.PI), x, y, 0, label);
        const edit = await timed(changed);
        out.push({ map: name, share, pixels: changedPixels(map, changed), edit, whole, tiles: painter.tiles });
        say(out.at(-1)!);
        await timed(map);
      }
    }
  }
  return out;
}

/** A stroke of a 12-pixel brush, 12 pixels long, at each place of a map, beside that map as a new one. @returns ms of both, in turns */
export async function strokes(
  net: OpenNet,
  map: LabelMap,
  places: number,
): Promise<{ stroke: number[]; fresh: number[] }> {
  const { painter, config } = net;
  const z = new Float32Array(config.z_dim);
  const out: { stroke: number[]; fresh: number[] } = { stroke: [], fresh: [] };
  const draws = drawn(places);
  for (let i = -1; i < places; i++) {
    const { x, y, label } = placeOf(map, draws, Math.max(0, i));
    const t0 = performance.now();
    await painter.setMap(windowsOf(config, [map], null));
    await painter.paint(z);
    const t1 = performance.now();
    await painter.setMap(net.windows(map, undefined));
    await painter.paint(z);
    const t2 = performance.now();
    await painter.setMap(net.windows(swept(map, 6, x, y, 12, label), undefined));
    await painter.paint(z);
    const t3 = performance.now();
    // The first round compiles.
    if (i < 0) continue;
    out.fresh.push(t1 - t0);
    out.stroke.push(t3 - t2);
  }
  return out;
}

/** Whole pictures' time over edits', all together, and the slowest edit beside its whole picture. */
export function ratios(edits: readonly Edit[]): { share: number; ratio: number; slowest: number }[] {
  return [...new Set(edits.map((e) => e.share))].map((share) => {
    const own = edits.filter((e) => e.share === share);
    const sum = (of: (e: Edit) => number): number => own.reduce((all, e) => all + of(e), 0);
    return {
      share,
      ratio: sum((e) => e.whole) / sum((e) => e.edit),
      slowest: Math.max(...own.map((e) => e.edit / e.whole)),
    };
  });
}
