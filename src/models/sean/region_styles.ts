// Styles of regions on the host: a code for each label. How they are checked, mixed, stored with weights, and averaged while training.

import { parseJson } from "../../formats/budget.ts";
import type { LabelMap } from "../../labels/label_map.ts";
import { SpadeError } from "../../runtime/errors.ts";

/** A style for each region of a map, by label: for nets of SEAN. Plain numbers do too, as JSON gives them. */
export interface RegionStyles {
  readonly [label: number]: Float32Array | readonly number[];
}

/** Number of a net's regions (labels, and edges if it has them), and length of a code. */
export interface Regions {
  readonly labels: number;
  readonly length: number;
}

const isNumbers = (v: unknown): v is ArrayLike<number> => v instanceof Float32Array || Array.isArray(v);

/**
 * Codes of all labels, [labels, length]: those given, else the mean ones; NaN for a label that has neither.
 * @param where in messages
 * @throws SpadeError usage, shape: what is given is no style for regions of this net
 */
export function regionCodes(
  given: RegionStyles | undefined,
  means: RegionStyles,
  { labels, length }: Regions,
  where: string,
): Float32Array {
  const codes = new Float32Array(labels * length).fill(NaN);
  const fix = `give { label: code }, with labels from 0 to ${labels - 1} and codes of ${length} numbers`;
  if (given !== undefined && (typeof given !== "object" || given === null || isNumbers(given)))
    throw new SpadeError("usage", where, "is no style of regions", fix);
  for (const styles of [means, given ?? {}])
    for (const [label, code] of Object.entries(styles)) {
      const of = `${where}, label ${label.slice(0, 20)}`;
      if (!/^\d+$/.test(label) || Number(label) >= labels)
        throw new SpadeError("usage", of, `is none of the net's ${labels} regions`, fix);
      if (!isNumbers(code)) throw new SpadeError("usage", of, "is no list of numbers", fix);
      if (code.length !== length)
        throw new SpadeError("shape", of, `has ${code.length} numbers where the net's style_length is ${length}`, fix);
      const row = Float32Array.from(code);
      if (!row.every(Number.isFinite)) throw new SpadeError("usage", of, "has NaN or Inf", fix);
      codes.set(row, Number(label) * length);
    }
  return codes;
}

/** What of a net's labels decides which regions a map has. */
interface Space {
  readonly dontCare: number | null;
  readonly edges: boolean;
}

/** The regions that a map needs codes for. Edges are where labels or instances meet, and are the last region of a net that takes them. */
function regionsOf(
  map: Pick<LabelMap, "data">,
  instance: unknown,
  { labels }: Regions,
  { dontCare, edges }: Space,
): Set<number> {
  const present = new Set<number>();
  for (const id of map.data) present.add(id === 255 && dontCare !== null ? dontCare : id);
  if (edges && (present.size > 1 || instance)) present.add(labels - 1);
  return present;
}

/**
 * The codes as a net takes them, without NaN, for a map.
 * @throws SpadeError usage: a label of the map has no code
 */
export function codesFor(
  codes: Float32Array,
  regions: Regions,
  space: Space,
  map: Pick<LabelMap, "data">,
  instance?: unknown,
): Float32Array {
  const { labels, length } = regions;
  const present = regionsOf(map, instance, regions, space);
  for (let j = 0; j < labels; j++) {
    if (!present.has(j) || !Number.isNaN(codes[j * length])) continue;
    throw new SpadeError(
      "usage",
      `style of label ${j}`,
      "is not given, and the weights store no mean one for a label that the map has",
      "give a code for it, for example that of another label",
    );
  }
  return codes.map((v) => (Number.isNaN(v) ? 0 : v));
}

/** The regions of codes that are not zero: those that a photo's map has. */
export function regionStylesOf(codes: Float32Array, { labels, length }: Regions): Record<number, Float32Array> {
  const out: Record<number, Float32Array> = {};
  for (let j = 0; j < labels; j++) {
    const code = codes.slice(j * length, (j + 1) * length);
    if (code.some((v) => v !== 0)) out[j] = code;
  }
  return out;
}

/**
 * Moves styles towards a reference's, label by label: (1 - alpha) * own + alpha * reference. A label that only one of them has stays as `own`
 * has it.
 * @param alpha of all labels, or by label; labels that it lacks stay
 * @throws SpadeError shape: codes of two lengths
 */
export function mixRegionStyles(
  own: RegionStyles,
  reference: RegionStyles,
  alpha: number | { readonly [label: number]: number } = 1,
): { [label: number]: Float32Array } {
  return Object.fromEntries(
    Object.entries(own).map(([label, code]) => {
      const other = reference[Number(label)];
      const t = typeof alpha === "number" ? alpha : (alpha[Number(label)] ?? 0);
      const from = Float32Array.from(code as ArrayLike<number>);
      if (other === undefined || t === 0) return [label, from];
      if (other.length !== from.length)
        throw new SpadeError(
          "shape",
          `mixRegionStyles, label ${label}`,
          `${from.length} and ${other.length} numbers`,
          "give styles of one net",
        );
      return [label, from.map((v, i) => v * (1 - t) + other[i] * t)];
    }),
  );
}

/** Styles as text, with six digits: the metadata `region_styles` of weights, files of styles. */
export const encodeRegionStyles = (styles: RegionStyles): string =>
  JSON.stringify(
    Object.fromEntries(
      Object.entries(styles).map(([label, code]) => [
        label,
        Array.from(code as ArrayLike<number>, (v) => Number(v.toPrecision(6))),
      ]),
    ),
  );

/** @param where in messages @throws SpadeError file: no styles of this net */
export function decodeRegionStyles(text: string | undefined, regions: Regions, where: string): RegionStyles {
  if (text === undefined) return {};
  const styles = parseJson(text, where) as RegionStyles;
  try {
    regionCodes(styles, {}, regions, where);
  } catch (error) {
    if (!(error instanceof SpadeError)) throw error;
    throw new SpadeError("file", error.where, error.problem, error.fix, error);
  }
  return styles;
}

/** Weight of what came before at each further picture of a label: the mean is over about the last thousand. */
const KEPT = 0.999;

/** The mean codes of a training's photos, by label, as training computes them (no photo is read again). */
export class RegionMeans {
  /** [labels, length + 1]: weighted sums, and sums of weights. */
  private readonly sums: Float32Array;

  constructor(private readonly regions: Regions) {
    this.sums = new Float32Array(regions.labels * (regions.length + 1));
  }

  /** Rows and columns of values(). */
  get count(): number {
    return this.regions.labels;
  }

  get dim(): number {
    return this.regions.length + 1;
  }

  /** @param codes [N, labels, length], zeros for labels that a picture does not have */
  add(codes: Float32Array): void {
    const { labels, length } = this.regions;
    for (let at = 0; at < codes.length; at += labels * length)
      for (const [label, code] of Object.entries(
        regionStylesOf(codes.subarray(at, at + labels * length), this.regions),
      )) {
        const row = this.sums.subarray(Number(label) * this.dim, (Number(label) + 1) * this.dim);
        for (let i = 0; i < this.dim; i++) row[i] = row[i] * KEPT + (i < length ? code[i] : 1);
      }
  }

  values(): Float32Array {
    return this.sums.slice();
  }

  restore(values: Float32Array): void {
    this.sums.set(values);
  }

  means(): Record<number, Float32Array> {
    const { labels, length } = this.regions;
    const out: Record<number, Float32Array> = {};
    for (let j = 0; j < labels; j++) {
      const row = this.sums.subarray(j * this.dim, (j + 1) * this.dim);
      if (row[length] > 0) out[j] = row.slice(0, length).map((v) => v / row[length]);
    }
    return out;
  }

  /** What weights' metadata say of styles. */
  metadata(): Record<string, string> {
    const means = this.means();
    return Object.keys(means).length ? { region_styles: encodeRegionStyles(means) } : {};
  }
}
