// What the file of a segmenter says about it: `segmenter` and `labels` in its metadata.

import { parseJsonObject } from "../formats/budget.ts";
import type { SegmenterConfig } from "../models/nets/segmenter.ts";
import { parseLabels } from "../pictures/label_names.ts";
import { SpadeError } from "../runtime/errors.ts";

/** Largest width and height of the net's input, in pixels. */
const MOST_PIXELS = 4096;
const MOST_CLASSES = 4096;

/**
 * @param file its name in messages
 * @returns the net's sizes, and the names of its classes
 * @throws SpadeError unsupported: the file is no segmenter; file: the metadata are damaged
 */
export function segmenterConfig(
  metadata: Readonly<Record<string, string>>,
  file: string,
): SegmenterConfig & { names: string[] } {
  if (!Object.hasOwn(metadata, "segmenter") || !Object.hasOwn(metadata, "labels"))
    throw new SpadeError(
      "unsupported",
      file,
      "is no segmenter: its metadata have no segmenter and labels",
      "give ade20k_segmenter.safetensors of the package spade-webgpu-weights",
    );
  const where = `${file}, metadata segmenter`;
  const damaged = (problem: string): SpadeError =>
    new SpadeError("file", where, problem, "the file is damaged: fetch or write it again");
  const { size, classes } = parseJsonObject(metadata.segmenter, where, damaged);
  if (!whole(size, 17, MOST_PIXELS) || size % 8 !== 1)
    throw damaged(`has no size that is a multiple of 8 and 1, from 17 to ${MOST_PIXELS}`);
  if (!whole(classes, 1, MOST_CLASSES)) throw damaged(`has no number of classes from 1 to ${MOST_CLASSES}`);
  const names = new Array<string | undefined>(classes);
  for (const { id, name } of parseLabels(metadata.labels, `${file}, metadata labels`, classes)) names[id] = name;
  const missing = names.findIndex((name) => name === undefined);
  if (missing >= 0) throw damaged(`has ${classes} classes, and the labels have no ${missing}`);
  return { size, classes, names: names as string[] };
}

const whole = (value: unknown, least: number, most: number): value is number =>
  Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
