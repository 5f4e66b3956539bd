// Pages of users: the same page built with Vite, with Vite and a worker, with esbuild, and not built at all.

import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build as esbuild } from "esbuild";
import { build as vite } from "vite";
import { project, type Packed } from "./packed.ts";

const PAINT = (from: string): string => `import { createSpade } from "${from}";
  const paint = async ({ weights, map }) => {
    const spade = await createSpade({ weights, dtype: "f32", cache: false });
    const { data } = await spade.generate({ ...map, data: Uint8Array.from(map.data) });
    spade.dispose();
    return [...data];
  };
`;
const HTML = '<!doctype html><title>page</title><script type="module" src="./main.js"></script>';
const MAIN = "window.paint = paint;";
const WORKER = `self.onmessage = async ({ data }) => {
    try { postMessage({ pixels: await paint(data) }); } catch (error) { postMessage({ error: error.message }); }
  };`;
const WITH_WORKER = `const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  window.paint = (job) => new Promise((resolve, reject) => {
    worker.onerror = (event) => reject(new Error(event.message));
    worker.onmessage = ({ data }) => (data.error ? reject(new Error(data.error)) : resolve(data.pixels));
    worker.postMessage(job);
  });`;

export const APPS = ["vite", "vite-worker", "esbuild", "plain"] as const;
export type App = (typeof APPS)[number];

/**
 * Builds the pages in projects of their own, with the tarball installed. Each folder has an index.html that sets
 * window.paint: ({ weights: address, map: { data, width, height } }) => Promise<RGBA of the picture>.
 * @returns the built folders
 */
export async function builtPages(folder: string, packed: Packed): Promise<Record<App, string>> {
  const own = PAINT("spade-webgpu");
  const place = (app: App, files: Record<string, string>): string =>
    project(join(folder, app), packed, { "index.html": HTML, ...files });
  const viteApp = async (root: string): Promise<string> => {
    await vite({ configFile: false, logLevel: "error", root, base: "./", build: { modulePreload: false } });
    return join(root, "dist");
  };

  const bundled = place("esbuild", { "main.js": own + MAIN });
  const outdir = join(bundled, "dist");
  await esbuild({ entryPoints: [join(bundled, "main.js")], bundle: true, minify: true, format: "esm", outdir });
  cpSync(join(bundled, "index.html"), join(outdir, "index.html"));

  const plain = join(folder, "plain");
  const unbuilt = project(join(folder, "unbuilt"), packed);
  mkdirSync(plain);
  cpSync(join(unbuilt, "node_modules/spade-webgpu/dist/index.js"), join(plain, "spade-webgpu.js"));
  writeFileSync(join(plain, "index.html"), HTML);
  writeFileSync(join(plain, "main.js"), PAINT("./spade-webgpu.js") + MAIN);

  return {
    vite: await viteApp(place("vite", { "main.js": own + MAIN })),
    "vite-worker": await viteApp(place("vite-worker", { "main.js": WITH_WORKER, "worker.js": own + WORKER })),
    esbuild: outdir,
    plain,
  };
}

export const codeOf = (path: string): string => readFileSync(path, "utf8");
