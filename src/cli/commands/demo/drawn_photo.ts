// Drawn "photographs" of landscape maps: every label in its two colours, from its region's top to its bottom, with some grain. They show a net of
// SEAN what a region is to look like, without a photograph's licence.

import type { LabelMap } from "../../../labels/label_map.ts";
import { normalValues } from "../../../models/philox.ts";
import { landscapeLabels } from "../../../pictures/landscape_labels.ts";
import type { Rgb } from "../../../training/records/pictures.ts";

/** Colours of labels, at the top and at the bottom of a region. */
type Look = Readonly<Record<string, readonly [top: number, bottom: number]>>;

export const EVENING: Look = {
  sky: [0x3a3f73, 0xf2a35e],
  clouds: [0x8f5a78, 0xf7c08a],
  mountain: [0x4b3f5c, 0x2c2a40],
  snow: [0xe9b7a5, 0xb98a96],
  hill: [0x4a4034, 0x2f2b26],
  tree: [0x2e3022, 0x1a1d17],
  bush: [0x3a3826, 0x22231a],
  grass: [0x5c5630, 0x38371f],
  field: [0xa0743e, 0x6b4d2c],
  dirt: [0x6d4a36, 0x45301f],
  sand: [0xc08a5e, 0x8f6445],
  rock: [0x5d4b4a, 0x362d2f],
  sea: [0xd08c62, 0x4a4666],
  river: [0xd9976a, 0x514a68],
  road: [0x5b4c48, 0x3f3536],
  building: [0x7a5444, 0x4a342d],
};

export const NOON: Look = {
  sky: [0x3d8fdc, 0xb9def5],
  clouds: [0xffffff, 0xdde6ee],
  mountain: [0x7d93a3, 0x5d7a66],
  snow: [0xffffff, 0xe3eef7],
  hill: [0x6fa552, 0x4d7f3b],
  tree: [0x3f7f35, 0x1f4f22],
  bush: [0x5a8f3c, 0x35662a],
  grass: [0x86bf4c, 0x568f2f],
  field: [0xd9c25c, 0xb39a3d],
  dirt: [0x9a7449, 0x76552f],
  sand: [0xf0dfaf, 0xd9c08a],
  rock: [0xa39c92, 0x6f6a64],
  sea: [0x3f9fc4, 0x15607f],
  river: [0x6fb6cf, 0x2f7f95],
  road: [0x9b9b98, 0x77777a],
  building: [0xd6b08a, 0xa87754],
};

/** Standard deviation of the grain, in steps of 255. */
const GRAIN = 9;

/** @param seed of the grain */
export function drawnPhoto({ data: ids, width, height }: LabelMap, look: Look, seed: number): Rgb {
  const colors = landscapeLabels().map(({ name }) => look[name]);
  const [first, last] = [new Int32Array(256).fill(height), new Int32Array(256)];
  ids.forEach((id, p) => {
    const y = Math.floor(p / width);
    first[id] = Math.min(first[id], y);
    last[id] = Math.max(last[id], y);
  });
  const grain = normalValues(seed, width * height);
  const data = new Uint8Array(3 * width * height);
  ids.forEach((id, p) => {
    const [top, bottom] = colors[id];
    const t = (Math.floor(p / width) - first[id]) / Math.max(1, last[id] - first[id]);
    for (let c = 0; c < 3; c++) {
      const [a, b] = [top, bottom].map((color) => (color >> (16 - 8 * c)) & 255);
      data[3 * p + c] = Math.max(0, Math.min(255, Math.round(a + t * (b - a) + GRAIN * grain[p])));
    }
  });
  return { data, width, height };
}
