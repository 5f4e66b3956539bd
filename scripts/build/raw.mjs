// An esbuild plugin: `import text from "PACKAGE/FILE?raw"` is the file's text, as in Vite.

import { readFile } from "node:fs/promises";

export const raw = {
  name: "raw",
  setup(build) {
    build.onResolve({ filter: /\?raw$/ }, async ({ path, resolveDir, kind }) => {
      const found = await build.resolve(path.replace(/\?raw$/, ""), { resolveDir, kind });
      return found.errors.length ? found : { path: found.path, namespace: "raw" };
    });
    build.onLoad({ filter: /.*/, namespace: "raw" }, async ({ path }) => ({
      contents: await readFile(path, "utf8"),
      loader: "text",
    }));
  },
};
