// What eval measured, as --json writes it and as lines for a terminal.

import { LEAST_DIVERSITY } from "../../evaluation/diversity.ts";
import type { Scores } from "../../evaluation/scores.ts";
import { listed } from "../../formats/budget.ts";
import { counted, foreign } from "../../runtime/errors.ts";

/** The results, as --json writes them. */
export interface Evaluation {
  results?: Measured;
  photos?: Measured;
  /** Names of the labels by id, null where unknown; the scores are theirs, unless there are groups. */
  labels?: (string | null)[];
  /** Names of the groups of labels, in the order of the scores. */
  groups?: string[];
  /** Not comparable with a FID over Inception's features. */
  frechet?: { name: string; distance: number; shrinkage: { results: number; photos: number } };
  /** Mean feature distances: between two styles of one map, between two photos. */
  diversity?: { styles: number; photos?: number; maps: number };
}

export interface Measured {
  folder: string;
  pictures: number;
  scores?: Scores;
}

/** Formats the results as lines of text. */
export function describe(found: Evaluation): string[] {
  const { results, photos, frechet, diversity } = found;
  const lines = scoreLines(found);
  for (const [kind, c] of [
    ["results", results],
    ["photos", photos],
  ] as const)
    if (c) lines.push(`${kind}: ${counted(c.pictures, "picture")} of ${c.folder}`);
  if (frechet)
    lines.push(`${frechet.name}: ${frechet.distance.toFixed(2)} (not comparable with a FID over Inception's features)`);
  if (diversity) {
    const { styles, photos: real, maps } = diversity;
    const beside = real === undefined ? "" : `, of two photos ${real.toFixed(2)}`;
    lines.push(`feature distance of two styles of a map, over ${counted(maps, "map")}: ${styles.toFixed(2)}${beside}`);
    if (real !== undefined && styles < LEAST_DIVERSITY * real)
      lines.push(
        `note: that is under a tenth of the photos': the generator hardly reads z; train it with a lower --lambda_kld`,
      );
  }
  return lines;
}

/** The table of IoU, with what does not count. */
function scoreLines(found: Evaluation): string[] {
  const { results, photos, labels, groups } = found;
  const columns = [results?.scores, photos?.scores].filter((scores) => scores !== undefined);
  if (!columns.length) return [];
  const heads = [results && "results", photos && "photos"].filter((h) => h !== undefined);
  const line = (name: string, values: readonly string[]): string =>
    `${name.padEnd(28)}${values.map((v) => v.padStart(9)).join("")}`;
  const number = (v: number | null): string => (v === null ? "-" : v.toFixed(3));
  const figures = (name: string, of: (scores: Scores) => number | null): string =>
    line(
      name,
      columns.map((scores) => number(of(scores))),
    );
  const nameOf = (row: number): string =>
    groups ? foreign(groups[row], 26) : `${String(row).padStart(3)} ${foreign(labels?.[row] ?? "", 22)}`;
  const rows = [...columns[0].iou.keys()].filter((row) => columns.some(({ iou }) => iou[row] !== null));
  return [
    line("IoU", heads),
    ...rows.map((row) => figures(`  ${nameOf(row)}`, ({ iou }) => iou[row])),
    figures("mIoU", ({ mIoU }) => mIoU),
    figures("pixel accuracy", ({ accuracy }) => accuracy),
    ...leftOutLines(columns, labels),
    ...neverFoundLines(columns, labels),
  ];
}

/** Which share of the pixels has a label that no group holds. */
function leftOutLines(columns: readonly Scores[], labels: Evaluation["labels"]): string[] {
  const left = new Map<number, number>();
  for (const { leftOut = [] } of columns)
    for (const { label, pixels } of leftOut) left.set(label, (left.get(label) ?? 0) + pixels);
  if (!left.size) return [];
  const leftPixels = [...left.values()].reduce((a, b) => a + b);
  const all = leftPixels + columns.reduce((n, { pixels }) => n + pixels, 0);
  const most = [...left].sort(([, a], [, b]) => b - a).map(([label]) => labels?.[label] ?? `label ${label}`);
  const share = ((100 * leftPixels) / all).toFixed(1);
  return [`note: ${share} % of the pixels do not count, since no group holds their labels: ${listed(most)}`];
}

function neverFoundLines(columns: readonly Scores[], labels: Evaluation["labels"]): string[] {
  const never = [...new Set(columns.flatMap(({ neverFound = [] }) => neverFound))].sort((a, b) => a - b);
  if (!never.length) return [];
  const names = listed(never.map((label) => labels?.[label] ?? `label ${label}`));
  return [`note: no class of the segmenter becomes one of these labels, so that their IoU is 0: ${names}`];
}
