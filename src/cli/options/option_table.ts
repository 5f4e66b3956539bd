// Tables of options: published name to value, line of help and parser. Commander gets no defaults: an option that was not given must
// stay undefined, because the opt file and the data set take precedence over the base default.

import { InvalidArgumentError, Option, type Command } from "commander";
import { flag, number } from "./config_options.ts";

export interface Entry {
  /** Placeholder in the help: "<n>", "[bool]". */
  readonly value: string;
  readonly help: string;
  readonly choices?: readonly string[];
  parse?(text: string): unknown;
}

/** The help of --force. */
export const FORCE = "let results replace existing files of another kind; an input is never replaced";

export type Table<K extends string = string> = Readonly<Record<K, Entry>>;

/** A switch: on if given without a value; `--x false`, `--no-x` and `--no_x` turn it off (argv.ts). */
export const toggle = (help: string): Entry => ({ value: "[bool]", help, parse: flag });
export const whole = (least: number, help: string): Entry => ({ value: "<n>", help, parse: number(least, true) });
export const real = (least: number, help: string): Entry => ({ value: "<x>", help, parse: number(least, false) });
export const text = (value: string, help: string, parse?: (text: string) => unknown): Entry => ({ value, help, parse });
export const choice = (choices: readonly string[], help: string): Entry => ({ value: "<which>", help, choices });

/** The same entry, but accepts Infinity too ("inf", as Python prints it), which means no limit. */
export const limit = ({ parse, ...entry }: Entry): Entry => ({
  ...entry,
  parse: (given) => (/^\+?inf(inity)?$/i.test(given) ? Infinity : parse!(given)),
});

/** A decay rate, 0 <= x < 1. */
export const decay = (help: string): Entry => ({
  value: "<x>",
  help,
  parse: (given) => {
    const value = Number(given);
    if (given.trim() === "" || !(value >= 0 && value < 1))
      throw new InvalidArgumentError("Give a number from 0 on that is less than 1.");
    return value;
  },
});

/** Adds a table's options to a command; the help of each ends with the default that `defaultOf` gives. */
export function addTable(
  command: Command,
  heading: string,
  table: Table,
  defaultOf: (name: string) => string | undefined,
): Command {
  for (const [name, { value, help, choices, parse }] of Object.entries(table)) {
    const usual = defaultOf(name);
    const option = new Option(`--${name} ${value}`, usual === undefined ? help : `${help} (default: ${usual})`);
    if (choices) option.choices(choices);
    if (parse) option.argParser(parse);
    command.addOption(option.helpGroup(`${heading}:`));
  }
  return command;
}
