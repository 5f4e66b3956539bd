// Pictures drawn by formula, as test/fixtures/segmenter/make.py draws them for PyTorch.

import type { RgbImage } from "../../src/pictures/pil_bicubic.ts";
import type { Picture } from "../../src/session/api.ts";

const SIZE = 513;

type Color = readonly [number, number, number];

/** 0..31 at a pixel. */
function noise(x: number, y: number): number {
  let h = (Math.imul(x, 374761393) + Math.imul(y, 668265263)) >>> 0;
  h = Math.imul(h ^ (h >>> 13), 1274126177) >>> 0;
  return (h >>> 16) & 31;
}

const part = (value: number, by: number): number => Math.floor(value / by);

function valleyAt(x: number, y: number): Color {
  const n = noise(x, y);
  if (y >= 330 && Math.abs(x - 256) < y - 330) return [110 + part(n, 2), 110 + part(n, 2), 115 + part(n, 2)];
  if (y >= 330) return [60 + n, 110 + 2 * n, 40 + n];
  if (y >= 230 + part(Math.abs(((3 * x) % 400) - 200), 2)) return [80 + n, 75 + n, 70 + n];
  return [90 + part(y, 4), 140 + part(y, 8) + part(n, 8), 225 - part(y, 16)];
}

function roomAt(x: number, y: number): Color {
  const n = part(noise(x, y), 4);
  const inside = (x0: number, x1: number, y0: number, y1: number): boolean => x > x0 && x < x1 && y > y0 && y < y1;
  if (inside(280, 480, 300, 430)) return [220 + n, 220 + n, 235];
  if (inside(40, 110, 150, 400)) return [110, 70 + n, 40];
  if (inside(150, 300, 100, 220)) return [180 + part(noise(x, y), 8), 210, 240];
  if (y >= 350) return [120 + (part(x, 32) % 2) * 20 + n, 80 + n, 50 + n];
  return [200 + n, 190 + n, 170 + n];
}

function drawn(at: (x: number, y: number) => Color): RgbImage {
  const data = new Uint8Array(SIZE * SIZE * 3);
  for (let y = 0; y < SIZE; y++) for (let x = 0; x < SIZE; x++) data.set(at(x, y), 3 * (y * SIZE + x));
  return { data, width: SIZE, height: SIZE };
}

/** A sky over mountains, grass and a road. */
export const valley = (): RgbImage => drawn(valleyAt);
/** A wall with a window and a door, a floor, a bed. */
export const room = (): RgbImage => drawn(roomAt);

/** The same with an alpha, as a canvas has it. */
export function rgba({ data, width, height }: RgbImage): Picture {
  const pixels = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let i = 0; i < data.length; i++) pixels[4 * Math.floor(i / 3) + (i % 3)] = data[i];
  return { data: pixels, width, height, colorSpace: "srgb" };
}
