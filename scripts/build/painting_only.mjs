// An esbuild plugin for bundles that paint and never train: leaves out the backward pass of every op, with all code and WGSL that only it
// uses, and lets bundlers drop ops that are never called.

import { readFile } from "node:fs/promises";
import ts from "typescript";

/** @returns the text of a kernel file with each `backward` of a defineOp call gone, and the calls marked as free of side effects */
export function withoutBackward(path, text) {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
  const edits = [];
  const visit = (node) => {
    if (ts.isCallExpression(node) && node.expression.getText(file) === "defineOp") {
      edits.push([node.getStart(file), node.getStart(file), "/* @__PURE__ */ "]);
      const [def] = node.arguments;
      const backward = def.properties.find((p) => p.name?.getText(file) === "backward");
      if (!backward) throw new Error(`${path}: defineOp without a literal "backward"`);
      edits.push([backward.getStart(file), backward.getEnd(), "backward: undefined"]);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return edits.reduceRight((out, [from, to, by]) => out.slice(0, from) + by + out.slice(to), text);
}

export const paintingOnly = {
  name: "painting only",
  setup(build) {
    build.onLoad({ filter: /[\\/]kernels[\\/].*\.ts$/ }, async ({ path }) => ({
      contents: withoutBackward(path, await readFile(path, "utf8")),
      loader: "ts",
    }));
  },
};
