// The painting studio's page: src/studio/ bundled into a folder that any static server serves, under any path.
//
//   index.html      src/studio/index.html, with the addresses of the bundles
//   assets/         bundles, styles and pictures; their names hold a hash of their contents
//   sw.js           the service worker, which knows the other files and their version
//   nets.json       the nets that the page offers: their labels, sizes and terms
//
// The page loads the engine from engine/, the bundles of dist/ as they are, and the nets from weights/. scripts/site.mjs copies both there;
// the command `paint` serves them from where they are.

import { build, transform } from "esbuild";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { minify } from "terser";
import { beside } from "./beside.mjs";
import { place } from "./place.mjs";
import { privateNames } from "./private_names.mjs";

/** What the page loads of dist/: entries, and the files that these look for beside themselves. */
export const ENGINE = [
  "index.js",
  "pix2pixhd.js",
  "labels.js",
  "pth.js",
  "labeler_worker.js",
  "labeler_engine.js",
  "labeler.js",
];
const ENTRIES = {
  index: "src/index.ts",
  labels: "src/label_maps.ts",
  pix2pixhd: "src/sean.ts",
  pth: "src/pth.ts",
  labeler_worker: "src/labeler_worker.ts",
};
const STUDIO = "src/studio";
/** The nets that the page offers, the first at the start, and what it labels photos with. */
const NETS = ["landscape", "street"];
/** Style to begin with, of a net whose description names none: not the mean, which is grey. */
const BRIGHT = { street: "style 8" };
const SEGMENTER = "ade20k_segmenter";

const common = {
  bundle: true,
  format: "esm",
  target: "es2022",
  platform: "browser",
  conditions: ["browser", "import"],
  minify: true,
  legalComments: "none",
  logLevel: "warning",
  metafile: true,
  write: false,
  // Of withWhole; they decide which file a module is in all the same.
  logOverride: { "ignored-bare-import": "silent" },
};

const hashOf = (bytes) => createHash("sha256").update(bytes).digest("hex").slice(0, 8);
const zipped = (bytes) => gzipSync(bytes, { level: 9 }).length;

/**
 * Builds the page.
 * @param out the folder, which may hold an earlier build
 * @param dist the bundles of the engine, already built
 * @param weights a folder of nets, for nets.json
 * @returns inputs: the source files of all bundles; bytes: what loads before the first stroke, in gzip bytes
 */
export async function buildSite({ out = "dist/site", dist = "dist", weights = "weights" } = {}) {
  const options = {
    ...common,
    entryPoints: { main: join(STUDIO, "main.tsx") },
    outdir: join(out, "assets"),
    entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
    assetNames: "[name]-[hash]",
    splitting: true,
    loader: { ".webp": "file", ".png": "file", ".svg": "file", ".bin": "file" },
    plugins: [beside(ENTRIES, "../engine/"), laterStyles],
  };
  const pieces = await build(options);
  const plugins = [...options.plugins, withWhole(laterOf(pieces.metafile))];
  const { outputFiles, metafile } = await build({ ...options, plugins });
  /** Path below `out` to contents. */
  const files = new Map();
  const names = shortenedNames(metafile);
  for (const { path, text, contents } of outputFiles)
    // The styles that parts import are among those of the page.
    if (!path.endsWith(".css") || /^(main|later)-/.test(basename(path)))
      files.set(posix(relative(resolve(out), path)), path.endsWith(".js") ? await smaller(text, names) : contents);
  files.set("nets.json", Buffer.from(JSON.stringify(await netsOf(weights, dist))));
  const first = firstFiles(metafile, out);
  page(files, first);

  const engine = ENGINE.map((name) => [`engine/${name}`, readFileSync(join(dist, name))]);
  const cached = [...files, ...engine];
  const worker = await build({
    ...common,
    entryPoints: [join(STUDIO, "keep", "sw.ts")],
    define: {
      VERSION: JSON.stringify(hashOf(cached.map(([path, bytes]) => `${path} ${hashOf(bytes)}`).join("\n"))),
      FILES: JSON.stringify(cached.map(([path]) => (path === "index.html" ? "./" : path))),
    },
  });
  files.set("sw.js", worker.outputFiles[0].contents);

  for (const [path, bytes] of files) place(join(out, path), bytes);
  for (const name of readdirSync(join(out, "assets")))
    if (!files.has(`assets/${name}`)) rmSync(join(out, "assets", name));
  const size = (paths) =>
    paths.reduce((sum, path) => sum + zipped(files.get(path) ?? readFileSync(join(dist, path))), 0);
  const pageBytes = size(["index.html", "nets.json", first.script, ...first.styles, ...first.chunks]);
  // Without the engine nothing is painted, whenever it is asked for.
  const engineBytes = size([...new Set(["index.js", ...first.engine.map((path) => basename(path))])]);
  return {
    inputs: [...Object.keys(metafile.inputs), ...Object.keys(worker.metafile.inputs)],
    bytes: { page: pageBytes, withEngine: pageBytes + engineBytes },
  };
}

/** The sources of what the page imports with import(). */
const laterOf = ({ outputs }) =>
  Object.values(outputs)
    .map(({ entryPoint }) => entryPoint)
    .filter((path) => path && !path.endsWith("main.tsx"));

/** They import all that the page shows at first, and none of them waits for anything. */
const WHOLE = [join("ui", "app.tsx"), join("actions", "actions.ts"), "studio.ts"];

/**
 * An esbuild plugin: what is loaded later imports all that the page shows at first. esbuild makes a file of the modules that the same entries
 * reach, and so one file of all these; a dozen small ones are 1 to 2 kB more.
 */
const withWhole = (later) => ({
  name: "whole",
  setup(build) {
    const paths = new Set(later.map((path) => resolve(path)));
    const imports = WHOLE.map((path) => `import ${JSON.stringify(resolve(STUDIO, path))};`).join("\n");
    build.onLoad({ filter: /\.tsx?$/ }, ({ path }) => {
      if (!paths.has(path)) return undefined;
      const contents = `${readFileSync(path, "utf8")}\n${imports}`;
      return { contents, loader: path.endsWith("x") ? "tsx" : "ts" };
    });
  },
});

/** An esbuild plugin: later.css is a file of its own, whose address a script imports. */
const laterStyles = {
  name: "later",
  setup(build) {
    build.onLoad({ filter: /\blater\.css$/ }, async ({ path }) => {
      const { code } = await transform(readFileSync(path, "utf8"), { loader: "css", minify: true });
      return { contents: code, loader: "file" };
    });
  },
};

/** Names of private members that no library here uses: the minifier may shorten them. */
function shortenedNames({ inputs }) {
  const libraries = Object.keys(inputs).filter((path) => path.includes("node_modules") && path.endsWith("js"));
  const text = libraries.map((path) => readFileSync(path, "utf8")).join("\n");
  return privateNames([STUDIO]).filter((name) => !new RegExp(`\\b${name}\\b`).test(text));
}

/**
 * esbuild's own minifier leaves 3 % more. Unlike in scripts/build.mjs getters are not pure: reading a signal's value subscribes to it.
 * @param names of properties that may be shortened
 */
async function smaller(text, names) {
  const compress = { passes: 3, unsafe_arrows: true, inline: 1, sequences: false, lhs_constants: false };
  const mangle = { properties: { regex: new RegExp(`^(${names.join("|")})$`) } };
  return Buffer.from((await minify(text, { module: true, ecma: 2022, compress, mangle })).code);
}

const posix = (path) => path.replaceAll("\\", "/");

/** What the page loads before the first stroke: its script, styles, and the chunks and engine's bundles that are imported at once. */
function firstFiles({ outputs }, out) {
  const below = (path) => posix(relative(out, path));
  const entry = Object.keys(outputs).find((path) => outputs[path].entryPoint?.endsWith("main.tsx"));
  const chunks = new Set();
  const engine = new Set();
  const visit = (path) => {
    for (const { path: to, kind, external } of outputs[path].imports) {
      if (kind !== "import-statement") continue;
      if (external) engine.add(to.replace("../", ""));
      else if (!chunks.has(below(to))) {
        chunks.add(below(to));
        visit(to);
      }
    }
  };
  visit(entry);
  const { cssBundle } = outputs[entry];
  return {
    script: below(entry),
    styles: cssBundle ? [below(cssBundle)] : [],
    chunks: [...chunks],
    engine: [...engine],
  };
}

/** Adds index.html, and the files beside it that it names, to `files`. @throws Error if it does not load main.tsx, or names a file that is not there */
function page(files, { script, styles, chunks, engine }) {
  const links = [
    ...styles.map((path) => `<link rel="stylesheet" href="${path}">`),
    ...[...chunks, ...engine].map((path) => `<link rel="modulepreload" href="${path}">`),
    '<link rel="preload" href="nets.json" as="fetch" crossorigin>',
  ];
  let found = false;
  const html = readFileSync(join(STUDIO, "index.html"), "utf8")
    .replace(/\b(src|href)="(?!#|data:|\w+:|nets\.json)([^"]+)"/g, (_, attribute, to) => {
      if (/^(\.\/)?main\.tsx$/.test(to)) {
        found = true;
        return `${attribute}="${script}"`;
      }
      const bytes = readFileSync(join(STUDIO, to));
      const path = `assets/${basename(to).replace(/(?=\.\w+$)/, `-${hashOf(bytes)}`)}`;
      files.set(path, bytes);
      return `${attribute}="${path}"`;
    })
    .replace("</head>", `${links.join("")}</head>`)
    .replace(/>\s*\n\s*</g, "><");
  if (!found) throw new Error(`${STUDIO}/index.html has no script main.tsx`);
  files.set("index.html", Buffer.from(html));
}

/** nets.json: `Site` of src/studio/files/site.ts. Nets that are not in the folder are left out. */
async function netsOf(folder, dist) {
  const { inspect } = await import(pathToFileURL(resolve(dist, "node.js")));
  const nets = [];
  for (const id of NETS.filter((id) => existsSync(join(folder, `${id}_net_G.safetensors`)))) {
    const weights = `${id}_net_G.safetensors`;
    const { width, height, labels, dontCare, style, bytes } = await inspect(join(folder, weights));
    const { data, licence, styles } = JSON.parse(readFileSync(join(folder, `${id}.json`), "utf8"));
    const presets = style.presets.map(({ name }) => name);
    nets.push({
      id,
      weights: `weights/${weights}`,
      encoder: `weights/${id}_net_E.safetensors`,
      bytes,
      sha256: createHash("sha256")
        .update(readFileSync(join(folder, weights)))
        .digest("hex"),
      width,
      height,
      labels,
      dontCare,
      presets,
      style: styles?.default ?? presets.find((name) => name === BRIGHT[id]) ?? presets.find((name) => name !== "mean"),
      data: data.name,
      source: data.source,
      licence,
    });
  }
  const segmenter = join(folder, `${SEGMENTER}.safetensors`);
  return {
    nets,
    segmenter: existsSync(segmenter)
      ? { weights: `weights/${SEGMENTER}.safetensors`, bytes: readFileSync(segmenter).length }
      : null,
  };
}
