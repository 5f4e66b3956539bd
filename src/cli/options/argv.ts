// Option names are the published ones, underscores included; dashes are accepted: --label-nc is --label_nc, --no-instance is
// --no_instance. What is on by a default is turned off by --no-NAME: --no-contain_dontcare_label is --contain_dontcare_label=false.

import type { Command } from "commander";

const plain = (name: string): string => name.replaceAll("-", "_").toLowerCase();

/** Arguments with every option written as its command declares it; what no command knows stays, for commander's own message. */
export function publishedNames(args: readonly string[], program: Command): string[] {
  const known = new Map<string, string>();
  for (const command of [program, ...program.commands]) {
    for (const option of command.options) {
      if (!option.long) continue;
      const name = plain(option.long.slice(2));
      known.set(name, option.long);
      // A second name.
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
