// Option names are the published ones, with underscores; dashes are accepted: --label-nc is --label_nc, --no-instance is --no_instance.
// --no-NAME turns off an option that is on by default: --no-contain_dontcare_label is --contain_dontcare_label=false.

import type { Command } from "commander";

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
