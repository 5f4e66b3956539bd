// Makes COCO instance maps from its annotations: the label map, with every annotated thing painted over it in a unique
// value. Later only the borders between values are used. Upstream's script numbers the things of a picture
// 0, 1, 2 ..., which may equal the id of the stuff beside a thing, so that the border is lost. We use values that the
// label map does not contain. `asPublished` reproduces upstream's numbers.

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { isAbsolute, win32 } from "node:path";
import { Budget, COST, parseJson } from "../../formats/budget.ts";
import type { LabelMap } from "../../labels/label_map.ts";
import { noteInput } from "../../formats/inputs.ts";
import { SpadeError } from "../../runtime/errors.ts";
import { fileProblem } from "../label_file.ts";
import { polygonPixels } from "./polygon.ts";

/** Outlines of one thing, each as x, y, x, y ... in COCO's pixel coordinates. */
export type Outlines = readonly Float64Array[];

/** The annotations of one picture: its things in file order, without crowds (run lengths), which upstream omits too. */
export interface Annotated {
  fileName: string;
  things: Outlines[];
}

/**
 * Reads the pictures of an annotation file in file order. Parses the file (half a GB) object by object. Fails with
 * `file`.
 */
export async function readAnnotations(path: string, onProgress?: (loaded: number) => void): Promise<Annotated[]> {
  noteInput(path, "the annotations");
  const pictures = new Map<number, Annotated>();
  const things = new Map<number, Outlines[]>();
  const wrong = (problem: string): SpadeError =>
    new SpadeError("file", path, problem, "give COCO's instances_*.json, as it is distributed");
  const { size } = await stat(path).catch((error: unknown) => {
    throw fileProblem(path, error);
  });
  const budget = new Budget({ name: path, size });
  await eachObject(path, ["images", "annotations"], wrong, onProgress, (key, value) => {
    if (key === "images") {
      const { id, file_name } = value as { id?: unknown; file_name?: unknown };
      if (typeof id !== "number" || typeof file_name !== "string") throw wrong("has an image without id and file_name");
      if (leavesFolder(file_name)) throw wrong(`names a picture outside of its folder (${JSON.stringify(file_name)})`);
      budget.spend(2 * COST.container + COST.character * file_name.length);
      pictures.set(id, { fileName: file_name, things: [] });
      return;
    }
    const { image_id, segmentation } = value as { image_id?: unknown; segmentation?: unknown };
    if (typeof image_id !== "number") throw wrong("has an annotation without image_id");
    if (!Array.isArray(segmentation)) return;
    const outlines = segmentation.map((outline: unknown) => {
      if (!Array.isArray(outline) || outline.length % 2 || !outline.every((v) => typeof v === "number"))
        throw wrong(`has an outline that is no list of x, y pairs (image ${image_id})`);
      budget.spend(COST.container + 8 * outline.length);
      return Float64Array.from(outline);
    });
    budget.spend(2 * COST.container);
    if (!things.has(image_id)) things.set(image_id, []);
    things.get(image_id)!.push(outlines);
  });
  if (pictures.size === 0) throw wrong("has no images");
  for (const [id, list] of things) {
    const picture = pictures.get(id);
    if (picture) picture.things = list;
  }
  return [...pictures.values()];
}

/** Whether a file name from the annotations would lead out of the output folder, to which it is joined. */
function leavesFolder(name: string): boolean {
  return isAbsolute(name) || win32.isAbsolute(name) || name.split(/[\\/]/).includes("..");
}

const [QUOTE, BACKSLASH, COLON, OPEN, CLOSE, OPEN_LIST, CLOSE_LIST] = [...'"\\:{}[]'].map((c) => c.charCodeAt(0));

/** Bytes of one object; those of the published files have up to a few hundred thousand. */
const MOST_OBJECT = 8 << 20;

/** Calls `take` with every object in the root's lists that have these names. */
async function eachObject(
  path: string,
  names: readonly string[],
  wrong: (problem: string) => SpadeError,
  onProgress: ((loaded: number) => void) | undefined,
  take: (name: string, value: unknown) => void,
): Promise<void> {
  let depth = 0;
  let inText = false;
  let escaped = false;
  // Start in `bytes` of the string or object that is being collected, or -1.
  let start = -1;
  let text = "";
  let name = "";
  let loaded = 0;
  let bytes = Buffer.alloc(0);
  const scan = (from: number): void => {
    for (let i = from; i < bytes.length; i++) {
      const c = bytes[i];
      if (inText) {
        if (escaped) escaped = false;
        else if (c === BACKSLASH) escaped = true;
        else if (c === QUOTE) {
          inText = false;
          if (depth === 1) {
            text = bytes.toString("utf8", start + 1, i);
            start = -1;
          }
        }
      } else if (c === QUOTE) {
        inText = true;
        if (depth === 1) start = i;
      } else if (c === COLON) {
        if (depth === 1) name = text;
      } else if (c === OPEN || c === OPEN_LIST) {
        if (depth === 2 && c === OPEN && names.includes(name)) start = i;
        depth++;
      } else if (c === CLOSE || c === CLOSE_LIST) {
        depth--;
        if (depth === 2 && start >= 0) {
          take(name, parseJson(bytes.toString("utf8", start, i + 1), path));
          start = -1;
        }
      }
    }
  };
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
      if (start >= 0 && bytes.length - start > MOST_OBJECT)
        throw wrong(`has an object of more than ${MOST_OBJECT} bytes`);
      const kept = start >= 0 ? bytes.subarray(start) : Buffer.alloc(0);
      if (start >= 0) start = 0;
      bytes = Buffer.concat([kept, chunk]);
      scan(kept.length);
      loaded += chunk.length;
      onProgress?.(loaded);
    }
  } catch (error) {
    if (error instanceof SyntaxError) throw wrong(`is no JSON (${error.message})`);
    throw error instanceof SpadeError ? error : fileProblem(path, error);
  }
  if (depth !== 0 || inText || loaded === 0) throw wrong(loaded === 0 ? "is empty" : "ends within its JSON");
}

/**
 * Paints the things over a copy of the label map. 8 bits, or 16 if the label map has 16 or the values exceed 255.
 * `asPublished` numbers the things from 0, modulo 256 in 8 bits. In the outlines the upper left pixel is (1, 1), as in
 * upstream's script.
 */
export function instanceMap(
  label: LabelMap,
  things: readonly Outlines[],
  asPublished = false,
): { data: Uint8Array | Uint16Array; width: number; height: number } {
  const { width, height } = label;
  const used = new Set<number>(label.data);
  const values: number[] = [];
  for (let value = 0; values.length < things.length; value++) if (asPublished || !used.has(value)) values.push(value);
  const wide = label.data instanceof Uint16Array || (!asPublished && (values.at(-1) ?? 0) > 255);
  const data = wide ? Uint16Array.from(label.data) : Uint8Array.from(label.data);
  things.forEach((outlines, n) => {
    for (const outline of outlines) {
      const xs = outline.filter((_, i) => i % 2 === 0).map((v) => v - 1);
      const ys = outline.filter((_, i) => i % 2 === 1).map((v) => v - 1);
      polygonPixels(xs, ys, width, height, (x, y) => {
        // A Uint8Array stores the low byte only.
        data[y * width + x] = values[n];
      });
    }
  });
  return { data, width, height };
}
