// What the label maps of a data set show only together: some read in one way and some in another, palettes that differ,
// and values that look like gray levels instead of ids.

import type { LabelPng } from "../formats/images/label_png.ts";
import { colorHex } from "../pictures/label_colors.ts";
import { foreign, SpadeError } from "../runtime/errors.ts";
import { colorOfValue, valuesOf, type ReadBy } from "./label_file.ts";

const hex = (color: number | undefined): string => (color === undefined ? "no colour" : colorHex(color));

/** By kind of PNG, how maps are read, and a file that is read so. */
export type Ways = Partial<Record<LabelPng["kind"], { by: "colours" | "ids"; path: string }>>;

/** Fails with `label` if a map is read in another way than others of its kind. */
export function checkWay(path: string, kind: LabelPng["kind"], by: ReadBy, ways: Ways): void {
  const other = ways[kind];
  if (!other || by === "both" || by === other.by) return;
  throw by === "ids" ? mixedError(path, path, other.path) : mixedError(path, other.path, path);
}

function mixedError(where: string, ids: string, colours: string): SpadeError {
  const [byIds, byColours] = [ids, colours].map((path) => (path === where ? "this one" : foreign(path)));
  return new SpadeError(
    "label",
    where,
    `label maps are read in two ways: the list of labels names all colours of ${byColours}, and not those of ${byIds}, which is read by its numbers`,
    "name all colours in the list, or if all maps hold ids, give the labels colours that no map has",
  );
}

export class Readings {
  /** The first file of each kind and way of reading. */
  private readonly first = new Map<`${LabelPng["kind"]} ${ReadBy}`, string>();
  /** Of palettes read by index: the first colour of each index, and its file. */
  private readonly palette = new Map<number, { color: number | undefined; path: string }>();
  private differs: string | undefined;
  /** Values of the maps read as ids, except palette indices. */
  private readonly values = new Set<number>();

  add(path: string, png: LabelPng, by: ReadBy): void {
    const way = `${png.kind} ${by}` as const;
    if (!this.first.has(way)) this.first.set(way, path);
    if (by === "colours") return;
    for (const value of valuesOf(png)) {
      if (png.kind !== "indexed") this.values.add(value);
      else if (by === "ids") this.compare(value, colorOfValue(png, value), path);
    }
  }

  private compare(index: number, color: number | undefined, path: string): void {
    const before = this.palette.get(index);
    if (!before) this.palette.set(index, { color, path });
    else if (before.color !== color)
      this.differs ??= `index ${index} is ${hex(before.color)} in ${foreign(before.path)} and ${hex(color)} in ${foreign(path)}`;
  }

  /** Of one kind of PNG, some read by colour and some by number: one list of labels can't be right for both. */
  mixed(): SpadeError | undefined {
    for (const kind of ["gray", "indexed", "rgb"] as const) {
      const [colours, ids] = [this.first.get(`${kind} colours`), this.first.get(`${kind} ids`)];
      if (colours !== undefined && ids !== undefined) return mixedError(ids, ids, colours);
    }
    return undefined;
  }

  /** How each kind of PNG was read. */
  ways(): Ways {
    const ways: Ways = {};
    for (const kind of ["gray", "indexed", "rgb"] as const)
      for (const by of ["colours", "ids"] as const) {
        const path = this.first.get(`${kind} ${by}`);
        if (path !== undefined) ways[kind] = { by, path };
      }
    return ways;
  }

  /** Where palettes that are read by index differ, if they do. */
  get paletteNote(): string | undefined {
    return this.differs === undefined
      ? undefined
      : `the palettes of label maps differ (${this.differs}), and the index is the label; if the colour is, say what the colours mean: --labels FILE.json`;
  }

  /** Colours by index, if the palettes that are read by index have the same and each colour once; else undefined. */
  get samePalette(): Map<number, number> | undefined {
    const colors = new Map<number, number>();
    for (const [index, { color }] of this.palette) if (color !== undefined) colors.set(index, color);
    const once = new Set(colors.values()).size === this.palette.size;
    return this.differs === undefined && once && colors.size ? colors : undefined;
  }

  /** The values of maps read as ids, if they look like gray levels. */
  levels(): number[] | undefined {
    return grayLevels([...this.values]);
  }

  /** What may be a mistake, one line each. */
  notes(): string[] {
    const levels = this.levels();
    const gray = levels && `the label maps ${looksGray(levels)}; spade dataset says what to do`;
    return [this.paletteNote, gray].filter((line) => line !== undefined);
  }
}

export const looksGray = (levels: readonly number[]): string =>
  `look like ${levels.length} classes drawn in gray: their values are ${levels.join(", ")}, evenly spread, and not ids from 0 on`;

/** Gray levels that lie nearer than this are ids. */
const LEAST_STEP = 8;

/**
 * The values, lowest first, if they look like classes drawn in gray instead of ids: few, from 0 on, evenly spread, over
 * at least half of 0 to 255. One level in four may be missing. Undefined otherwise.
 */
export function grayLevels(values: readonly number[]): number[] | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const highest = sorted.at(-1) ?? 0;
  if (sorted[0] !== 0 || highest > 255 || highest < 128) return undefined;
  if (sorted.length === 2) return highest === 255 ? sorted : undefined;
  for (
    let steps = sorted.length - 1;
    steps <= ((sorted.length - 1) * 4) / 3 && highest / steps >= LEAST_STEP;
    steps++
  ) {
    const onGrid = (value: number): boolean => {
      const at = Math.round((value * steps) / highest);
      return Math.abs(value - (at * highest) / steps) <= 1;
    };
    if (sorted.every(onGrid)) return sorted;
  }
  return undefined;
}
