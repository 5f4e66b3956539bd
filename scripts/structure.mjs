// Checks the structure of the source tree (ARCHITECTURE.md): no circular imports, type imports included; no file over 400 lines; no
// folder of src or kernels over 15 files; every shader named after the op that owns it; no tolerance as a literal in an expectation.
// Part of `npm run lint`. TypeScript reads the imports; eslint.config.js checks which folder may import which.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const MOST_LINES = 400;
const MOST_FILES = 15;
/** Circles that are allowed: graph.ts records ops and op.ts defines them, one subject in two files. */
const ALLOWED = [["src/runtime/graph.ts", "src/runtime/op.ts"]];

/** All .ts and .tsx files below `folder`, relative to `root`. */
function sources(root, folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return sources(root, path);
    return /\.tsx?$/.test(entry.name) && !entry.name.endsWith(".d.ts") ? [path] : [];
  });
}

/** @param {Map<string, string>} files path to text @returns {Map<string, string[]>} path to the paths that it imports */
function imports(files) {
  const found = new Map();
  for (const [path, text] of files) {
    const names = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
    const targets = names.filter((n) => n.startsWith(".")).map((n) => join(dirname(path), n).replaceAll("\\", "/"));
    found.set(
      path,
      targets.filter((target) => files.has(target)),
    );
  }
  return found;
}

/** Groups of files that reach each other (Tarjan's strongly connected components of more than one file), each sorted. */
export function circles(files) {
  const graph = imports(files);
  const index = new Map();
  const low = new Map();
  const stack = [];
  const out = [];
  const visit = (v) => {
    index.set(v, index.size);
    low.set(v, index.get(v));
    stack.push(v);
    for (const w of graph.get(v)) {
      if (!index.has(w)) visit(w);
      if (stack.includes(w)) low.set(v, Math.min(low.get(v), low.get(w)));
    }
    if (low.get(v) !== index.get(v)) return;
    const group = stack.splice(stack.indexOf(v));
    if (group.length > 1) out.push(group.sort());
  };
  for (const v of graph.keys()) if (!index.has(v)) visit(v);
  return out.filter((group) => !ALLOWED.some((pair) => pair.join() === group.join()));
}

/** All problems of the tree at `root`, one line each. */
export function problems(root) {
  const paths = ["src", "kernels", "bench"].flatMap((folder) => sources(root, folder));
  const files = new Map(paths.map((path) => [path, readFileSync(join(root, path), "utf8")]));
  const out = circles(files).map((group) => `imports go in a circle: ${group.join(", ")}`);
  for (const [path, text] of files) {
    const lines = text.split("\n").length - 1;
    if (lines > MOST_LINES) out.push(`${path} has ${lines} lines, over ${MOST_LINES}: it holds more than one subject`);
  }
  const folders = new Map();
  for (const path of paths)
    if (!path.startsWith("bench/")) folders.set(dirname(path), (folders.get(dirname(path)) ?? 0) + 1);
  for (const [folder, count] of folders)
    if (count > MOST_FILES) out.push(`${folder} holds ${count} files, over ${MOST_FILES}: group them`);
  return [...out, ...shaderProblems(root), ...toleranceProblems(root)];
}

/** Expectations name their tolerance or derive it: test/tolerances.ts says of each why it is what it is. */
export const toleranceLiterals = (text) =>
  [...text.matchAll(/\.toBeLessThan(?:OrEqual)?\(\s*(\d[\d.]*e-\d+)/g)].map((found) => found[1]);

function toleranceProblems(root) {
  return sources(root, "test").flatMap((path) =>
    toleranceLiterals(readFileSync(join(root, path), "utf8")).map(
      (literal) => `${path} compares with ${literal}: derive it, or name it, in test/tolerances.ts`,
    ),
  );
}

/** Shaders lie in the folder of the op that owns them, and begin with its name; others of that op's family may use them. */
function shaderProblems(root) {
  const ops = new Set(sources(root, "kernels"));
  return readdirSync(join(root, "shaders"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".wgsl"))
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => {
      const words = path.replace(/\.wgsl$/, "").split("_");
      return !words.some((_, i) => ops.has(`kernels/${words.slice(0, i + 1).join("_")}.ts`));
    })
    .map((path) => `shaders/${path} is named after no file of kernels/: name it after the op that owns it`);
}

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
if (process.argv[1] && relative(process.argv[1], fileURLToPath(import.meta.url)) === "") {
  const found = problems(root);
  for (const line of found) console.error(line);
  process.exit(found.length ? 1 : 0);
}
