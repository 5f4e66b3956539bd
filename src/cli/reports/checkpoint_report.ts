// What a checkpoint holds, as lines for a terminal. Names, metadata and notes come from the file and pass `foreign`.

import type { Checkpoint } from "../../formats/checkpoint.ts";
import { listed, parseJson } from "../../formats/budget.ts";
import { byteSize, elements } from "../../formats/tensors.ts";
import { counted, foreign, SpadeError } from "../../runtime/errors.ts";
import { segmenterConfig } from "../../segmenting/segmenter_config.ts";

/** Tensors that `info` prints without --all. */
const MOST_TENSORS = 2000;
const MOST_METADATA = 50;
/** Characters of a tensor's name, a value of the metadata, a note. */
const [NAME, VALUE, NOTE] = [120, 200, 300];

/** "coco.pth: torch zip, 234 tensors (216 F32, 18 I64), 97594965 values, 390.4 MB" */
export function summary(name: string, source: Checkpoint): string {
  const tensors = source.names().map((n) => source.info(n));
  const counts = new Map<string, number>();
  for (const t of tensors) counts.set(t.dtype, (counts.get(t.dtype) ?? 0) + 1);
  const dtypes = [...counts].map(([dtype, count]) => `${count} ${dtype}`).join(", ");
  const values = tensors.reduce((n, t) => n + elements(t.shape), 0);
  const bytes = tensors.reduce((n, t) => n + byteSize(t), 0);
  return `${foreign(name)}: ${source.format}, ${counted(tensors.length, "tensor")} (${dtypes}), ${counted(values, "value")}, ${(bytes / 1e6).toFixed(1)} MB`;
}

export const noteLines = (source: Checkpoint): string[] => source.notes.map((note) => `note: ${foreign(note, NOTE)}`);

/**
 * What a file is that holds another net than a generator, where its metadata say so: a segmenter.
 * @param all whether all its classes are named
 */
export function kindLine(metadata: Readonly<Record<string, string>>, all: boolean): string | undefined {
  if (!Object.hasOwn(metadata, "segmenter")) return undefined;
  try {
    const { size, names } = segmenterConfig(metadata, "the file");
    const classes = listed(
      names.map((name, id) => `${id} ${name}`),
      names.length,
      all ? names.length : undefined,
    );
    return `segmenter of photos, resized to ${size}x${size}: ${counted(names.length, "class", "classes")} (${classes})`;
  } catch (error) {
    if (!(error instanceof SpadeError)) throw error;
    return `segmenter: damaged (${error.problem})`;
  }
}

/** The metadata, a line each; `config` and `segmenter` have their own lines elsewhere. */
export function metadataLines(metadata: Readonly<Record<string, string>>): string[] {
  const keys = Object.keys(metadata).filter((key) => key !== "config" && key !== "segmenter");
  const lines = keys.slice(0, MOST_METADATA).map((key) => `${foreign(key, 60)}: ${valueOf(key, metadata[key])}`);
  const left = keys.slice(MOST_METADATA);
  return left.length ? [...lines, `... and ${left.length} more in the metadata: ${listed(left)}`] : lines;
}

function valueOf(key: string, value: string): string {
  if (key === "labels") return described(value, labelsOf);
  if (key === "styles") return described(value, stylesOf);
  return foreign(value, VALUE);
}

function described(json: string, describe: (value: unknown) => string | undefined): string {
  try {
    return describe(parseJson(json, "metadata")) ?? "damaged";
  } catch {
    return "damaged";
  }
}

const labelsOf = (labels: unknown): string | undefined =>
  Array.isArray(labels) ? `${labels.length} with names and colours` : undefined;

function stylesOf(styles: unknown): string | undefined {
  const { mean, presets } = (styles ?? {}) as { mean?: unknown; presets?: unknown };
  if (!Array.isArray(mean) || !Array.isArray(presets)) return undefined;
  return `the mean and ${counted(presets.length, "preset")} of ${counted(mean.length, "number")}`;
}

/** The tensors, in columns. */
export function tensorLines(source: Checkpoint, all: boolean): string[] {
  const names = source.names();
  const shown = names.slice(0, all ? names.length : MOST_TENSORS).map((name) => ({ name, text: foreign(name, NAME) }));
  const width = shown.reduce((w, { text }) => Math.max(w, text.length), 0);
  const lines = shown.map(({ name, text }) => {
    const { dtype, shape } = source.info(name);
    return `${text.padEnd(width)}  ${dtype.padEnd(4)}  [${shape.join(", ")}]`;
  });
  const left = names.length - shown.length;
  return left ? [...lines, `... and ${counted(left, "more tensor")} (--all prints them)`] : lines;
}
