// Option names are the published ones, with underscores; dashes are accepted: --label-nc is --label_nc, --no-instance is --no_instance.
// --no-NAME turns off an option that is on by default: --no-contain_dontcare_label is --contain_dontcare_label=false.

import type { Command } from "commander";
import { foreign, SpadeError } from "../../runtime/errors.ts";

const plain = (name: string): string => name.replaceAll("-", "_").toLowerCase();

/** Rewrites every option as its command declares it. Unknown options stay, so that commander reports them. */
export function publishedNames(args: readonly string[], program: Command): string[] {
  const known = new Map<string, string>();
  for (const command of [program, ...program.commands]) {
    for (const option of command.options) {
      if (!option.long) continue;
      const name = plain(option.long.slice(2));
      known.set(name, option.long);
      // The second of two long names.
      if (option.short?.startsWith("--")) known.set(plain(option.short.slice(2)), option.long);
      const off = `no_${name}`;
      if (option.flags.endsWith("[bool]") && !known.has(off)) known.set(off, `${option.long}=false`);
    }
  }
  const end = args.indexOf("--");
  return args.map((arg, i) => {
    if (!arg.startsWith("--") || arg === "--" || (end >= 0 && i > end)) return arg;
    const [name, ...value] = arg.slice(2).split("=");
    const long = known.get(plain(name));
    return long ? [long, ...value].join("=") : arg;
  });
}

/** Commander's own error counts the arguments that are too many; this one names them. @throws SpadeError usage */
export function refuseExcess(command: Command): void {
  const excess = command.args.slice(command.registeredArguments.length);
  if (excess.length === 0) return;
  const name = excess[0].replace(/^-+/, "").replaceAll("-", "_");
  const meant = command.options.find((option) => option.long === `--${name}`)?.long;
  throw new SpadeError(
    "usage",
    `${command.name()} ... ${excess.map((arg) => foreign(arg, 60)).join(" ")}`,
    excess.length === 1 ? "is an argument too many" : `are ${excess.length} arguments too many`,
    meant
      ? `write ${meant}, without a space after the dashes`
      : "names of options begin with --; put a text with spaces in quotes",
  );
}
