// The npm package as npm would publish it, from the dist/ that is there, and projects that have it installed.

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
// @ts-expect-error: a script without types
import * as untyped from "../../scripts/build/types.mjs";

const { writeTypes } = untyped as { writeTypes(to: string): boolean };

export const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Manifest {
  files: string[];
  bin: Record<string, string>;
  exports: Record<string, string | Record<string, string>>;
  dependencies?: Record<string, string>;
  peerDependencies: Record<string, string>;
  peerDependenciesMeta: Record<string, { optional: boolean }>;
}
export const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;

export interface Packed {
  tarball: string;
  /** Bytes of the tarball. */
  size: number;
  /** Paths in it. */
  files: string[];
}

export const scratch = async (): Promise<string> => realpathSync(await mkdtemp(join(tmpdir(), "spade-package-")));

/**
 * Packs a copy of what npm would take from this folder, so that tests may pack while others build.
 * @param types with dist/types, which takes seconds
 */
export function pack(folder: string, { types = false } = {}): Packed {
  const source = join(folder, "source");
  const tops = manifest.files.filter((f) => !f.startsWith("!")).map((f) => f.split("/")[0]);
  for (const name of new Set([...tops, "package.json", "README.md", "LICENSE"]))
    cpSync(join(root, name), join(source, name), {
      recursive: true,
      filter: (path) => !/dist[\\/](bench|types|site[\\/](engine|weights))$|\.part$/.test(path),
    });
  if (types && !writeTypes(source)) throw new Error("dist/types can't be written");
  return packFolder(source, folder);
}

/** npm pack without the package's scripts. */
export function packFolder(source: string, to: string): Packed {
  const out = npm(source, "pack", "--json", "--ignore-scripts", "--pack-destination", to);
  const [{ filename, size, files }] = JSON.parse(out) as {
    filename: string;
    size: number;
    files: { path: string }[];
  }[];
  return { tarball: join(to, basename(filename)), size, files: files.map((f) => f.path) };
}

export const npm = (cwd: string, ...args: string[]): string =>
  execFileSync("npm", args, {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    shell: process.platform === "win32",
  });

/** A project with the tarball's content in node_modules. @param files paths to texts @returns its folder */
export function project(folder: string, { tarball }: Packed, files: Readonly<Record<string, string>> = {}): string {
  const installed = join(folder, "node_modules", "spade-webgpu");
  mkdirSync(installed, { recursive: true });
  execFileSync("tar", ["-xzf", tarball, "-C", installed, "--strip-components=1"]);
  for (const [path, text] of Object.entries({ "package.json": '{ "private": true, "type": "module" }', ...files })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}
