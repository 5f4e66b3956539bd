// The tarball: what it holds, how large it is, and that npm, TypeScript's users and the usual checks take it.

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
// @ts-expect-error: a script without types
import * as untyped from "../../scripts/build/notices.mjs";
// @ts-expect-error: a script without types
import * as untypedSite from "../../scripts/build/site.mjs";
import { manifest, npm, pack, packFolder, project, root, scratch, type Packed } from "./packed.ts";

const { packagesOf } = untyped as { packagesOf(inputs: string[]): string[] };
const { buildSite } = untypedSite as { buildSite(o: { out: string }): Promise<{ inputs: string[] }> };

let dir: string;
let packed: Packed;
beforeAll(async () => {
  dir = await scratch();
  packed = pack(dir, { types: true });
});
afterAll(() => rm(dir, { recursive: true, force: true }));

test("it is smaller than 1 MB and holds what package.json names, and no weights, maps, benches or checks", () => {
  expect(packed.size).toBeLessThan(1e6);
  const entries = Object.values(manifest.exports).flatMap((entry) =>
    typeof entry === "string" ? [entry] : Object.values(entry),
  );
  for (const path of [...entries, ...Object.values(manifest.bin), "dist/decode_worker.js"])
    expect(packed.files).toContain(path.replace(/^\.\//, ""));
  for (const path of [
    "LICENSE",
    "README.md",
    "THIRD_PARTY_NOTICES.md",
    "demo/maps/street_label.png",
    "dist/site/index.html",
  ])
    expect(packed.files).toContain(path);
  const others =
    /\.safetensors$|\.map$|^dist\/(bench|conformance|fuzz|quiet|site\/(engine|weights|notices))|^(weights|src|test|kernels|shaders|scripts)\//;
  expect(packed.files.filter((path) => others.test(path))).toEqual([]);
});

test("it brings no other package: what it can use is optional", () => {
  expect(manifest.dependencies ?? {}).toEqual({});
  expect(Object.keys(manifest.peerDependenciesMeta)).toEqual(Object.keys(manifest.peerDependencies));
  expect(Object.values(manifest.peerDependenciesMeta).every(({ optional }) => optional)).toBe(true);

  const home = project(join(dir, "empty"), packed);
  npm(home, "install", packed.tarball, "--offline", "--ignore-scripts", "--no-audit", "--no-fund");
  const names = readdirSync(join(home, "node_modules")).filter((name) => !name.startsWith("."));
  expect(names).toEqual(["spade-webgpu"]);
});

test("`types` comes first in every entry", () => {
  for (const entry of Object.values(manifest.exports))
    if (typeof entry !== "string") expect(Object.keys(entry)[0]).toBe("types");
});

test("the notices name every bundled package, with its licence", async () => {
  const text = readFileSync(join(root, "THIRD_PARTY_NOTICES.md"), "utf8");
  const bundles = packed.files.filter((path) => /^dist\/\w+\.js$/.test(path));
  const sources = bundles.flatMap(
    (path) => (JSON.parse(readFileSync(join(root, `${path}.map`), "utf8")) as { sources: string[] }).sources,
  );
  const { inputs } = await buildSite({ out: join(dir, "site") });
  const folders = packagesOf([...sources, ...inputs]);
  expect(folders).toContain("node_modules/preact");
  expect(folders).toContain("node_modules/fast-png");
  for (const folder of folders) {
    const { name, version } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as {
      name: string;
      version: string;
    };
    expect(text).toContain(`## ${name} ${version} (`);
  }
  expect(text.match(/^## /gm)!.length).toBe(folders.length + 3);
  for (const other of ["SqueezeNet", "DeepLabv3+", "Label maps"]) expect(text).toContain(`## ${other}`);
});

test("publint has nothing to say", async () => {
  const { messages } = await publint({ strict: true, pack: { tarball: buffer(packed) } });
  expect(messages.map((m) => formatMessage(m, {}))).toEqual([]);
});

const buffer = ({ tarball }: Packed): ArrayBuffer => new Uint8Array(readFileSync(tarball)).buffer;

test("the types of every entry are found, as are the types wrong", () => {
  const attw = join(root, "node_modules/@arethetypeswrong/cli/dist/index.js");
  const done = spawnSync(
    process.execPath,
    [attw, packed.tarball, "--profile", "esm-only", "--no-definitely-typed", "--no-color", "--no-emoji"],
    { encoding: "utf8" },
  );
  expect(done.status, done.stdout + done.stderr).toBe(0);
});

describe("types compile without skipLibCheck", () => {
  const USE = `
    import { createSpade, isSupported, isCached, clearCache, mixStyles, SpadeError, type LabelMap, type Spade } from "spade-webgpu";
    import { decodeLabelMap, encodeLabelMap, labelMapFromColors, paintLabels, resizeLabelMap } from "spade-webgpu/labels";
    import { convertCheckpoint, type ConvertOptions } from "spade-webgpu/pth";
    import { createLabeler, type Labeler } from "spade-webgpu/labeler";
    import { createLabeler as createInWorker } from "spade-webgpu/labeler-worker";
    export async function label(photo: Blob, spade: Spade): Promise<Float32Array> {
      (await createInWorker({ weights: "a.safetensors", worker: () => new Worker("a.js") })).dispose();
      const labeler: Labeler = await createLabeler({ weights: "a.safetensors" });
      await spade.generate(await labeler.label(photo, spade.info));
      return (await labeler.label(photo, { ...spade.info, mapping: { sky: 3, tree: "bush", car: null }, minConfidence: 0.5 })).confidence;
    }
    export async function paint(map: LabelMap, canvas: HTMLCanvasElement, device: GPUDevice | undefined): Promise<Float32Array> {
      if (!(await isSupported()).ok || (await isCached("a.safetensors"))) await clearCache();
      const spade: Spade = await createSpade({ weights: await convertCheckpoint("a.pth", { dtype: "f16" } satisfies ConvertOptions), device, powerPreference: "low-power" });
      try {
        canvas.getContext("2d")!.putImageData(await spade.generate(map, { style: 7 }), 0, 0);
        const { palette } = await decodeLabelMap(await encodeLabelMap(resizeLabelMap(map, spade.info.width, spade.info.height)));
        if (palette) labelMapFromColors(paintLabels(map, spade.info.labels), palette);
        return mixStyles(new Float32Array(64), new Float32Array(64), 0.5);
      } catch (error) {
        throw error instanceof SpadeError ? new Error(error.fix) : error;
      } finally {
        spade.dispose();
      }
    }`;
  const NODE = `
    import { createSpade, openNodeDevice } from "spade-webgpu/node";
    export const spade = createSpade({ weights: "a.pth" });
    export const name: Promise<string> = openNodeDevice().then((device) => device.name);`;

  /** TypeScript's own libraries are parsed once. */
  const libraries = new Map<string, ts.SourceFile | undefined>();
  function hostOf(options: ts.CompilerOptions): ts.CompilerHost {
    const host = ts.createCompilerHost(options);
    const parse = host.getSourceFile.bind(host);
    host.getSourceFile = (path, ...rest) => {
      if (!/typescript[\\/]lib[\\/]lib\./.test(path)) return parse(path, ...rest);
      if (!libraries.has(path)) libraries.set(path, parse(path, ...rest));
      return libraries.get(path);
    };
    return host;
  }

  function errors(given: ts.CompilerOptions): string[] {
    const home = join(dir, "typed");
    if (!existsSync(home)) {
      project(home, packed, { "use.ts": USE, "node.ts": NODE });
      mkdirSync(join(home, "node_modules/@webgpu"));
      symlinkSync(join(root, "node_modules/@webgpu/types"), join(home, "node_modules/@webgpu/types"));
    }
    const options: ts.CompilerOptions = {
      target: ts.ScriptTarget.ES2022,
      lib: ["lib.es2022.d.ts", "lib.dom.d.ts"],
      strict: true,
      skipLibCheck: false,
      noEmit: true,
      types: [],
      ...given,
    };
    const program = ts.createProgram([join(home, "use.ts"), join(home, "node.ts")], options, hostOf(options));
    return ts
      .getPreEmitDiagnostics(program)
      .map((d) => `${d.file?.fileName ?? ""}: ${ts.flattenDiagnosticMessageText(d.messageText, " ")}`);
  }
  const bundler = { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler };
  const nodenext = { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext };

  test("with ES2022 and DOM alone, for bundlers and for Node", () => {
    expect(errors(bundler)).toEqual([]);
    expect(errors(nodenext)).toEqual([]);
  });

  test("with TypeScript's newest libraries and with @webgpu/types", () => {
    expect(errors({ ...bundler, lib: ["lib.esnext.full.d.ts"] })).toEqual([]);
    // @webgpu/types contradicts TypeScript 6 itself, which has them: nobody can use both without skipLibCheck.
    expect(errors({ ...nodenext, types: ["@webgpu/types"], skipLibCheck: true })).toEqual([]);
  });

  test("of WebGPU, a page's entries name devices and textures alone, and declare them: older libraries lack WebGPU", () => {
    const files = packed.files.filter((path) => path.endsWith(".d.ts") && !/runtime\/(?!errors)|\/node/.test(path));
    expect(files).toContain("dist/types/src/session/api.d.ts");
    const text = files.map((path) => readFileSync(join(dir, "source", path), "utf8")).join("\n");
    expect([...new Set(text.match(/\bGPU[A-Z]\w+/g))]).toEqual(["GPUDevice", "GPUTexture"]);
    expect(text).toContain("interface GPUDevice {");
    expect(text).toContain("interface GPUTexture {");
  });
});

test("the weights are a package of their own, with an address for bundlers and licences", () => {
  const weights = packFolder(join(root, "weights"), dir);
  const names = [
    "landscape_net_G",
    "landscape_net_E",
    "street_net_G",
    "street_net_E",
    "squeezenet1_0_features",
    "ade20k_segmenter",
  ].map((name) => `${name}.safetensors`);
  for (const name of [...names, "README.md", "LICENSE.md"]) expect(weights.files).toContain(name);
  const { name, exports, version } = JSON.parse(readFileSync(join(root, "weights/package.json"), "utf8")) as {
    name: string;
    version: string;
    exports: Record<string, string>;
  };
  expect(exports).toEqual({ "./*": "./*" });
  expect(manifest.peerDependencies[name]).toBe(`^${version}`);
  const licence = readFileSync(join(root, "weights/LICENSE.md"), "utf8");
  expect(licence).toContain("CC BY-NC 4.0");
  expect(licence).toContain("Redistribution and use in source and binary forms");
  expect(licence).toContain("Apache License");
  expect(execFileSync("tar", ["-tzf", weights.tarball], { encoding: "utf8" })).toContain("package/street_net_G");
});
