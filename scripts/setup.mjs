// Installs what a clone needs before it can test or paint: dependencies, dist/, an adapter; with --browser also what the tests of the page
// need, with --mpi an MPI for those of several ranks. `npm test`, `npm run demo` and others call it first. It leaves alone what is already there, and prints nothing if nothing is
// missing. It uses only Node's own modules, because it runs in a clone with nothing installed.

import { existsSync, lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isBuilt } from "./dist.mjs";
import { chromium } from "./setup/chromium.mjs";
import { adapter } from "./setup/lavapipe.mjs";
import { mpi } from "./setup/mpi.mjs";
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
  const modules = join(root, "node_modules");
  // npm ci would empty the folder behind the link, which others use.
  if (existsSync(modules) && lstatSync(modules).isSymbolicLink())
    fail(
      "node_modules is a link, and not what package-lock.json says",
      "install where it points to, or remove the link",
    );
  say("installing the npm packages of package-lock.json ...");
  const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--include=dev", "--include=optional"];
  const npm = process.env.npm_execpath;
  if (npm && /npm-cli\.c?js$/.test(npm)) must(process.execPath, [npm, ...args]);
  else must("npm", args, { shell: process.platform === "win32" });
}

// dist/ ----------------------------------------------------------------------------------------------------------------------

function bundles() {
  if (isBuilt()) return;
  say("building dist/ ...");
  must(process.execPath, ["scripts/build.mjs", "--no-types"]);
}

const [nodeMajor, nodeMinor] = process.versions.node.split(".").map(Number);
if (nodeMajor < 20 || (nodeMajor === 20 && nodeMinor < 9))
  fail(`Node ${process.versions.node} is too old`, "use Node 20.9 or newer");
dependencies();
bundles();
adapter();
if (process.argv.includes("--browser")) chromium();
if (process.argv.includes("--mpi")) mpi();
