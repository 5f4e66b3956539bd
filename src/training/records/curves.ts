// curves.jsonl: one line of JSON for every entry of a run's records, at full precision. The page is built from it, and a resumed run
// reads in it where to cut its other records.

import { extendFile, MOST_RECORDS, replaceFile, textOfFile } from "../../formats/file.ts";

/** The position of an entry in its run. */
export interface At {
  /** From 1. */
  epoch: number;
  /** Pictures in this epoch. */
  iters: number;
  /** Pictures in all. */
  total: number;
  step: number;
  /** Per picture. */
  seconds: number;
  /** The epoch's base rate. */
  lr: number;
}

/** JSON has neither NaN nor infinity: both are null. */
export type Entry = At &
  (
    | {
        kind: "losses";
        losses: Record<string, number | null>;
        /** The last step before a stop, which was not due: a run that goes on drops it. */
        stopped?: boolean;
      }
    | { kind: "pictures" }
    | { kind: "validation"; frechet?: number | null; pictures?: number; real?: boolean }
  );

export class CurveFile {
  private constructor(private readonly path: string) {}

  /** The entries of a file, none if there is no file; lines that cannot be read are left out. */
  static async read(path: string): Promise<Entry[]> {
    return (textOfFile(path, MOST_RECORDS) ?? "").split("\n").flatMap(entryOf);
  }

  /** Writes the file anew with the entries `kept`; `add` appends to them. */
  static async open(path: string, kept: readonly Entry[]): Promise<CurveFile> {
    await replaceFile(path, kept.map((e) => `${JSON.stringify(e)}\n`).join(""));
    return new CurveFile(path);
  }

  async add(entry: Entry): Promise<void> {
    await extendFile(this.path, `${JSON.stringify(entry)}\n`);
  }
}

/** Characters of an entry; losses take a few hundred. */
const MOST_LINE = 1e5;

/** None for a line that a killed run left half written. */
function entryOf(line: string): Entry[] {
  // JSON.parse throws for a blank line, which takes a microsecond; a damaged file may have millions.
  if (!line.startsWith("{") || line.length > MOST_LINE) return [];
  try {
    const entry = JSON.parse(line) as Entry | null;
    return Number.isInteger(entry?.total) && Number.isInteger(entry?.epoch) ? [entry!] : [];
  } catch {
    return [];
  }
}
