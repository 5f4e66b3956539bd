// A saved picture: a PNG that carries its map, style and net, so that one can drop it on the page and go on painting.

import { decodePainting, encodePainting, type Painting } from "./code.ts";
import { encodePicture, textOf, type Pixels } from "./png.ts";

export const SCALES = [1, 2, 4] as const;
export type Scale = (typeof SCALES)[number];

const KEYWORD = "spade-webgpu painting";

/** @param scale 2 and 4: enlarged with Lanczos' filter, which adds nothing that the net has not painted */
export async function savePicture(picture: Pixels, painting: Painting, scale: Scale = 1): Promise<Blob> {
  const { width, height } = picture;
  const pixels =
    scale === 1 ? picture : (await import("./labels.ts")).resizePicture(picture, scale * width, scale * height);
  const enlarged = scale === 1 ? "" : `, enlarged ${scale} times from ${width} x ${height}`;
  return encodePicture(pixels, {
    Software: "spade-webgpu",
    Description: `Painted by a neural network from a label map${enlarged}`,
    [KEYWORD]: await encodePainting(painting),
  });
}

/** What a picture that savePicture wrote carries. @returns undefined: none, or damaged */
export async function readPicture(png: Uint8Array): Promise<Painting | undefined> {
  const text = textOf(png, KEYWORD);
  return text === undefined ? undefined : decodePainting(text);
}

/** "landscape-day-512x512-enlarged.png", of signs that every system takes. @param what "picture", a style's name */
export function fileName(net: string, what: string, width: number, height: number, scale: Scale = 1): string {
  const plain = (text: string): string =>
    text
      .replace(/\.\w+$/, "")
      .replace(/[^\p{L}\p{N}]+/gu, "-")
      .replace(/^-+|-+$/g, "");
  const parts = [plain(net), plain(what), `${scale * width}x${scale * height}`, ...(scale > 1 ? ["enlarged"] : [])];
  return `${parts.filter(Boolean).join("-")}.png`;
}
