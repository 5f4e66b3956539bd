// What a page downloads: bytes after gzip -9, and what must not be in them.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build as esbuild } from "esbuild";
import { build as vite, parseAst, type Rollup } from "vite";
import { expect, test } from "vitest";
// @ts-expect-error: a script without types
import * as untyped from "../../scripts/build/short_wgsl.mjs";
import { root } from "./packed.ts";

const { shorten } = untyped as { shorten(path: string, wgsl: string): string };

const zipped = (text: string | Uint8Array): number => gzipSync(text, { level: 9 }).length;
const dist = (name: string): string => readFileSync(join(root, "dist", name), "utf8");

test.each([
  ["index.js", 65_100],
  // With the generators of pix2pixHD, CLADE and SEAN.
  ["pix2pixhd.js", 75_600],
  ["labels.js", 15_000],
  // It paints too, and holds every backward pass. What exceeds this is not of a training.
  ["train.js", 108_700],
  // At most 12 kB more than index.js would be allowed. It holds its own engine, and nothing that paints.
  ["labeler.js", 44_600],
  // They take the engine from files beside them.
  ["worker.js", 4_000],
  ["labeler_worker.js", 4_000],
  ["element.js", 8_000],
])("%s has at most %i bytes", (name, most) => {
  expect(zipped(dist(name))).toBeLessThanOrEqual(most);
});

const ONE = `import { mixStyles } from ${JSON.stringify(join(root, "dist", "index.js"))}; window.mix = mixStyles;`;

test("one small function of the entry costs at most 1,000 bytes with esbuild", async () => {
  const { outputFiles } = await esbuild({
    stdin: { contents: ONE, resolveDir: root },
    bundle: true,
    minify: true,
    format: "esm",
    write: false,
  });
  expect(zipped(outputFiles[0].contents)).toBeLessThanOrEqual(1000);
});

test("and with Vite", async () => {
  const id = "\0entry.js";
  const built = (await vite({
    configFile: false,
    logLevel: "silent",
    root: join(root, "test", "package"),
    plugins: [
      { name: "entry", resolveId: (s) => (s === "entry.js" ? id : null), load: (i) => (i === id ? ONE : null) },
    ],
    build: { write: false, rollupOptions: { input: "entry.js" } },
  })) as Rollup.RollupOutput;
  expect(built.output.length).toBe(1);
  const [chunk] = built.output;
  expect(chunk.code.includes("mixStyles")).toBe(true);
  expect(zipped(chunk.code)).toBeLessThanOrEqual(1000);
});

/** What a module needs beside itself: imports of every form, import.meta, addresses of assets; each as it is written. */
function needs(text: string): string[] {
  const found: string[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    const {
      type,
      start,
      end,
      callee,
      arguments: args,
      source,
    } = node as ReturnType<typeof parseAst> & {
      callee?: { name?: string };
      arguments?: { type: string }[];
      source?: unknown;
    };
    const isAsset = String(type) === "NewExpression" && callee?.name === "URL" && args?.[0]?.type === "Literal";
    const imports = ["ImportDeclaration", "ImportExpression", "MetaProperty"].includes(type);
    if (imports || isAsset || (/^Export/.test(type) && source)) found.push(text.slice(start, end).slice(0, 80));
    for (const child of Object.values(node)) visit(child);
  };
  visit(parseAst(text));
  return found;
}

test.each(["index.js", "labels.js", "labeler.js", "train.js"])(
  "%s is one file: it imports nothing and needs nothing beside itself",
  (name) => {
    expect(needs(dist(name))).toEqual([]);
  },
);

test("pth.js too, but that zip.js could import a worker of the page's choice, which we never name", () => {
  expect(needs(dist("pth.js")).filter((what) => !/^import\(\w+\)$/.test(what))).toEqual([]);
});

test.each([
  [
    "worker.js",
    [
      ...["import.meta", 'new URL("./worker_engine.js",import.meta.url)', "import.meta"],
      ...["import.meta", 'new URL("./pix2pixhd_engine.js",import.meta.url)', "import.meta"],
    ],
  ],
  ["worker_engine.js", [/import\{.*\}from"\.\/index\.js"/]],
  ["pix2pixhd_engine.js", [/import\{.*\}from"\.\/pix2pixhd\.js"/]],
  [
    "labeler_worker.js",
    ["import.meta", 'new URL("./labeler_engine.js",import.meta.url)', "import.meta", 'new URL("labeler_engine.js",'],
  ],
  ["labeler_engine.js", [/import\{.*\}from"\.\/labeler\.js"/]],
  ["element.js", [/import\{.*\}from"\.\/index\.js"/, /import\{.*\}from"\.\/index\.js"/, 'import("./labels.js")']],
])("%s needs nothing but files of the package beside it", (name, beside) => {
  const found = needs(dist(name));
  expect(found.length, found.join(" ")).toBe(beside.length);
  found.forEach((what, i) => {
    const wanted = beside[i];
    expect(typeof wanted === "string" ? what.includes(wanted) : wanted.test(what), what).toBe(true);
  });
});

test.each(readdirSync(join(root, "dist")).filter((name) => name.endsWith(".js")))(
  "%s names no source map: the tarball has none",
  (name) => {
    expect(dist(name).match(/\/\/# sourceMappingURL.*/)).toBeNull();
  },
);

/** Every shader, its path without folder and extension. */
const shaders = readdirSync(join(root, "shaders"), { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".wgsl"))
  .map((path) => ({ path, wgsl: readFileSync(join(root, "shaders", path), "utf8") }));

/** The forward pass of a transposed convolution is the convolution's gradient, so that pix2pixHD paints with it. */
const PAINTS = "conv/conv2d_dx.wgsl";

/** As it stands in a string of JavaScript. */
const quoted = (text: string): string => JSON.stringify(text).slice(1, -1);

/** Shaders that a bundle holds. */
const heldBy = (text: string): string[] =>
  shaders
    .filter(({ path, wgsl }) => text.includes(quoted(shorten(path, wgsl))))
    .map(({ path }) => path.replaceAll("\\", "/"));

const trains = (path: string): boolean => /_(dx|dw|backward)\b|gradient|^(loss|optim)\//.test(path);
/** Backward passes in a bundle. */
const passesOf = (text: string): string[] =>
  text.match(/\bbackward:[^,}]+/g)!.filter((pass) => !/^backward:(void 0|\{value:\w+\.backward)$/.test(pass));

test("a page that paints gets no backward pass and no optimiser", () => {
  const held = heldBy(dist("index.js"));
  expect(held).toContain("norm/modulate.wgsl");
  expect(held).toContain("labels/label_table_pair.wgsl");
  expect(held.filter((path) => path !== PAINTS && trains(path))).toEqual([]);
  expect(passesOf(dist("index.js"))).toEqual([]);
});

test("a page that labels photos gets nothing that paints or trains", () => {
  const held = heldBy(dist("labeler.js"));
  expect(held).toContain("shape/argmax.wgsl");
  expect(held.filter((path) => /^(norm|labels)\//.test(path) || trains(path))).toEqual([]);
  expect(passesOf(dist("labeler.js"))).toEqual([]);
  expect(dist("labeler.js").includes("mlp_shared")).toBe(false);
  expect(dist("index.js").includes("mlp_shared")).toBe(true);
});

test("a page that trains gets the backward passes, but for none of the commands' files", () => {
  const text = dist("train.js");
  const held = heldBy(text);
  for (const path of ["norm/modulate_dx.wgsl", "optim/adam.wgsl", "labels/label_table_pair.wgsl"])
    expect(held).toContain(path);
  expect(text).not.toContain("run.lock");
});

test("a page gets no comment of a shader", () => {
  const comments = shaders.flatMap(({ wgsl }) => [...wgsl.matchAll(/\/\/ *(.{12,})$/gm)].map(([, text]) => text));
  expect(comments.length).toBeGreaterThan(100);
  const text = dist("index.js");
  expect(comments.filter((comment) => text.includes(quoted(comment)))).toEqual([]);
});
