// Checks label()'s options, types included (callers may use plain JavaScript).

import { DONT_CARE_ID } from "../labels/label_map.ts";
import { SpadeError } from "../runtime/errors.ts";
import { labelsOfClasses } from "../segmenting/class_labels.ts";
import type { ToLabels } from "../segmenting/labelled.ts";
import { checkSignal, isObject } from "../session/checks.ts";
import type { LabelOptions } from "./api.ts";

/** Label maps have at most 16 bits. */
const MOST_ID = 65535;
const MOST_SIDE = 8192;

/** Checked options. */
export interface Wanted extends ToLabels, Pick<LabelOptions, "width" | "height" | "signal"> {}

const usage = (name: string, problem: string, fix: string): SpadeError =>
  new SpadeError("usage", `label({ ${name} })`, problem, fix);
const isId = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MOST_ID;

/** @param classes of the net @throws SpadeError usage */
export function checkLabel(to: LabelOptions, classes: readonly string[]): Wanted {
  if (!isObject(to))
    throw new SpadeError("usage", "label", `its options are ${String(to)}`, "give { labels, width, height }");
  const { labels, width, height, dontCare, mapping = {}, minConfidence = 0, signal } = to;
  checkList(labels);
  for (const [name, value] of Object.entries({ width, height }))
    if (!(Number.isInteger(value) && value >= 1 && value <= MOST_SIDE))
      throw usage(name, `is ${String(value)}`, `give whole pixels from 1 to ${MOST_SIDE}`);
  const unknown = dontCare ?? DONT_CARE_ID;
  if (!isId(unknown)) throw usage("dontCare", `is ${String(unknown)}`, `give an id from 0 to ${MOST_ID}, or null`);
  if (!(minConfidence >= 0 && minConfidence <= 1))
    throw usage("minConfidence", `is ${String(minConfidence)}`, "give a number from 0 to 1");
  const isLabel = (value: unknown): boolean => value === null || typeof value === "string" || typeof value === "number";
  if (!isObject(mapping) || !Object.values(mapping).every(isLabel))
    throw usage("mapping", "is no object of labels", 'give { "name of a class": "name of a label", an id, or null }');
  checkSignal("label", signal);
  return { labels: labelsOfClasses(classes, labels, mapping, unknown), unknown, width, height, minConfidence, signal };
}

function checkList(labels: LabelOptions["labels"]): void {
  const fix = 'give a list like [{ id: 0, name: "sky" }], such as info.labels of a Spade';
  if (!Array.isArray(labels) || !labels.length) throw usage("labels", "is no list, or an empty one", fix);
  const ids = new Set<number>();
  for (const [i, { id, name }] of labels
    .map((label: unknown) => (label ?? {}) as LabelOptions["labels"][0])
    .entries()) {
    if (!isId(id) || typeof name !== "string")
      throw usage("labels", `entry ${i} has no id (0 to ${MOST_ID}) and name`, fix);
    if (ids.has(id)) throw usage("labels", `id ${id} comes twice`, "give every id once");
    ids.add(id);
  }
}
