// esbuild plugins for pages. `page` marks what modules compute when they are loaded as free of side effects (pure.mjs). `paintingOnly`, for
// bundles that never train, also leaves out the backward pass of every op and methods marked @notInPages, with all code and WGSL that only
// they use; and of errors that
// only a mistake in a recording can cause, it keeps the place and drops the explanation: a page can't do anything about them, and in Node
// they are whole.

import { readFile } from "node:fs/promises";
import ts from "typescript";
import { apply, parse, pureEdits } from "./pure.mjs";

/** Errors of these codes, thrown in kernels/ and by recordings. */
const INTERNAL = ['"usage"', '"shape"'];
const RECORDING = /[\\/](kernels[\\/].*|src[\\/]runtime[\\/](graph|planner|cut|program[\\/](program|inputs|run)))\.ts$/;
const PROBLEM = '"does not fit: this is a fault in spade-webgpu"';
const FIX = '"please report it"';

/** Edits that leave out methods of classes, and of objects, whose comment says @notInPages. */
export function methodEdits(file) {
  const edits = [];
  const visit = (node) => {
    if (ts.isMethodDeclaration(node) && ts.getJSDocTags(node).some((tag) => tag.tagName.text === "notInPages")) {
      const by = ts.isObjectLiteralExpression(node.parent) ? `${node.name.getText(file)}: undefined` : "";
      edits.push([node.getStart(file), node.getEnd(), by]);
    } else ts.forEachChild(node, visit);
  };
  visit(file);
  return edits;
}

/** Edits of a kernel or of a file that records. */
export function paintingEdits(path, file) {
  const edits = [];
  const cut = (node, by) => edits.push([node.getStart(file), node.getEnd(), by]);
  const visit = (node) => {
    if (ts.isCallExpression(node) && node.expression.getText(file) === "defineOp") {
      const backward = node.arguments[0].properties.find((p) => p.name?.getText(file) === "backward");
      if (!backward) throw new Error(`${path}: defineOp without a literal "backward"`);
      for (const p of node.arguments[0].properties) if (p !== backward) visit(p);
      return cut(backward, "backward: undefined");
    }
    if (ts.isNewExpression(node) && node.expression.getText(file) === "SpadeError") {
      const [code, , problem, fix] = node.arguments;
      if (!INTERNAL.includes(code.getText(file))) return;
      cut(problem, PROBLEM);
      return cut(fix, FIX);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return edits;
}

const plugin = (name, editsOf) => ({
  name,
  setup(build) {
    build.onLoad({ filter: /[\\/](kernels|src)[\\/].*\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      return { contents: apply(text, editsOf(path, parse(path, text))), loader: "ts" };
    });
  },
});

export const page = plugin("page", (_, file) => pureEdits(file));
export const paintingOnly = plugin("painting only", (path, file) => {
  const edits = [...methodEdits(file), ...(RECORDING.test(path) ? paintingEdits(path, file) : [])];
  // An annotation within what is replaced would go with it.
  const inside = ([at]) => edits.some(([from, to]) => from <= at && at < to);
  return [...edits, ...pureEdits(file).filter((edit) => !inside(edit))];
});
