// spade-webgpu/labels: reads, writes, resizes and colours label maps, and enlarges pictures. No GPU. A canvas would destroy palette indices.

import { decodeLabelPng, encodeLabelPng } from "./formats/images/label_png.ts";
import { writePng } from "./formats/images/png_write.ts";
import { checkMapSizes, type LabelMap } from "./labels/label_map.ts";
import { labelColor } from "./pictures/colors.ts";
import { colorHex, labelMapFromColors as fromColors, parseColor, type ColorImage } from "./pictures/label_colors.ts";
import { pilLanczosResize } from "./pictures/pil_lanczos.ts";
import { pilNearestResize } from "./pictures/pil_nearest.ts";
import { SpadeError } from "./runtime/errors.ts";
import type { LabelInfo } from "./session/api.ts";

export { SpadeError, type SpadeErrorCode } from "./runtime/errors.ts";
export type { ColorImage, LabelInfo, LabelMap };

/**
 * Reads a PNG of label ids: indexed (the indices), gray of up to 16 bits (the samples as stored), or RGB with red = id, as GauGAN writes. A
 * canvas can't: it gives the palette's colours.
 * @returns the map, one id a pixel, in the file's size; `palette`: the colour of each index as "#rrggbb", of indexed files; `rgb`: three
 *   bytes a pixel, of RGB files
 * @throws SpadeError file: damaged, or no PNG; unsupported: 16-bit colours, interlaced samples below 8 bits
 */
export async function decodeLabelMap(
  png: Blob | ArrayBuffer,
): Promise<LabelMap & { palette?: string[]; rgb?: Uint8Array }> {
  const bytes = new Uint8Array(png instanceof Blob ? await png.arrayBuffer() : png);
  const { data, width, height, palette, rgb } = decodeLabelPng(
    bytes,
    typeof File !== "undefined" && png instanceof File ? png.name : "label map",
  );
  const hex = palette?.map(([r, g, b]) => colorHex((r << 16) | (g << 8) | b));
  return { data, width, height, ...(hex ? { palette: hex } : {}), ...(rgb ? { rgb } : {}) };
}

/**
 * Writes a PNG that decodeLabelMap reads back.
 * @param as "gray" (the default): of 8 bits, or of 16 if an id is above 255; "red-is-id": RGB whose red is the id, up to 255; a palette of
 *   colours by id ("#rrggbb", "#rgb", "rgb(r, g, b)"): indexed, ids up to 255
 * @returns a Blob of type image/png
 * @throws SpadeError usage: an id that the form does not hold, an entry that is no colour; shape: data and size do not fit
 */
export async function encodeLabelMap(
  map: LabelMap,
  as: { palette: readonly string[] } | "red-is-id" | "gray" = "gray",
): Promise<Blob> {
  checkMapSizes([map], "label map");
  const { data, width, height } = map;
  const beyond = data.find((id) => id < 0 || id > (as === "gray" ? 65535 : 255));
  if (beyond !== undefined)
    throw new SpadeError(
      "usage",
      "encodeLabelMap",
      `id ${beyond} does not fit this form`,
      'give ids from 0 to 255, or up to 65535 with "gray"',
    );
  const narrow = data.some((id) => id > 255) ? Uint16Array.from(data) : Uint8Array.from(data);
  const rgb = typeof as === "object" ? as.palette.map(rgbOf) : undefined;
  const bytes =
    as === "red-is-id" ? encodeRed(narrow, width, height) : encodeLabelPng({ data: narrow, width, height }, rgb);
  return new Blob([bytes as Uint8Array<ArrayBuffer>], { type: "image/png" });
}

/** RGB whose red is the id; green and blue are 0. */
function encodeRed(ids: Uint8Array | Uint16Array, width: number, height: number): Uint8Array {
  const rgb = new Uint8Array(3 * ids.length);
  ids.forEach((id, p) => (rgb[3 * p] = id));
  return writePng({ data: rgb, width, height }, "rgb");
}

const rgbOf = (color: string): [number, number, number] => {
  const n = parseColor(color);
  return [n >> 16, (n >> 8) & 255, n & 255];
};

/**
 * The ids of a map drawn in colours. Of equal colours in the palette the first counts.
 * @param palette colours by id ("#rrggbb", "#rgb", "rgb(r, g, b)"); "" for an id without one
 * @param tolerance greatest difference allowed in any channel, 0 to 255; the nearest colour wins; omitted: exact
 * @throws SpadeError label: the first foreign colour and its pixel; usage: an entry that is no colour, data that do not fit the size
 */
export function labelMapFromColors(image: ColorImage, palette: readonly string[], tolerance?: number): LabelMap {
  return fromColors(image, palette, tolerance);
}

/**
 * Resizes a map with PIL's nearest sampling, as the published loader does: no new ids arise, and thin things may vanish.
 * @param width of the result, in pixels; for a net info.width and info.height
 * @throws SpadeError usage: a size that is no whole pixels; shape: data and size of the map do not fit
 */
export function resizeLabelMap(map: LabelMap, width: number, height: number): LabelMap {
  checkMapSizes([map], "label map");
  checkSize("resizeLabelMap", width, height);
  return pilNearestResize(map, width, height);
}

function checkSize(where: string, width: number, height: number): void {
  if (![width, height].every((n) => Number.isSafeInteger(n) && n > 0))
    throw new SpadeError("usage", where, `the size is ${width} x ${height}`, "give whole pixels from 1 on");
}

/**
 * Resizes a picture with PIL's LANCZOS, for a larger file of what a net painted.
 * @param width of the result, in pixels
 * @returns an ImageData (in Node an object of its shape), without transparency
 * @throws SpadeError usage: a size that is no whole pixels, data that do not fit the size
 */
export function resizePicture(image: ColorImage, width: number, height: number): ImageData {
  checkSize("resizePicture", width, height);
  const pixels = image.width * image.height;
  if (image.data.length !== 4 * pixels)
    throw new SpadeError(
      "usage",
      "resizePicture",
      `${image.data.length} bytes for ${image.width} x ${image.height}`,
      "give an ImageData: four bytes a pixel",
    );
  const rgb = image.data.filter((_, i) => i % 4 < 3) as Uint8Array;
  const { data } = pilLanczosResize({ data: rgb, width: image.width, height: image.height }, width, height);
  const result = emptyImage(width, height);
  result.data.fill(255);
  for (let i = 0, at = 0; i < data.length; i += 3, at += 4) result.data.set(data.subarray(i, i + 3), at);
  return result;
}

/**
 * Draws ids in their labels' colours; ids without a label get the published generic colours.
 * @param into an ImageData of the map's size, which is filled and returned; without it a new one (in Node an object of its shape)
 * @throws SpadeError shape: a picture of another size; usage: a label's colour is none
 */
export function paintLabels(map: LabelMap, labels: readonly LabelInfo[], into?: ImageData): ImageData {
  checkMapSizes([map], "label map");
  const { data, width, height } = map;
  if (into && (into.width !== width || into.height !== height))
    throw new SpadeError(
      "shape",
      "paintLabels",
      `the picture is ${into.width} x ${into.height} and the map ${width} x ${height}`,
      "give a picture of the map's size",
    );
  const image = into ?? emptyImage(width, height);
  const colors = new Map(labels.map(({ id, color }) => [id, rgbOf(color)]));
  const words = new Map<number, number>();
  const pixels = new Uint32Array(image.data.buffer, image.data.byteOffset, data.length);
  for (let p = 0; p < data.length; p++) {
    let word = words.get(data[p]);
    if (word === undefined) {
      const [r, g, b] = colors.get(data[p]) ?? labelColor(data[p]);
      words.set(data[p], (word = (0xff000000 | (b << 16) | (g << 8) | r) >>> 0));
    }
    pixels[p] = word;
  }
  return image;
}

function emptyImage(width: number, height: number): ImageData {
  if (typeof ImageData !== "undefined") return new ImageData(width, height);
  return { data: new Uint8ClampedArray(4 * width * height), width, height, colorSpace: "srgb" } as ImageData;
}
