// Option names are the published ones, underscores included; dashes are accepted: --label-nc is --label_nc, --no-instance is --no_instance.

import type { Command } from "commander";

const plain = (name: string): string => name.replaceAll("-", "_").toLowerCase();

/** Arguments with every option written as its command declares it; what no command knows stays, for commander's own message. */
export function publishedNames(args: readonly string[], program: Command): string[] {
  const known = new Map<string, string>();
  for (const command of [program, ...program.commands]) {
    for (const option of command.options) if (option.long) known.set(plain(option.long.slice(2)), option.long);
  }
  const end = args.indexOf("--");
  return args.map((arg, i) => {
    if (!arg.startsWith("--") || arg === "--" || (end >= 0 && i > end)) return arg;
    const [name, ...value] = arg.slice(2).split("=");
    const long = known.get(plain(name));
    return long ? [long, ...value].join("=") : arg;
  });
}
