// Methods of classes that nothing in a bundle names: a painting page never clones parameters or exchanges gradients. Bundlers keep them,
// because anything might call them.

import { readFileSync } from "node:fs";
import ts from "typescript";
import { parse } from "./pure.mjs";

/** Members that users of the package call: those of the types in these files. */
function publicNames(paths) {
  const names = new Set();
  for (const path of paths) {
    const visit = (node) => {
      if ((ts.isTypeElement(node) || ts.isClassElement(node)) && node.name && ts.isIdentifier(node.name))
        names.add(node.name.text);
      ts.forEachChild(node, visit);
    };
    visit(parse(path, readFileSync(path, "utf8")));
  }
  return names;
}

/** Browsers call them. */
const CALLED = /^(constructor|connectedCallback|disconnectedCallback|attributeChangedCallback|toString|toJSON|then)$/;

/**
 * @param text of a bundle
 * @param api files whose types' members are kept
 * @returns the text with spaces in place of methods and accessors whose name stands nowhere else, and of those that only such ones name
 */
export function withoutUnusedMethods(text, api) {
  const kept = publicNames(api);
  for (;;) {
    const file = ts.createSourceFile("bundle.js", text, ts.ScriptTarget.ES2022, true, ts.ScriptKind.JS);
    const uses = new Set();
    const methods = [];
    const use = (name) => uses.add(name);
    const visit = (node) => {
      const isMethod = ts.isMethodDeclaration(node) || ts.isGetAccessor(node) || ts.isSetAccessor(node);
      if (isMethod && ts.isClassLike(node.parent) && ts.isIdentifier(node.name)) methods.push(node);
      else if (ts.isPropertyAccessExpression(node)) use(node.name.text);
      else if (ts.isBindingElement(node)) use((node.propertyName ?? node.name).getText(file));
      // `object["name"]`, or a list of names.
      else if (ts.isStringLiteralLike(node)) use(node.text);
      // Destructuring without a declaration: `({ name } = object)`.
      else if (ts.isShorthandPropertyAssignment(node)) use(node.name.text);
      ts.forEachChild(node, visit);
    };
    visit(file);
    const unused = methods.filter(
      ({ name: { text: name } }) => !uses.has(name) && !kept.has(name) && !CALLED.test(name),
    );
    if (!unused.length) return text;
    for (const node of unused) {
      const [from, to] = [node.getStart(), node.getEnd()];
      text = text.slice(0, from) + text.slice(from, to).replace(/[^\n]/g, " ") + text.slice(to);
    }
  }
}
