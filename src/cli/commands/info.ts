// info FILE: lists what a checkpoint holds, and the net options derived from its keys and shapes.

import { basename } from "node:path";

import type { Checkpoint } from "../../formats/checkpoint.ts";
import { openCheckpointFile } from "../../formats/file.ts";
import { guessConfig } from "../../models/weights/guess.ts";
import type { Config } from "../../models/config.ts";
import { foreign, SpadeError } from "../../runtime/errors.ts";
import { metadataLines, noteLines, summary, tensorLines } from "../reports/checkpoint_report.ts";

/**
 * The lines to print about a checkpoint; with `all`, of every tensor. Fails with `file` or `unsupported` if it cannot be read.
 */
export async function info(file: string, options: { key?: string; all?: boolean } = {}): Promise<string[]> {
  const source = await openCheckpointFile(file, options);
  try {
    return [
      summary(basename(file), source),
      configLine(guessed(source)),
      ...metadataLines(source.metadata),
      ...noteLines(source),
      ...tensorLines(source, options.all ?? false),
    ];
  } finally {
    await source.close();
  }
}

/** The net's config, or the reason why there is none: other checkpoints than generators can be converted too. */
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
  const options = Object.entries(guess.config).map(([k, v]) => `${k} ${foreign(String(v), 60)}`);
  return `config, ${guess.from}: ${options.join(", ")}`;
}
