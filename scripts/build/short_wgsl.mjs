// An esbuild plugin: WGSL without comments and without spaces that separate nothing. Line breaks stay, so that line numbers in compile
// errors are those of the file.

import { readFile } from "node:fs/promises";

/** @throws Error if the shader has a block comment; ours have none */
export function shorten(path, wgsl) {
  if (wgsl.includes("/*")) throw new Error(`${path} has a block comment: use //`);
  return (
    wgsl
      .replace(/[ \t]*\/\/.*$/gm, "")
      .replace(/^[ \t]+|[ \t]+$/gm, "")
      // Not around < > and -: "a - -b" and "vec2<f32> = x" need theirs. A line that begins with # is the generator's.
      .replace(/^(?!#).*$/gm, shortenLine)
  );
}

/** A {{placeholder}} keeps its spaces, because words may come of it: "return {{act}};". */
const shortenLine = (line) =>
  line
    .split(/( *\{\{\w+\}\} *)/)
    .map((part, i) => (i % 2 ? part : part.replace(/ *([=+*/,;:(){}&|!?]+) */g, "$1")))
    .join("");

export const shortWgsl = {
  name: "short WGSL",
  setup(build) {
    build.onLoad({ filter: /\.wgsl$/ }, async ({ path }) => ({
      contents: shorten(path, await readFile(path, "utf8")),
      loader: "text",
    }));
  },
};
