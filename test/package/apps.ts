// Pages of users: the same page built with Vite, with Vite and a worker, with esbuild, and not built at all; with the package's own worker, and
// with its element. And a page that labels photos.

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

/** What the package's own worker gives is drawn to be read. */
const IN_WORKER = (from: string): string => `import { createSpade } from "${from}";
  const paint = async ({ weights, map }) => {
    const spade = await createSpade({ weights, dtype: "f32", cache: false });
    const bitmap = await spade.generate({ ...map, data: Uint8Array.from(map.data) });
    spade.dispose();
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
    context.drawImage(bitmap, 0, 0);
    return [...context.getImageData(0, 0, bitmap.width, bitmap.height).data];
  };
`;

/** The element, beside an import of the main entry, with which it shares the engine. */
const ELEMENT = (element: string, from: string): string => `import "${element}";
  import { SpadeError } from "${from}";
  const paint = ({ weights, map }) => new Promise((resolve, reject) => {
    const element = document.createElement("spade-canvas");
    element.setAttribute("src", weights);
    element.map = { ...map, data: Uint8Array.from(map.data) };
    element.addEventListener("error", ({ detail }) => reject(detail instanceof SpadeError ? detail : new Error("another SpadeError")));
    element.addEventListener("picture", () => {
      const canvas = element.shadowRoot.querySelector("canvas");
      resolve([...canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data]);
      element.remove();
    });
    document.body.append(element);
  });
`;

/** Labels of a photo, in the package's worker. */
const LABEL = `import { createLabeler } from "spade-webgpu/labeler-worker";
  window.label = async ({ weights, photo: { data, width, height }, to }) => {
    const labeler = await createLabeler({ weights, cache: false });
    const map = await labeler.label(new ImageData(Uint8ClampedArray.from(data), width, height), to);
    labeler.dispose();
    return [...map.data];
  };
`;

/** Pages that paint. */
export const APPS = [
  "vite",
  "vite-worker",
  "esbuild",
  "plain",
  "vite-own-worker",
  "plain-own-worker",
  "vite-element",
  "plain-element",
] as const;
const LABELER = "vite-labeler";
export type App = (typeof APPS)[number] | typeof LABELER;

/**
 * Builds the pages in projects of their own, with the tarball installed. Each folder has an index.html that sets
 * window.paint: ({ weights: address, map: { data, width, height } }) => Promise<RGBA of the picture>; that of the labeler sets
 * window.label: ({ weights: address, photo: { data, width, height }, to }) => Promise<ids>.
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
  /** A page of plain files, with bundles of the package beside it. */
  const unbundled = (name: string, main: string, bundles: string[]): string => {
    const root = join(folder, name);
    mkdirSync(root);
    for (const bundle of bundles) cpSync(join(unbuilt, "node_modules/spade-webgpu/dist", bundle), join(root, bundle));
    writeFileSync(join(root, "index.html"), HTML);
    writeFileSync(join(root, "main.js"), main + MAIN);
    return root;
  };

  return {
    vite: await viteApp(place("vite", { "main.js": own + MAIN })),
    "vite-worker": await viteApp(place("vite-worker", { "main.js": WITH_WORKER, "worker.js": own + WORKER })),
    esbuild: outdir,
    plain,
    "vite-own-worker": await viteApp(place("vite-own-worker", { "main.js": IN_WORKER("spade-webgpu/worker") + MAIN })),
    "plain-own-worker": unbundled("plain-own-worker", IN_WORKER("./worker.js"), [
      "worker.js",
      "worker_engine.js",
      "index.js",
    ]),
    "vite-element": await viteApp(
      place("vite-element", { "main.js": ELEMENT("spade-webgpu/element", "spade-webgpu") + MAIN }),
    ),
    [LABELER]: await viteApp(place(LABELER, { "main.js": LABEL })),
    "plain-element": unbundled("plain-element", ELEMENT("./element.js", "./index.js"), ["element.js", "index.js"]),
  };
}

export const codeOf = (path: string): string => readFileSync(path, "utf8");
