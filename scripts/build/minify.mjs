// Minifies the bundles for pages, on all cores: it is most of a build's time.

import { availableParallelism } from "node:os";
import { basename } from "node:path";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { minify } from "terser";
import { privateNames } from "./private_names.mjs";
import { withoutUnusedMethods } from "./unused_methods.mjs";

/** Whose types' members users of a page's entries call. */
const PUBLIC = [
  "src/session/api.ts",
  "src/labeler/api.ts",
  "src/runtime/errors.ts",
  "src/worker.ts",
  "src/web/worker/client.ts",
  "src/web/worker/labeler_client.ts",
  "src/web/element/spade_canvas.ts",
];

/** The files of a bundle, minified; esbuild's own minifier leaves 3 % more. */
async function minified(files, shortened) {
  const text = (end) => files.find(({ path }) => path.endsWith(end)).text;
  const path = files.find((f) => f.path.endsWith(".js")).path;
  const whole = withoutUnusedMethods(text(".js"), PUBLIC);
  // esbuild marks these as free of side effects; bundlers know it of themselves. As many spaces, so that the map stays true.
  const plain = whole.replace(/\/\* @__PURE__ \*\/(?= new (Map|Set|WeakMap)\b)/g, (mark) => " ".repeat(mark.length));
  const { code, map } = await minify(
    { [basename(path)]: plain },
    {
      module: true,
      ecma: 2022,
      // The smallest after gzip, by trial. Our getters change nothing that a dropped call would miss.
      compress: {
        passes: 5,
        unsafe_arrows: true,
        pure_getters: true,
        inline: 1,
        sequences: false,
        lhs_constants: false,
      },
      mangle: { properties: { regex: new RegExp(`^(${shortened.join("|")})$`) } },
      format: { preserve_annotations: true },
      sourceMap: { content: text(".js.map"), filename: basename(path) },
    },
  );
  return [
    { path, contents: code },
    { path: `${path}.map`, contents: map },
  ];
}

/**
 * @param bundles each the files of one, with their `path` and `text`: a .js and its .js.map
 * @returns the files of each with their `path` and `contents`, in the same order
 */
export async function minifyAll(bundles) {
  const shortened = privateNames(["src", "kernels"], ["src/studio", "src/node", "src/cli"]);
  const size = (i) => bundles[i].reduce((sum, { text }) => sum + text.length, 0);
  // The longest first, so that no core waits for another at the end.
  const queue = [...bundles.keys()].sort((a, b) => size(b) - size(a));
  const done = [];
  const work = () =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL(import.meta.url), { workerData: shortened });
      let job = queue.shift();
      const give = () => (job === undefined ? resolve(worker.terminate()) : worker.postMessage(bundles[job]));
      worker.on("error", reject).on("message", (files) => {
        done[job] = files;
        job = queue.shift();
        give();
      });
      give();
    });
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), queue.length) }, work));
  return done;
}

if (!isMainThread) parentPort.on("message", async (files) => parentPort.postMessage(await minified(files, workerData)));
