// An esbuild plugin: WGSL without comments and without spaces that separate nothing. Line breaks stay, so that line numbers in compile
// errors are those of the file.

import { readFile } from "node:fs/promises";

/** Words and numbers, placeholders of the generator, or one sign. */
const TOKEN = /\{\{\w+\}\}|\$?\w[\w.]*|\S/g;
const isWord = (token) => /^[\w$]/.test(token);
/** Its text is not known yet. */
const isOpen = (token) => token.startsWith("{{");
/** Signs that may join their neighbour: "a - -b", "vec2<f32> = x", "a / *p". */
const isOperator = (token) => /^[-+*/%&|^<>=!]/.test(token);

function shortLine(line) {
  let out = "";
  let before = "";
  let end = 0;
  for (const { 0: token, index } of line.matchAll(TOKEN)) {
    const separates =
      isOpen(before) || isOpen(token) || (isWord(before) && isWord(token)) || (isOperator(before) && isOperator(token));
    out += (before && index > end && separates ? " " : "") + token;
    before = token;
    end = index + token.length;
  }
  return out;
}

/** @throws Error if the shader has a block comment; ours have none */
export function shorten(path, wgsl) {
  if (wgsl.includes("/*")) throw new Error(`${path} has a block comment: use //`);
  return wgsl
    .split("\n")
    .map((line) => (/^\s*#/.test(line) ? line.trim() : shortLine(line.replace(/\/\/.*$/, ""))))
    .join("\n");
}

export const shortWgsl = {
  name: "short WGSL",
  setup(build) {
    build.onLoad({ filter: /\.wgsl$/ }, async ({ path }) => ({
      contents: shorten(path, await readFile(path, "utf8")),
      loader: "text",
    }));
  },
};
