// Converts batches to pictures: label maps in colours, tensors like the published tensor2im, batches tiled, PNGs.

import type { EventImage } from "../../formats/tfevents.ts";
import { parseColor } from "../../pictures/label_colors.ts";
import type { Label } from "../../pictures/label_names.ts";
import { rgbByte } from "../../pictures/rgb_byte.ts";
import { loadSharp } from "../../formats/images/sharp.ts";
import { coloredMap, labelColor } from "../../pictures/colors.ts";
import type { LabelMap } from "../../labels/label_map.ts";

/** RGB bytes [H,W,3]. */
export interface Rgb {
  data: Uint8Array;
  width: number;
  height: number;
}

export type ColorOf = (id: number) => readonly [number, number, number];

const BLACK = [0, 0, 0] as const;

/** The colours of the run's labels, else of the published generic map, in which ids from label_nc + 2 on are black. */
export function labelColors(labels: readonly Label[] | undefined, label_nc: number): ColorOf {
  const own = new Map(
    labels?.map(({ id, color }) => {
      const rgb = parseColor(color);
      return [id, [rgb >> 16, (rgb >> 8) & 255, rgb & 255] as const];
    }),
  );
  return (id) => own.get(id) ?? (id >= 0 && id < label_nc + 2 ? labelColor(id) : BLACK);
}

export function labelRgb(map: LabelMap, colorOf: ColorOf): Rgb {
  return { data: coloredMap(map, colorOf), width: map.width, height: map.height };
}

/** Pictures from values [N,H,W,3] in [-1,1]. */
export function tensorRgbs(values: Float32Array, h: number, w: number): Rgb[] {
  const size = h * w * 3;
  return Array.from({ length: values.length / size }, (_, n) => ({
    data: Uint8Array.from(values.subarray(n * size, (n + 1) * size), rgbByte),
    width: w,
    height: h,
  }));
}

/** Tiles pictures of one size, `perRow` a row; the last row is filled with black. */
export function tiled(pictures: readonly Rgb[], perRow: number): Rgb {
  const { width, height } = pictures[0];
  const out = {
    data: new Uint8Array(perRow * width * Math.ceil(pictures.length / perRow) * height * 3),
    width: perRow * width,
    height: Math.ceil(pictures.length / perRow) * height,
  };
  pictures.forEach(({ data }, n) => {
    const left = (n % perRow) * width;
    const top = Math.floor(n / perRow) * height;
    for (let y = 0; y < height; y++)
      out.data.set(data.subarray(y * width * 3, (y + 1) * width * 3), ((top + y) * out.width + left) * 3);
  });
  return out;
}

/** What the published trainer shows of a batch: its first picture, or beyond 8 pictures all of them, 4 a row. */
export function shownOfBatch(pictures: readonly Rgb[]): Rgb {
  return pictures.length > 8 ? tiled(pictures, 4) : pictures[0];
}

export async function encodePng({ data, width, height }: Rgb): Promise<EventImage> {
  const sharp = await loadSharp();
  return {
    png: await sharp(data, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer(),
    width,
    height,
  };
}
