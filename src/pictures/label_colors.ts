// Reads label maps drawn in colours through a palette. A pixel of any other colour is an error that names the pixel. The usual
// mistake is a colour that is nearly right (antialiasing, JPEG, resizing).

import { SpadeError } from "../runtime/errors.ts";

/** An ImageData, or an object of its shape. */
export interface ColorImage {
  /** RGBA, four bytes a pixel; alpha is ignored. */
  data: Uint8Array | Uint8ClampedArray;
  width: number;
  height: number;
}

/**
 * Label ids of an image: the index of each pixel's colour in `palette` (CSS colours: "#rgb", "#rrggbb", "rgb(r, g, b)";
 * "" for an id without a colour; of equal colours the first counts). `tolerance`: the greatest difference allowed in any
 * channel (omitted: exact); the nearest colour wins.
 * Fails with `label` if a pixel has another colour, naming the count of distinct colours, the first foreign colour and
 * its pixel; with `usage` if a palette entry is not a colour, or the data has the wrong length.
 */
export function labelMapFromColors(
  image: ColorImage,
  palette: readonly string[],
  tolerance?: number,
): { data: Uint8Array | Uint16Array; width: number; height: number } {
  const { width, height, data } = image;
  if (data.length !== 4 * width * height) {
    throw new SpadeError(
      "usage",
      "labelMapFromColors",
      `${data.length} bytes for ${width}x${height}`,
      "give an ImageData: four bytes a pixel",
    );
  }
  const colors = palette
    .map((c, id) => ({ id, color: c.trim() === "" ? undefined : parseColor(c) }))
    .filter((c) => c.color !== undefined);
  const ids = palette.length > 256 ? new Uint16Array(width * height) : new Uint8Array(width * height);
  const known = new Map<number, number | undefined>();
  let foreign: { pixel: number; color: number } | undefined;
  let foreignColors = 0;
  for (let p = 0; p < ids.length; p++) {
    const color = (data[4 * p] << 16) | (data[4 * p + 1] << 8) | data[4 * p + 2];
    if (!known.has(color)) {
      const id = nearest(color, colors as { id: number; color: number }[], tolerance ?? 0);
      known.set(color, id);
      if (id === undefined) {
        foreign ??= { pixel: p, color };
        foreignColors++;
      }
    }
    ids[p] = known.get(color) ?? 0;
  }
  if (!foreign) return { data: ids, width, height };
  const [x, y] = [foreign.pixel % width, Math.floor(foreign.pixel / width)];
  throw new SpadeError(
    "label",
    `pixel (${x}, ${y})`,
    `its colour ${colorHex(foreign.color)} is none of the ${colors.length} label colours; of the ${known.size} distinct colours in the map ${foreignColors} are foreign`,
    foreignColors > 32 || (tolerance ?? 0) > 0
      ? "give a map of ids (gray or indexed PNG), or one drawn without antialiasing and never resized smoothly or saved as JPEG"
      : // A caller that gave a tolerance of 0 does not want one.
        `add the colour to the labels${tolerance === undefined ? ", repaint it, or allow a tolerance" : ", or repaint it"}`,
  );
}

/** Converts decodeLabelPng's RGB to labelMapFromColors' input. */
export function colorImageFromRgb(rgb: Uint8Array, width: number, height: number): ColorImage {
  const data = new Uint8ClampedArray(4 * width * height);
  for (let p = 0; p < width * height; p++) {
    for (let c = 0; c < 3; c++) data[4 * p + c] = rgb[3 * p + c];
    data[4 * p + 3] = 255;
  }
  return { data, width, height };
}

/** 0xrrggbb of a CSS colour of the forms above; fails with `usage` on any other text. */
export function parseColor(text: string): number {
  const t = text.trim().toLowerCase();
  const hex = /^#(?:([0-9a-f]{3})|([0-9a-f]{6}))$/.exec(t);
  if (hex) return parseInt(hex[2] ?? [...hex[1]].map((c) => c + c).join(""), 16);
  const parts = /^rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)$/.exec(t)?.slice(1).map(Number);
  if (parts?.every((v) => v <= 255)) return (parts[0] << 16) | (parts[1] << 8) | parts[2];
  throw new SpadeError(
    "usage",
    `colour "${text.slice(0, 40)}"`,
    "is not a colour that is understood here",
    'write it as "#rrggbb"',
  );
}

/** Id of the nearest colour within `tolerance`. Allocates nothing: a photo given by mistake has a million colours. */
function nearest(color: number, colors: { id: number; color: number }[], tolerance: number): number | undefined {
  let best: number | undefined;
  let bestDistance = tolerance + 1;
  for (const { id, color: c } of colors) {
    const red = Math.abs((color >> 16) - (c >> 16));
    const green = Math.abs(((color >> 8) & 255) - ((c >> 8) & 255));
    const blue = Math.abs((color & 255) - (c & 255));
    const distance = Math.max(red, green, blue);
    if (distance < bestDistance) [best, bestDistance] = [id, distance];
  }
  return best;
}

/** "#rrggbb" of a colour 0xrrggbb. */
export function colorHex(color: number): string {
  return `#${color.toString(16).padStart(6, "0")}`;
}
