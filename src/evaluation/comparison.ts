// What a segmenter's classes are to the labels of maps: both belong to the rows of one table, which are labels or groups
// of labels.

import { DONT_CARE_ID } from "../labels/label_map.ts";
import type { Label } from "../pictures/label_names.ts";
import { labelsOfClasses } from "../segmenting/class_labels.ts";
import type { Groups } from "./groups.ts";

/** In place of a label's row: its pixels do not count. */
export const VOID = -1;
/** In place of a row. Of a class: it is wrong wherever it is found. Of a label: its pixels do not count, and are reported. */
export const NO_ROW = -2;
/** In place of a label's row: maps must not hold it. */
export const UNKNOWN = -3;

export interface Comparison {
  /** Number of rows. */
  readonly rows: number;
  /** By label of the maps: its row, VOID, NO_ROW or UNKNOWN. */
  readonly rowOfLabel: Int32Array;
  /** By class of the segmenter: its row, or NO_ROW. */
  readonly rowOfClass: Int32Array;
  /** The problem with a map that holds an UNKNOWN label, and what to do; absent where no label is UNKNOWN. */
  unknown?(label: number): { problem: string; fix: string };
}

/** Label maps have at most 16 bits. */
const LABELS = 65536;

const rowsOfLabels = (rowOf: (label: number) => number): Int32Array =>
  Int32Array.from({ length: LABELS }, (_, label) => rowOf(label));

const withDontCare = (voids: readonly number[]): ReadonlySet<number> => new Set([DONT_CARE_ID, ...voids]);

/** By label, for a segmenter whose classes are the labels' ids. @param count of its classes */
export function byId(count: number, voids: readonly number[]): Comparison {
  const isVoid = withDontCare(voids);
  return {
    rows: count,
    rowOfLabel: rowsOfLabels((id) => (isVoid.has(id) ? VOID : id < count ? id : UNKNOWN)),
    rowOfClass: Int32Array.from({ length: count }, (_, id) => (isVoid.has(id) ? NO_ROW : id)),
    unknown: (label) => ({
      problem: `holds the label ${label}, and the segmenter knows 0 to ${count - 1}`,
      fix: "give the segmenter of these labels, or --void with the labels that do not count",
    }),
  };
}

/** By label, for a segmenter whose classes have other ids than the set's labels. @param classes their names */
export function byName(classes: readonly string[], labels: readonly Label[], voids: readonly number[]): Comparison {
  const isVoid = withDontCare(voids);
  const ids = new Set(labels.map(({ id }) => id));
  return {
    rows: Math.max(...ids) + 1,
    rowOfLabel: rowsOfLabels((id) => (isVoid.has(id) ? VOID : ids.has(id) ? id : UNKNOWN)),
    rowOfClass: Int32Array.from(labelsOfClasses(classes, labels), (id) => (isVoid.has(id) ? NO_ROW : id)),
    unknown: (label) => ({
      problem: `holds the label ${label}, which is not in the list of labels`,
      fix: `add it to the list (--labels), or leave it out by --void ${label}`,
    }),
  };
}

/** By group. Labels of no group do not count. @param count of the segmenter's classes */
export function byGroup({ ofLabel, ofClass, names }: Groups, count: number, voids: readonly number[]): Comparison {
  const isVoid = withDontCare(voids);
  return {
    rows: names.length,
    rowOfLabel: rowsOfLabels((id) => (isVoid.has(id) ? VOID : (ofLabel.get(id) ?? NO_ROW))),
    rowOfClass: Int32Array.from({ length: count }, (_, id) => ofClass.get(id) ?? NO_ROW),
  };
}
