// Installs what a clone needs before it can test or paint: dependencies, dist/, an adapter; with --browser also what the tests of the page
// need. `npm test`, `npm run demo` and others call it first. It leaves alone what is already there, and prints nothing if nothing is
// missing. It uses only Node's own modules, because it runs in a clone with nothing installed.

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { chromium } from "./setup/chromium.mjs";
import { adapter } from "./setup/lavapipe.mjs";
import { fail, must, root, say } from "./setup/system.mjs";

// dependencies ---------------------------------------------------------------------------------------------------------------

/** True if node_modules holds every package of package-lock.json in the right version (packages for other systems may be missing). */
function installed() {
  const read = (path) => {
    try {
      return JSON.parse(readFileSync(join(root, path), "utf8")).packages;
    } catch {
      return undefined;
    }
  };
  const wanted = read("package-lock.json");
  const found = read("node_modules/.package-lock.json");
  if (!wanted || !found) return false;
  return Object.entries(wanted).every(
    ([path, p]) => path === "" || (found[path] ? found[path].version === p.version : Boolean(p.optional)),
  );
}

function dependencies() {
  if (installed()) return;
  say("installing the npm packages of package-lock.json ...");
  const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--include=dev", "--include=optional"];
  const npm = process.env.npm_execpath;
  if (npm && /npm-cli\.c?js$/.test(npm)) must(process.execPath, [npm, ...args]);
  else must("npm", args, { shell: process.platform === "win32" });
}

// dist/ ----------------------------------------------------------------------------------------------------------------------

const SOURCES = [
  "src",
  "kernels",
  "shaders",
  "bench",
  "test/conformance",
  "test/tolerances.ts",
  "scripts",
  "package.json",
  "package-lock.json",
];

function* filesOf(path) {
  const full = join(root, path);
  if (!existsSync(full)) return;
  const entries = readdirSync(dirname(full), { withFileTypes: true }).filter((e) => e.name === basename(full));
  if (!entries[0].isDirectory()) yield path;
  else for (const name of readdirSync(full).sort()) yield* filesOf(join(path, name));
}

/** A hash of the names and contents of all files that dist/ is built from. */
function sourceHash() {
  const hash = createHash("sha256");
  for (const path of SOURCES)
    for (const file of filesOf(path)) hash.update(`${file}\0`).update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

function bundles() {
  const stamp = join(root, "dist", ".built-from");
  const hash = sourceHash();
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === hash) return;
  say("building dist/ ...");
  must(process.execPath, ["scripts/build.mjs", "--no-types"]);
  writeFileSync(stamp, hash);
}

const [nodeMajor, nodeMinor] = process.versions.node.split(".").map(Number);
if (nodeMajor < 20 || (nodeMajor === 20 && nodeMinor < 9))
  fail(`Node ${process.versions.node} is too old`, "use Node 20.9 or newer");
dependencies();
bundles();
adapter();
if (process.argv.includes("--browser")) chromium();
