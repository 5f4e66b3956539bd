// info FILE: what a checkpoint holds, and the net that its keys and shapes say it is.

import { basename } from "node:path";

import type { Checkpoint } from "../../formats/checkpoint.ts";
import { openCheckpointFile } from "../../formats/file.ts";
import { byteSize, elements } from "../../formats/tensors.ts";
import { guessConfig } from "../../models/weights/guess.ts";
import type { Config } from "../../models/config.ts";
import { SpadeError, counted } from "../../runtime/errors.ts";

/** The lines to print about a checkpoint. Fails with `file` or `unsupported` where it cannot be read. */
export async function info(file: string, options: { key?: string } = {}): Promise<string[]> {
  const source = await openCheckpointFile(file, options);
  try {
    const lines = [summary(basename(file), source), configLine(guessed(source))];
    for (const [key, value] of Object.entries(source.metadata)) {
      if (key === "labels") lines.push(`labels: ${countOf(value)}`);
      else if (key !== "config") lines.push(`${key}: ${value.length > 200 ? `${value.slice(0, 200)}...` : value}`);
    }
    for (const note of source.notes) lines.push(`note: ${note}`);
    const names = source.names();
    const width = names.reduce((w, n) => Math.max(w, n.length), 0);
    for (const name of names) {
      const { dtype, shape } = source.info(name);
      lines.push(`${name.padEnd(width)}  ${dtype.padEnd(4)}  [${shape.join(", ")}]`);
    }
    return lines;
  } finally {
    await source.close();
  }
}

/** "coco.pth: torch zip, 234 tensors (216 F32, 18 I64), 97594965 values, 390.4 MB" */
export function summary(name: string, source: Checkpoint): string {
  const tensors = source.names().map((n) => source.info(n));
  const counts = new Map<string, number>();
  for (const t of tensors) counts.set(t.dtype, (counts.get(t.dtype) ?? 0) + 1);
  const dtypes = [...counts].map(([dtype, count]) => `${count} ${dtype}`).join(", ");
  const values = tensors.reduce((n, t) => n + elements(t.shape), 0);
  const bytes = tensors.reduce((n, t) => n + byteSize(t), 0);
  return `${name}: ${source.format}, ${counted(tensors.length, "tensor")} (${dtypes}), ${counted(values, "value")}, ${(bytes / 1e6).toFixed(1)} MB`;
}

/** The net's config, or why there is none: any checkpoint may be converted, not only generators. */
export type Guess = { ok: true; config: Config; from: string } | { ok: false; why: string };

export function guessed(source: Checkpoint): Guess {
  const shapes = new Map(source.names().map((n) => [n, source.info(n).shape]));
  try {
    const from = source.metadata.config === undefined ? "guessed from keys and shapes" : "from its metadata";
    return { ok: true, config: guessConfig(shapes, source.metadata), from };
  } catch (error) {
    if (!(error instanceof SpadeError)) throw error;
    return { ok: false, why: error.problem };
  }
}

export function configLine(guess: Guess): string {
  if (!guess.ok) return `config: none, not a SPADE generator (${guess.why})`;
  const options = Object.entries(guess.config).map(([k, v]) => `${k} ${v}`);
  return `config, ${guess.from}: ${options.join(", ")}`;
}

function countOf(json: string): string {
  try {
    const labels: unknown = JSON.parse(json);
    if (Array.isArray(labels)) return `${labels.length} with names and colours`;
    return "damaged";
  } catch {
    return "damaged";
  }
}
