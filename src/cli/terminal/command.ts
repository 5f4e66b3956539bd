// The command that starts this program from the user's current folder, for messages that print commands.

import { existsSync, realpathSync } from "node:fs";
import { delimiter, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { quoted } from "./output.ts";

const NAME = "spade-webgpu";
/** The program's name in error messages of all folders; `withCommand` replaces it with `command()` when they are printed. */
const FIXED = `npx ${NAME}`;

export interface Place {
  /** The program: dist/cli.js, in a clone or in an installed package. */
  cli: string;
  /** The current folder. */
  cwd: string;
  /** The folders of PATH. */
  path: readonly string[];
}

/** `folder` and all folders above it. */
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

/** Tries npx, then a global command, then node: the first that would start this very program. */
export function commandAt({ cli, cwd, path }: Place): string {
  const self = real(cli);
  const installed = (modules: string): boolean => real(join(modules, NAME, "dist", "cli.js")) === self;
  const linked = (folder: string): boolean => [NAME, `${NAME}.cmd`].some((name) => existsSync(join(folder, name)));

  const modules = upwards(cwd).map((folder) => join(folder, "node_modules"));
  if (modules.some((folder) => linked(join(folder, ".bin")) && installed(folder))) return FIXED;
  // npx without an installation runs the program from npm's cache.
  if (/[\\/]_npx[\\/]/.test(self)) return FIXED;
  // A global command is a link to the program, or on Windows a script beside node_modules. Skip the folders that npm run adds to PATH.
  const commands = path.filter((folder) => folder && !/[\\/]node_modules[\\/]\.bin[\\/]?$/.test(folder));
  const found = (folder: string): boolean =>
    real(join(folder, NAME)) === self || (linked(folder) && installed(join(folder, "node_modules")));
  if (commands.some(found)) return NAME;
  return `node ${quoted(relative(real(cwd), self))}`;
}

let known: string | undefined;

/** `node dist/cli.js` in a clone, `npx spade-webgpu` where the package is installed, `spade-webgpu` where it is installed globally. */
export const command = (): string =>
  (known ??= commandAt({ cli: ownProgram(), cwd: process.cwd(), path: (process.env.PATH ?? "").split(delimiter) }));

/** Replaces FIXED in a message with the command that works here. */
export const withCommand = (message: string): string => message.replaceAll(FIXED, command());
