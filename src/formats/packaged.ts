// What is found beside this code: files of this package, the weights' package, and packages that only some commands need. With file.ts, this
// is the only file of this folder that imports Node modules.

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

import { peerDependencies } from "../../package.json";
import { SpadeError } from "../runtime/errors.ts";

/** The npm package of the trained nets; in a clone it is the folder weights/. */
const WEIGHTS = "spade-webgpu-weights";

const here = dirname(fileURLToPath(import.meta.url));
/** Where a path of this package may be. The code runs from dist/ and, in tests, from src/FOLDER/. */
const places = (path: string): string[] => [join(here, "..", path), join(here, "..", "..", path)];

/** Finds the path of a file in this package. @throws SpadeError file */
export function packagedFile(path: string): string {
  const found = places(path).find(existsSync);
  if (found) return found;
  throw new SpadeError("file", path, "is missing from the package", "install spade-webgpu again");
}

/**
 * Finds a file of the weights that we publish: in weights/ of a clone, else in the npm package spade-webgpu-weights, installed where the user
 * stands or beside this package.
 * @param or what else the user can do, for the message: ", or give ..."
 * @throws SpadeError file
 */
export function publishedWeights(name: string, or = ""): string {
  const inClone = places(join("weights", name)).find(existsSync);
  if (inClone) return inClone;
  for (const from of [join(process.cwd(), "package.json"), import.meta.url]) {
    try {
      return createRequire(from).resolve(`${WEIGHTS}/${name}`);
    } catch {
      // Not installed there.
    }
  }
  throw new SpadeError("file", name, `is not here: it comes with the npm package ${WEIGHTS}`, toInstall(WEIGHTS) + or);
}

type Peer = keyof typeof peerDependencies;

/**
 * The error of an npm package that could not be imported.
 * @param purpose why it is needed: "and a segmenter runs on it"
 */
export function missingPackage(
  code: "no-webgpu" | "unsupported",
  name: Peer,
  purpose: string,
  cause: unknown,
  or = "",
): SpadeError {
  const { code: reason, message } = cause as NodeJS.ErrnoException;
  const isAbsent = reason === "ERR_MODULE_NOT_FOUND" && message.includes(`'${name}'`);
  const problem = isAbsent ? "is not installed" : `can't be loaded (${message.split("\n")[0]})`;
  return new SpadeError(code, `npm package ${name}`, `${problem}, ${purpose}`, toInstall(name) + or, cause);
}

/** A name for npm install, with the version that goes with this one: ^0.6.2 becomes webgpu@0.6. */
const versioned = (name: Peer): string =>
  `${name}@${peerDependencies[name].replace(/^\D+/, "").split(".").slice(0, 2).join(".")}`;

/** The command that installs an optional package for this program, wherever it is installed itself. */
export const toInstall = (name: Peer): string => installLine(name, here, process.cwd());

/** @param own a folder of this package @param cwd the user's current folder */
export function installLine(name: Peer, own: string, cwd: string): string {
  const parts = own.split(sep);
  const modules = parts.indexOf("node_modules");
  // npx keeps packages in a folder of its own, in which nothing else can be installed.
  if (parts.includes("_npx")) {
    const packages = [...new Set<Peer>(["webgpu", "sharp", name])].map((p) => `-p ${versioned(p)}`);
    return `run it as: npx -p spade-webgpu ${packages.join(" ")} spade-webgpu ...`;
  }
  if (modules < 0) return name === WEIGHTS ? "check the folder weights/ of this clone out" : "run: npm run setup";
  const project = parts.slice(0, modules).join(sep) || sep;
  const install = `npm install ${versioned(name)}`;
  if (basename(project) === "lib" || !existsSync(join(project, "package.json")))
    return `run: npm install --global ${versioned(name)}`;
  const away = relative(project, cwd);
  return away.startsWith("..") ? `run: ${install} --prefix ${project}` : `run: ${install}`;
}
