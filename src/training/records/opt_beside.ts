// opt.json or opt.txt beside a weights file, where training (ours and upstream's) leaves it: it states what the weights do not store.

import { dirname } from "node:path";
import type { Checkpoint } from "../../formats/checkpoint.ts";
import type { Config } from "../../models/config.ts";
import { findConfig, GUESSABLE } from "../../models/weights/find_config.ts";
import { checkpointSource } from "../../models/weights/source.ts";
import { SpadeError } from "../../runtime/errors.ts";
import { ruled } from "../option_values.ts";
import { loadOptionsFile, optFileIn } from "./opt_file.ts";

/**
 * The options that the opt file states of those that `checkpoint` leaves open; none if there is no opt file, or if it is damaged or
 * of another net, which `say` reports.
 * @param given options of the command line, which go before it
 */
export async function optionsBeside(
  weights: string,
  checkpoint: Checkpoint,
  given: Partial<Config>,
  say: (line: string) => void,
): Promise<Partial<Config>> {
  const folder = dirname(weights);
  const path = optFileIn(folder);
  if (path === undefined) return {};
  const { shapes } = checkpointSource(checkpoint);
  const { config, guessed } = findConfig(shapes, checkpoint.metadata, given);
  if (guessed.length === 0) return {};
  try {
    const saved = ruled((await loadOptionsFile(path)).options, path);
    const names = GUESSABLE.filter((name) => saved[name] !== undefined && given[name] === undefined);
    const options = Object.fromEntries(names.map((name) => [name, saved[name]])) as Partial<Config>;
    if (saved.ngf !== undefined && saved.ngf !== config.ngf)
      throw new SpadeError("usage", "ngf", `is ${saved.ngf} where the weights have ${config.ngf}`, "");
    findConfig(shapes, checkpoint.metadata, { ...options, ...given });
    if (names.length) say(`options of ${path}: ${names.map((name) => `${name} ${String(options[name])}`).join(", ")}`);
    return options;
  } catch (error) {
    if (!(error instanceof SpadeError)) throw error;
    say(`note: ${path} is not used: ${error.where} ${error.problem}`);
    return {};
  }
}
