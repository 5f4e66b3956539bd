// When dist/ is built again: never while it was built from the sources that are there. scripts/setup.mjs, and so every npm script that
// needs dist/, and vitest's global set-up ask here. Only Node's own modules: it runs in a clone with nothing installed.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const stamp = join(root, "dist", ".built-from");

const SOURCES = [
  "src",
  "kernels",
  "shaders",
  "bench",
  "scripts/build",
  "scripts/build.mjs",
  "package.json",
  "package-lock.json",
  "weights/LICENSE.md",
];
/** conformance.js, fuzz.js and the benches are built from these too. */
const isTestSource = (path) => path.endsWith(".ts") && !path.endsWith(".test.ts");

/** All files at or below a path, sorted. */
function filesOf(path) {
  const full = join(root, path);
  if (!existsSync(full)) return [];
  const entries = readdirSync(dirname(full), { withFileTypes: true }).filter(
    (e) => join(dirname(full), e.name) === full,
  );
  if (!entries[0].isDirectory()) return [path];
  return readdirSync(full)
    .sort()
    .flatMap((name) => filesOf(join(path, name)));
}

/** A hash of the names and contents of all files that dist/ is built from. */
export function sourceHash() {
  const hash = createHash("sha256");
  for (const file of [...SOURCES.flatMap(filesOf), ...filesOf("test").filter(isTestSource)])
    hash.update(`${file}\0`).update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

/** Whether dist/ was built from the sources that are there. */
export const isBuilt = () =>
  existsSync(stamp) && existsSync(join(root, "dist", "cli.js")) && readFileSync(stamp, "utf8") === sourceHash();

/** Notes what dist/ is built from; undefined: a build has begun, and nobody knows. */
export function noteBuilt(hash) {
  if (hash === undefined) return rmSync(stamp, { force: true });
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, hash);
}

/** Builds dist/, without types. @returns what the build printed if it failed, else "" */
export function build() {
  const args = [join(root, "scripts", "build.mjs"), "--no-types"];
  const done = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  return done.status === 0 ? "" : `${done.stdout}${done.stderr}${done.error?.message ?? ""}`.trim() || "it failed";
}
