// Names that only private members of our classes have: the minifier may shorten them.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { parse } from "./pure.mjs";

const isPrivate = (node) =>
  ts.canHaveModifiers(node) && ts.getModifiers(node)?.some((m) => m.kind === ts.SyntaxKind.PrivateKeyword);
const isMember = (node) =>
  ts.isClassElement(node) || ts.isParameter(node) || ts.isTypeElement(node) || ts.isObjectLiteralElement(node);

function* sources(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (/\.tsx?$/.test(entry.name)) yield path;
  }
}

/**
 * @param without folders below them that are no part of the bundles
 * @returns the names of private members of classes in these folders that no other property and no text has
 */
export function privateNames(folders, without = []) {
  const [own, others] = [new Set(), new Set()];
  const paths = folders.flatMap((folder) => [...sources(folder)]);
  for (const path of paths.filter((path) => !without.some((folder) => path.startsWith(join(folder, "/"))))) {
    const file = parse(path, readFileSync(path, "utf8"));
    const visit = (node) => {
      if (isMember(node) && node.name) (isPrivate(node) ? own : others).add(node.name.getText(file));
      else if (ts.isBindingElement(node)) others.add((node.propertyName ?? node.name).getText(file));
      else if (ts.isPropertyAccessExpression(node) && node.expression.kind !== ts.SyntaxKind.ThisKeyword)
        others.add(node.name.getText(file));
      else if (ts.isStringLiteralLike(node)) others.add(node.text);
      ts.forEachChild(node, visit);
    };
    visit(file);
  }
  return [...own].filter((name) => !others.has(name) && /^\w+$/.test(name));
}
