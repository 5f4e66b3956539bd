// An esbuild plugin: WGSL without comments and indentation. Line breaks stay, so that line numbers in compile errors are those of the file.

import { readFile } from "node:fs/promises";

/** @throws Error if a line holds a block comment, which no shader of ours has */
export function shorten(path, wgsl) {
  if (wgsl.includes("/*")) throw new Error(`${path} has a block comment: use //`);
  return wgsl.replace(/[ \t]*\/\/.*$/gm, "").replace(/^[ \t]+|[ \t]+$/gm, "");
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
