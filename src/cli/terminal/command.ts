// What starts this program from where the user stands: for the commands that messages print.

import { existsSync, realpathSync } from "node:fs";
import { delimiter, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { quoted } from "./output.ts";

const NAME = "spade-webgpu";
/** How errors of any room name the program; what prints them puts `command()` there (`withCommand`). */
const FIXED = `npx ${NAME}`;

export interface Place {
  /** The program: dist/cli.js, in a clone or in an installed package. */
  cli: string;
  /** Where the user stands. */
  cwd: string;
  /** Folders of the shell's commands. */
  path: readonly string[];
}

/** `folder` and those above it. */
function upwards(folder: string): string[] {
  const above = dirname(folder);
  return above === folder ? [folder] : [folder, ...upwards(above)];
}

const real = (path: string): string => {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
};

/** dist/cli.js of this package: this file is bundled into dist/, and lies in src/ for the tests. */
function ownProgram(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const root = upwards(here).find((folder) => existsSync(join(folder, "package.json"))) ?? here;
  return join(root, "dist", "cli.js");
}

/** As npx, a shell and node look for it: the first that finds this very program. */
export function commandAt({ cli, cwd, path }: Place): string {
  const self = real(cli);
  const installed = (modules: string): boolean => real(join(modules, NAME, "dist", "cli.js")) === self;
  const linked = (folder: string): boolean => [NAME, `${NAME}.cmd`].some((name) => existsSync(join(folder, name)));

  const modules = upwards(cwd).map((folder) => join(folder, "node_modules"));
  if (modules.some((folder) => linked(join(folder, ".bin")) && installed(folder))) return FIXED;
  // npx without an installation: it runs from npm's cache.
  if (/[\\/]_npx[\\/]/.test(self)) return FIXED;
  // A global one is a link to the program; on Windows a script beside node_modules. What npm run puts before PATH goes with it.
  const commands = path.filter((folder) => folder && !/[\\/]node_modules[\\/]\.bin[\\/]?$/.test(folder));
  const found = (folder: string): boolean =>
    real(join(folder, NAME)) === self || (linked(folder) && installed(join(folder, "node_modules")));
  if (commands.some(found)) return NAME;
  return `node ${quoted(relative(real(cwd), self))}`;
}

let known: string | undefined;

/** `node dist/cli.js` in a clone, `npx spade-webgpu` where it is installed, `spade-webgpu` where it is installed for all. */
export const command = (): string =>
  (known ??= commandAt({ cli: ownProgram(), cwd: process.cwd(), path: (process.env.PATH ?? "").split(delimiter) }));

/** A message with the command that works here in place of the fixed one. */
export const withCommand = (message: string): string => message.replaceAll(FIXED, command());
