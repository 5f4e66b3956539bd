// info FILE: lists what a checkpoint holds, and the net options derived from its keys and shapes.

import { basename } from "node:path";

import type { Checkpoint } from "../../formats/checkpoint.ts";
import { openCheckpointFile } from "../../formats/file.ts";
import { byteSize, elements } from "../../formats/tensors.ts";
import { findConfig, guessNote } from "../../models/weights/find_config.ts";
import type { FoundConfig } from "../../models/weights/stored_config.ts";
import type { Config } from "../../models/config.ts";
import { counted, SpadeError } from "../../runtime/errors.ts";
import { optionsBeside } from "../inputs/opt_beside.ts";

/** The lines to print about a checkpoint. Fails with `file` or `unsupported` if it cannot be read. */
export async function info(file: string, options: { key?: string } = {}): Promise<string[]> {
  const source = await openCheckpointFile(file, options);
  try {
    const beside = await besideOf(file, source);
    const lines = [summary(basename(file), source), ...configLines(findingOf(source, beside))];
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

/** optionsBeside; {} for a file that is no generator. */
async function besideOf(file: string, source: Checkpoint): Promise<Partial<Config>> {
  return findingOf(source).ok ? optionsBeside(file, source, {}, () => undefined) : {};
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

/** The net's config, or the reason why there is none: other checkpoints than generators can be converted too. */
export type Finding = ({ ok: true; from: string } & FoundConfig) | { ok: false; why: string };

/** @param given options that the user states, or the opt file beside the weights. @throws SpadeError usage: they contradict the weights */
export function findingOf(source: Checkpoint, given: Partial<Config> = {}): Finding {
  const shapes = new Map(source.names().map((n) => [n, source.info(n).shape]));
  try {
    const from = source.metadata.config === undefined ? "guessed from keys and shapes" : "from its metadata";
    return { ok: true, from, ...findConfig(shapes, source.metadata, given) };
  } catch (error) {
    if (!(error instanceof SpadeError) || error.code === "usage") throw error;
    return { ok: false, why: error.problem };
  }
}

/** The config in a line, and what of it is a guess. */
export function configLines(finding: Finding): string[] {
  if (!finding.ok) return [`config: none, not a SPADE generator (${finding.why})`];
  const options = Object.entries(finding.config).map(([k, v]) => `${k} ${v}`);
  const note = guessNote(finding);
  const line = `config, ${finding.from}: ${options.join(", ")}`;
  return note ? [line, `note: ${note.message}; ${note.fix}`] : [line];
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
