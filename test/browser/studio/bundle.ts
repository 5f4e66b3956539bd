// Pages that hold a part of the studio, for tests of that part.

import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Lab } from "../harness.ts";

/** Serves NAME_page.ts of this folder as /studio/NAME.html. @param body of the page, before its script */
export async function servePart({ server }: Lab, name: string, body = ""): Promise<void> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`${name}_page.ts`, import.meta.url))],
    bundle: true,
    format: "esm",
    outdir: "/studio",
    write: false,
  });
  for (const { path, contents } of outputFiles) server.put(path, contents);
  server.put(
    `/studio/${name}.html`,
    `<!doctype html><meta charset="utf-8"><title>${name}</title>${body}<script type="module" src="/studio/${name}_page.js"></script>`,
  );
}
