// The exports of an entry, and their declarations as TypeScript writes them to .d.ts files. Files are parsed and bound, types are not
// checked: a second is enough.

import ts from "typescript";
import { join } from "node:path";

const OPTIONS = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  allowImportingTsExtensions: true,
  noEmit: true,
  noLib: true,
  types: [],
};

/** @param names names of source files, from `root` */
export function readEntries(root, names) {
  const paths = names.map((name) => join(root, name));
  const program = ts.createProgram(paths, OPTIONS);
  const checker = program.getTypeChecker();
  const declared = new Map();
  return paths.map((path) => {
    const entry = program.getSourceFile(path);
    const found = checker.getExportsOfModule(checker.getSymbolAtLocation(entry)).map((symbol) => {
      const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      const node = target.declarations?.[0];
      if (!node) throw new Error(`${path}: ${symbol.name} is declared nowhere`);
      const file = node.getSourceFile();
      if (!declared.has(file)) declared.set(file, declarationsOf(file));
      const declaration = declared.get(file).get(target.name);
      if (!declaration) throw new Error(`${file.fileName}: ${target.name} has no declaration of its own`);
      // As a reader meets them: the entry's own first, then file by file.
      const order = [file === entry ? "" : file.fileName, node.pos];
      return { name: symbol.name, symbol: target, order, ...declaration };
    });
    return found.sort((a, b) => a.order[0].localeCompare(b.order[0], "en") || a.order[1] - b.order[1]);
  });
}

/** By name: what kind of declaration, its comment, its text without `export`. */
function declarationsOf(file) {
  const { outputText } = ts.transpileDeclaration(file.text, {
    fileName: file.fileName,
    compilerOptions: { ...OPTIONS, noEmit: false, declaration: true, stripInternal: true },
  });
  const parsed = ts.createSourceFile("out.d.ts", outputText, ts.ScriptTarget.ES2022, true);
  const out = new Map();
  for (const node of parsed.statements) {
    if (!node.name || !KINDS.has(node.kind)) continue;
    const doc = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc).at(-1);
    const text = ts.isClassDeclaration(node) ? classText(node, parsed) : node.getText(parsed);
    out.set(node.name.text, {
      kind: KINDS.get(node.kind),
      comment: doc && { text: commentText(doc.comment), tags: (doc.tags ?? []).map(tagOf) },
      text: oneLined(text.replace(/^export (declare )?/, "")),
    });
  }
  return out;
}

/** Object types within a declaration, without comments in them, on one line: prettier leaves them there if they fit. */
const oneLined = (text) => {
  const body = /^(interface|class)/.test(text) ? text.indexOf("{") + 1 : 0;
  return text.slice(0, body) + text.slice(body).replace(/\{[^{}/]*\}/g, (object) => object.replace(/\s*\n\s*/g, " "));
};

const KINDS = new Map([
  [ts.SyntaxKind.FunctionDeclaration, "function"],
  [ts.SyntaxKind.ClassDeclaration, "class"],
  [ts.SyntaxKind.InterfaceDeclaration, "type"],
  [ts.SyntaxKind.TypeAliasDeclaration, "type"],
]);

/** A class without its constructor, because who reads the page gets its objects, and without what is private. */
function classText(node, file) {
  const isPrivate = (m) => (ts.getCombinedModifierFlags(m) & ts.ModifierFlags.Private) !== 0;
  const members = node.members
    .filter((m) => !ts.isConstructorDeclaration(m) && !isPrivate(m))
    .map((m) => `  ${m.getFullText(file).trim()}`);
  const head = node.getText(file).slice(0, node.members.pos - node.getStart(file));
  return `${head.replace(/(?<=extends )\w+/, (base) => typeOf(base, file) ?? base)}\n${members.join("\n")}\n}`;
}

/** The class that a constant of the file stands for: `declare const Base: typeof HTMLElement`. */
function typeOf(name, file) {
  const constants = file.statements.filter(ts.isVariableStatement).flatMap((s) => s.declarationList.declarations);
  const type = constants.find((d) => d.name.getText(file) === name)?.type;
  return type && ts.isTypeQueryNode(type) ? type.exprName.getText(file) : undefined;
}

/** Lines of a comment joined, but for paragraphs and items of lists. */
const commentText = (comment) =>
  (ts.getTextOfJSDocComment(comment) ?? "")
    .split(/\n\s*\n/)
    .map((part) => part.replace(/\s*\n\s*(?!\s|- )/g, " ").trim())
    .join("\n\n");
const tagOf = (tag) => ({
  tag: tag.tagName.text,
  name: tag.name?.getText(),
  text: commentText(tag.comment).replace(/^- /, ""),
});
