// What bench:gpu leaves: a JSON file that is whole at any moment, and a table.

import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Outcome, Row } from "./schedule.ts";

export interface Report {
  /** What was asked for. */
  readonly quick: boolean;
  readonly minutes: number;
  readonly began: string;
  /** Of the device: adapter, driver, features, commit; whose clock tells times. Once the first part has told. */
  machine?: Record<string, unknown>;
  parts: readonly Outcome[];
}

/** Replaces a file at once, so that a reader never finds half of it. */
export function writeReport(path: string, report: Report): void {
  mkdirSync(dirname(path), { recursive: true });
  const part = `${path}.${process.pid}.part`;
  writeFileSync(part, `${JSON.stringify(report, null, 1)}\n`);
  renameSync(part, path);
}

/** The adapter's name in a file's name. */
export const slug = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "") || "unknown";

/** FLOP/s that the adapter reached in the part "peaks". */
export function peaksOf(outcomes: readonly Outcome[]): { multiplyAdd?: number; matrix?: number } {
  const rows = outcomes.find(({ name }) => name === "peaks")?.rows ?? [];
  const best = (kind: string): number | undefined => {
    const rates = rows.flatMap((row) => (row.peak === kind && row.flops ? [row.flops] : []));
    return rates.length ? Math.max(...rates) : undefined;
  };
  return { multiplyAdd: best("multiply-add"), matrix: best("matrix") };
}

const HEADS = ["ms", "pictures/s", "GFLOP/s", "of peak", "of matrix"];
const number = (n: number | undefined): string =>
  n === undefined || !Number.isFinite(n) ? "" : n < 100 ? n.toPrecision(3) : n.toFixed(0);

/** The lines of one table: every part with its rows. */
export function table(outcomes: readonly Outcome[]): string[] {
  const peaks = peaksOf(outcomes);
  const share = (flops: number | undefined, of: number | undefined): string =>
    flops && of && Number.isFinite(flops) ? `${((100 * flops) / of).toFixed(0)} %` : "";
  const cells = ({ ms, perSecond, flops }: Row): string[] => [
    number(ms),
    number(perSecond),
    number(flops === undefined ? undefined : flops / 1e9),
    share(flops, peaks.multiplyAdd),
    share(flops, peaks.matrix),
  ];
  const line = (columns: readonly string[], what: string): string =>
    `${columns.map((c) => c.padStart(10)).join(" ")}  ${what}`;
  const lines = [line(HEADS, "what")];
  for (const { title, status, why, seconds, rows } of outcomes) {
    const end = status === "done" ? "" : `: ${status}${why ? ` (${why})` : ""}`;
    lines.push("", `${title}, ${seconds.toFixed(0)} s${end}`);
    for (const row of rows) {
      const more = [row.note, row.problem && `WRONG: ${row.problem}`].filter(Boolean).join("; ");
      lines.push(line(cells(row), `${row.what}${more ? `  (${more})` : ""}`));
    }
  }
  return lines;
}

/** Whether every part that ran came to its end, or to its limit, with right results. */
export const holds = (outcomes: readonly Outcome[]): boolean =>
  outcomes.every(({ status, rows }) => status !== "failed" && rows.every(({ problem }) => !problem));
