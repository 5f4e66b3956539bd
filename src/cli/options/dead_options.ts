// Published options that have no effect here, or only one supported value: scripts that give them keep working. A value that would need
// what we do not implement is refused with a one-line error.

import { Option, type Command } from "commander";
import { SpadeError } from "../../runtime/errors.ts";

interface Dead {
  /** Placeholder of the value; flags have none. */
  readonly value?: "<x>";
  /** The only supported value; no note is printed for it. */
  readonly only?: string;
  /** Gives the reason if a value is refused. */
  refuses?(value: string): string | undefined;
  readonly fix?: string;
}

const DEAD: Readonly<Record<string, Dead>> = {
  gpu_ids: {
    value: "<x>",
    refuses: (ids) => (ids.includes(",") ? "names several GPUs, and this process has one" : undefined),
    fix: "leave it out (SPADE_ADAPTER chooses the adapter), or start a rank for each under mpirun (docs/train.md)",
  },
  model: { value: "<x>", only: "pix2pix" },
  output_nc: { value: "<x>", only: "3" },
  optimizer: { value: "<x>", only: "adam" },
  netD: { value: "<x>", only: "multiscale", fix: "leave it out; num_D 1 is a discriminator of one scale" },
  netD_subarch: { value: "<x>", only: "n_layer" },
  nef: { value: "<x>" },
  display_winsize: { value: "<x>" },
  debug: {},
  cache_filelist_write: {},
  cache_filelist_read: {},
};

/** Makes a command accept these options and `others`, hidden from its help, except those that it has already. */
export function addDeadOptions(command: Command, others: readonly string[] = []): Command {
  const accept = (name: string, value: string): void => {
    if (!command.options.some((o) => o.long === `--${name}`))
      command.addOption(new Option(`--${name} ${value}`).hideHelp());
  };
  for (const [name, { value }] of Object.entries(DEAD)) accept(name, value ?? "[bool]");
  for (const name of others) accept(name, "[x]");
  return command;
}

/**
 * A note that lists which of the given options are ignored; undefined if none is.
 * @param honoured options that have an effect in this command
 * @throws SpadeError unsupported: a value that we do not implement
 */
export function ignoredOptions(
  given: Readonly<Record<string, unknown>>,
  honoured: readonly string[],
): string | undefined {
  const ignored: string[] = [];
  for (const [name, { only, refuses, fix }] of Object.entries(DEAD)) {
    const value = given[name];
    if (value === undefined || honoured.includes(name) || value === only) continue;
    const problem = only === undefined ? refuses?.(String(value)) : `only ${only} is there`;
    if (problem) throw new SpadeError("unsupported", `--${name} ${String(value)}`, problem, fix ?? "leave it out");
    ignored.push(`--${name}`);
  }
  if (!ignored.length) return undefined;
  return `note: ${ignored.join(", ")} ${ignored.length > 1 ? "mean" : "means"} nothing here`;
}
