// info FILE: lists what a checkpoint holds, and the net options derived from its keys and shapes.

import { basename } from "node:path";

import type { Checkpoint } from "../../formats/checkpoint.ts";
import { openCheckpointFile } from "../../formats/file.ts";
import { shapesOf } from "../../formats/tensors.ts";
import { findConfig, guessNote } from "../../models/weights/find_config.ts";
import type { FoundConfig } from "../../models/weights/stored_config.ts";
import { storedForm, type Config } from "../../models/config.ts";
import { foreign, SpadeError } from "../../runtime/errors.ts";
import { optionsBeside } from "../../training/records/opt_beside.ts";
import { kindLine, metadataLines, noteLines, summary, tensorLines } from "../reports/checkpoint_report.ts";

/**
 * The lines to print about a checkpoint; with `all`, every tensor and class. Fails with `file` or `unsupported` if it cannot be read.
 */
export async function info(file: string, options: { key?: string; all?: boolean } = {}): Promise<string[]> {
  const { all = false } = options;
  const source = await openCheckpointFile(file, options);
  try {
    const said: string[] = [];
    const finding = await findingBeside(file, source, {}, (line) => said.push(line));
    return [
      summary(basename(file), source),
      ...said.filter((line) => line.startsWith("note: ")),
      ...fileLines(finding, source.metadata, all),
      ...metadataLines(source.metadata),
      ...noteLines(source),
      ...tensorLines(source, all),
    ];
  } finally {
    await source.close();
  }
}

/** The net's config, or the reason why there is none: other checkpoints than generators can be converted too. */
export type Finding = ({ ok: true; from: string } & FoundConfig) | { ok: false; why: string };

/**
 * The config of a checkpoint's net, with what the opt file beside it states.
 * @param given options that the user states
 * @param say gets a line about the opt file
 * @throws SpadeError usage: the options contradict the weights
 */
export async function findingBeside(
  file: string,
  source: Checkpoint,
  given: Partial<Config> = {},
  say: (line: string) => void,
): Promise<Finding> {
  const alone = findingOf(source, given);
  if (!alone.ok) return alone;
  return findingOf(source, { ...(await optionsBeside(file, source, given, say)), ...given });
}

function findingOf(source: Checkpoint, given: Partial<Config> = {}): Finding {
  const shapes = shapesOf(source);
  try {
    const from = source.metadata.config === undefined ? "guessed from keys and shapes" : "from its metadata";
    return { ok: true, from, ...findConfig(shapes, source.metadata, given) };
  } catch (error) {
    if (!(error instanceof SpadeError) || error.code === "usage") throw error;
    return { ok: false, why: error.problem };
  }
}

/** What net the file holds. */
function fileLines(finding: Finding, metadata: Readonly<Record<string, string>>, all: boolean): string[] {
  const kind = kindLine(metadata, all);
  if (kind === undefined) return configLines(finding);
  return finding.ok ? [...configLines(finding), kind] : [kind];
}

/** The config in a line, and what of it is a guess. */
export function configLines(finding: Finding): string[] {
  if (!finding.ok) return [`config: none, not a SPADE generator (${finding.why})`];
  const options = Object.entries(storedForm(finding.config)).map(([k, v]) => `${k} ${foreign(String(v), 60)}`);
  const note = guessNote(finding);
  const line = `config, ${finding.from}: ${options.join(", ")}`;
  return note ? [line, `note: ${note.message}; ${note.fix}`] : [line];
}
