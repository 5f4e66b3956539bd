// esbuild plugins for pages. `page` marks what modules compute when they are loaded as free of side effects (pure.mjs). `paintingOnly`, for
// bundles that never train, also leaves out the backward pass of every op, methods marked @notInPages, and checks that only a mistake in a
// recording can fail, with all code and WGSL that only these use. Node and the tests have them.

import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import ts from "typescript";
import { apply, parse, pureEdits } from "./pure.mjs";

/** Errors of these codes, thrown in kernels/ and by recordings. */
const INTERNAL = ['"usage"', '"shape"'];
const RECORDING = /[\\/](kernels[\\/].*|src[\\/]runtime[\\/](graph|planner|cut|program[\\/](program|inputs|run)))\.ts$/;
const PROBLEM = '"does not fit: this is a fault in spade-webgpu"';
const FIX = '"please report it"';

/** Recordings of nets and ops, and what places their sizes. */
const NETS = /[\\/](kernels[\\/].*|src[\\/](models[\\/]nets[\\/].*|runtime[\\/](planner|program[\\/]requests)))\.ts$/;

/**
 * `train`, the argument of recordings, is false, a graph has no peers, and all sizes are in uniforms (page_host.ts): the minifier drops what
 * follows from the contrary.
 */
function untrainedEdits(file) {
  const edits = [];
  const visit = (node) => {
    const { parent } = node;
    const declares =
      parent &&
      (ts.isParameter(parent) ||
        ts.isPropertySignature(parent) ||
        ts.isPropertyAssignment(parent) ||
        ts.isBindingElement(parent)) &&
      parent.name === node;
    if (ts.isPropertyAccessExpression(node) && node.name.text === "peers")
      edits.push([node.getStart(file), node.getEnd(), "false"]);
    else if (ts.isPropertyAccessExpression(node) && node.name.text === "sizesAs")
      edits.push([node.getStart(file), node.getEnd(), '"uniform"']);
    else if (ts.isPropertyAssignment(node) && node.name.getText(file) === "constantSizes")
      // With the comma behind it.
      edits.push([node.getStart(file), node.getEnd() + 1, ""]);
    else if (
      ts.isIdentifier(node) &&
      node.text === "train" &&
      !declares &&
      !ts.isPropertyAccessExpression(parent) &&
      !ts.isTypeNode(parent)
    )
      edits.push([
        node.getStart(file),
        node.getEnd(),
        ts.isShorthandPropertyAssignment(parent) ? "train: false" : "false",
      ]);
    else ts.forEachChild(node, visit);
  };
  visit(file);
  return edits;
}

const isNotInPages = (node) => ts.getJSDocTags(node).some((tag) => tag.tagName.text === "notInPages");

/** Edits that leave out methods of classes and of objects, and what functions do, whose comment says @notInPages. */
export function methodEdits(file) {
  const edits = [];
  const visit = (node) => {
    if (ts.isMethodDeclaration(node) && isNotInPages(node)) {
      const by = ts.isObjectLiteralExpression(node.parent) ? `${node.name.getText(file)}: undefined` : "";
      edits.push([node.getStart(file), node.getEnd(), by]);
    } else if (ts.isFunctionDeclaration(node) && isNotInPages(node)) {
      edits.push([node.body.getStart(file), node.body.getEnd(), "{ throw new Error(); }"]);
    } else ts.forEachChild(node, visit);
  };
  visit(file);
  return edits;
}

/** `new SpadeError` with the code of a mistake in a recording. */
const isInternal = (node, file) =>
  node !== undefined &&
  ts.isNewExpression(node) &&
  node.expression.getText(file) === "SpadeError" &&
  INTERNAL.includes(node.arguments[0].getText(file));

/** What a statement throws, if it does nothing else. */
function onlyThrown(statement) {
  const only = ts.isBlock(statement) && statement.statements.length === 1 ? statement.statements[0] : statement;
  return ts.isThrowStatement(only) ? only.expression : undefined;
}

/** Whether an expression assigns or awaits something. */
function changes(node) {
  const { FirstAssignment, LastAssignment, PlusPlusToken, MinusMinusToken } = ts.SyntaxKind;
  const is = (kind) => kind >= FirstAssignment && kind <= LastAssignment;
  if (ts.isBinaryExpression(node) && is(node.operatorToken.kind)) return true;
  if (
    (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) &&
    [PlusPlusToken, MinusMinusToken].includes(node.operator)
  )
    return true;
  return ts.isAwaitExpression(node) || !!ts.forEachChild(node, (child) => changes(child) || undefined);
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
    if (
      ts.isIfStatement(node) &&
      !node.elseStatement &&
      isInternal(onlyThrown(node.thenStatement), file) &&
      !changes(node.expression)
    )
      return cut(node, ";");
    if (isInternal(node, file)) {
      const [, , problem, fix] = node.arguments;
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
  const cuts = [...methodEdits(file), ...(RECORDING.test(path) ? paintingEdits(path, file) : [])];
  // What lies within something that is replaced goes with it.
  const outside = (edits) => edits.filter(([at]) => !cuts.some(([from, to]) => from <= at && at < to));
  return [...cuts, ...outside(NETS.test(path) ? untrainedEdits(file) : []), ...outside(pureEdits(file))];
});

/** The page's main entry leaves out other generators than SPADE's, their painters, and the kernels and calls that only they use: an entry of its own has them. */
export const spadeOnly = {
  name: "spade only",
  setup(build) {
    build.onResolve({ filter: /\/pix2pixhd(_painter)?\.ts$/ }, () => ({
      path: resolve("src/models/nets/pix2pixhd_elsewhere.ts"),
    }));
    build.onResolve({ filter: /\/clade(\/shapes|_painter)\.ts$/ }, () => ({
      path: resolve("src/models/clade/elsewhere.ts"),
    }));
    build.onResolve({ filter: /\/(sean\/(net|region_styles|sean_painter)|regions)\.ts$/ }, () => ({
      path: resolve("src/models/sean/elsewhere.ts"),
    }));
  },
};
