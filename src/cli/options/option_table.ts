// Tables of options: published name to what its values are and a line of help. Commander gets no defaults: an option that was not given must
// stay undefined, because the opt file and the data set take precedence over the base default.

import { InvalidArgumentError, Option, type Command } from "commander";
import * as rules from "../../training/option_rules.ts";

export interface Entry extends rules.Rule {
  readonly help: string;
}

/** The help of --force. */
export const FORCE = "let results replace existing files of another kind; an input is never replaced";

export type Table<K extends string = string> = Readonly<Record<K, Entry>>;

export const toggle = (help: string): Entry => ({ ...rules.toggle, help });
export const whole = (least: number, help: string): Entry => ({ ...rules.whole(least), help });
export const text = (value: string, help: string): Entry => ({ ...rules.text(value), help });
export const choice = (choices: readonly string[], help: string): Entry => ({ ...rules.choice(choices), help });
export const limit = ({ help, ...rule }: Entry): Entry => ({ ...rules.limit(rule), help });

/** A parser as commander takes it: the message of a value that is refused becomes commander's. */
export const argument =
  <T>(parse: (text: string) => T) =>
  (given: string): T => {
    try {
      return parse(given);
    } catch (error) {
      throw error instanceof rules.InvalidValue ? new InvalidArgumentError(error.message) : error;
    }
  };

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
    if (parse) option.argParser(argument(parse));
    command.addOption(option.helpGroup(`${heading}:`));
  }
  return command;
}
