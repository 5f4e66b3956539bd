// For bundles of pages: marks what our modules compute when they are loaded as free of side effects, so that whoever imports one function
// of a bundle gets that function alone. All our modules of a page are: they define things and change nothing.

import ts from "typescript";

/** Insertions [from, to, text] of the annotation before every call and `new` outside functions. */
export function pureEdits(file) {
  const edits = [];
  const visit = (node) => {
    if (ts.isFunctionLike(node)) return;
    if (ts.isCallExpression(node) || ts.isNewExpression(node))
      edits.push([node.getStart(file), node.getStart(file), "/* @__PURE__ */ "]);
    ts.forEachChild(node, visit);
  };
  for (const statement of file.statements) if (ts.isVariableStatement(statement)) visit(statement);
  return edits;
}

export const parse = (path, text) => ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);

/** Applies edits [from, to, text], of which no two overlap. */
export function apply(text, edits) {
  const sorted = [...edits].sort((a, b) => a[0] - b[0]);
  return sorted.reduceRight((out, [from, to, by]) => out.slice(0, from) + by + out.slice(to), text);
}
