// Bundles dist/: one file per entry; only packages with binaries or loaded on demand stay external. Writes types too, unless --no-types.
//
//   index.js          the API for pages, without training; the build fails if it imports a Node module
//   pix2pixhd.js      the same, which paints with pix2pixHD's, CLADE's and SEAN's generators too
//   pix2pixhd_engine.js  the script of worker.js's worker for these nets; takes the engine from pix2pixhd.js
//   labels.js         label maps: PNG, sizes, colours; no GPU
//   pth.js            converts a .pth in a page
//   labeler.js        label maps of photos, in a page
//   train.js          training in a page
//   element.js        <spade-canvas>; takes the engine from index.js, and labels.js when it reads a PNG
//   worker.js         the API for pages, in a worker; worker_engine.js is the worker's script, with index.js
//   labeler_worker.js labeler.js's API, in a worker; labeler_engine.js is the worker's script, with labeler.js
//   node.js           the API for Node, with Dawn and files
//   labeler_node.js   label maps of photos, in Node
//   train_node.js     training in Node, without the commands
//   cli.js            the commands
//   decode_worker.js  worker thread that decodes training pictures
//   node_*.js         what the bundles for Node share, and what commands load when they need it
//   conformance.js    npm run conformance
//   fuzz.js           npm run fuzz
//   quiet.js          runs conformance and the benches without Dawn's warnings
//   bench/*.js        npm run bench; bench/peers/tfjs_child.js includes TF.js
//   site/             the painting studio's page, for the command paint; scripts/build/site.mjs

import { build } from "esbuild";
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { minifyAll } from "./build/minify.mjs";
import { notices } from "./build/notices.mjs";
import { beside } from "./build/beside.mjs";
import { page as pagePlugin, paintingOnly, spadeOnly } from "./build/pages.mjs";
import { place } from "./build/place.mjs";
import { raw } from "./build/raw.mjs";
import { shortWgsl } from "./build/short_wgsl.mjs";
import { buildSite } from "./build/site.mjs";
import { writeTypes } from "./build/types.mjs";
import { noteBuilt, sourceHash } from "./dist.mjs";

process.chdir(join(dirname(fileURLToPath(import.meta.url)), ".."));
const outdir = "dist";
const hash = sourceHash();
noteBuilt(undefined);
const common = {
  bundle: true,
  format: "esm",
  target: "es2022",
  outdir,
  loader: { ".wgsl": "text", ".html": "text" },
  logLevel: "warning",
  // Without a comment in the code that names them: the npm package does not hold them.
  sourcemap: "external",
  metafile: true,
  legalComments: "none",
  write: false,
};
const node = {
  ...common,
  platform: "node",
  target: "node20",
  plugins: [raw],
  external: ["webgpu", "sharp", "koffi", "onnxruntime-node", "playwright-core", "@tensorflow/*"],
  // Lines are short enough for the place in a stack trace to mean something.
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 160,
  // Bundled CommonJS packages load Node's modules with require.
  banner: {
    js: 'import { createRequire as createRequire_ } from "node:module"; const require = createRequire_(import.meta.url);',
  },
};
/** For pages: unlike the bundles for Node, `node:` modules are a build error. */
const page = {
  ...common,
  platform: "browser",
  conditions: ["browser", "import"],
  // Fields are assigned, not defined: shorter.
  tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
  plugins: [pagePlugin, shortWgsl],
};
const painting = { ...page, plugins: [paintingOnly, shortWgsl] };

const there = (entries) => Object.fromEntries(Object.entries(entries).filter(([, path]) => existsSync(path)));
const benches = existsSync("bench")
  ? readdirSync("bench").filter((f) => f.endsWith(".ts") && !f.endsWith(".d.ts"))
  : [];
const jobs = [
  [{ ...painting, plugins: [spadeOnly, ...painting.plugins] }, { index: "src/index.ts" }],
  [painting, { pix2pixhd: "src/sean.ts", labeler: "src/labeler.ts" }],
  [page, { labels: "src/label_maps.ts", pth: "src/pth.ts", train: "src/train.ts" }],
  [page, { worker: "src/worker.ts", labeler_worker: "src/labeler_worker.ts" }],
  // They have most of the engine in common.
  [
    // Short names too: the tarball holds these.
    { ...node, splitting: true, chunkNames: "node_[name]_[hash]", minifyIdentifiers: true },
    {
      node: "src/node.ts",
      labeler_node: "src/labeler_node.ts",
      train_node: "src/train_node.ts",
      cli: "src/cli/main.ts",
      decode_worker: "src/datasets/decode_worker.ts",
    },
  ],
  [
    {
      ...page,
      plugins: [
        beside({ index: "src/index.ts", labels: "src/label_maps.ts", labeler: "src/labeler.ts" }),
        ...page.plugins,
      ],
    },
    { element: "src/element.ts", worker_engine: "src/worker_engine.ts", labeler_engine: "src/labeler_engine.ts" },
  ],
  [
    { ...page, plugins: [beside({ pix2pixhd: "src/index.ts" }), ...page.plugins] },
    { pix2pixhd_engine: "src/worker_engine.ts" },
  ],
  [
    node,
    {
      quiet: "src/cli/terminal/quiet.ts",
      conformance: "test/conformance/main.ts",
      fuzz: "test/fuzz/main.ts",
    },
  ],
  [node, Object.fromEntries(benches.map((f) => [`bench/${basename(f, ".ts")}`, join("bench", f)]))],
  // TF.js's ES modules are bundled, because its build for Node has no gradients.
  [
    { ...node, external: ["webgpu"], mainFields: ["module", "main"] },
    { "bench/peers/tfjs_child": "bench/peers/tfjs_child.mjs" },
  ],
];

const written = new Set();
function placeNoted(path, contents) {
  place(path, contents);
  written.add(path);
}

/** What the bundles of the npm package are made of. */
const inputs = [];
const kept = JSON.parse(readFileSync("package.json", "utf8")).files;
function noteInputs({ outputs }) {
  for (const [path, { inputs: of }] of Object.entries(outputs))
    if (/^dist\/[^/]+\.js$/.test(path) && !kept.includes(`!${path}`)) inputs.push(...Object.keys(of));
}

const pages = [];
for (const [options, entries] of jobs) {
  const entryPoints = there(entries);
  if (!Object.keys(entryPoints).length) continue;
  if (options.platform === "browser") {
    for (const [name, path] of Object.entries(entryPoints)) {
      const { outputFiles, warnings, metafile } = await build({ ...options, entryPoints: { [name]: path } });
      if (warnings.length) process.exit(1); // esbuild has printed them
      noteInputs(metafile);
      pages.push(outputFiles.map(({ path, text }) => ({ path, text })));
    }
    continue;
  }
  const { outputFiles, warnings, metafile } = await build({ ...options, entryPoints });
  if (warnings.length) process.exit(1); // esbuild has printed them
  noteInputs(metafile);
  for (const file of outputFiles) placeNoted(relative(".", file.path), file.contents);
}
for (const file of (await minifyAll(pages)).flat()) placeNoted(relative(".", file.path), file.contents);
inputs.push(...(await buildSite()).inputs);
writeFileSync("THIRD_PARTY_NOTICES.md", notices(inputs));
if (existsSync("dist/cli.js")) chmodSync("dist/cli.js", 0o755);
noteBuilt(hash);

if (!process.argv.includes("--no-types") && !writeTypes()) process.exit(1);

// Remove files that an earlier build left.
for (const folder of [outdir, join(outdir, "bench"), join(outdir, "bench", "peers")]) {
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    const path = join(folder, name);
    if (/\.js(\.map)?$/.test(name) && !written.has(path)) rmSync(path);
  }
}
