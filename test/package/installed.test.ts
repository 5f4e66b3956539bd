// The installed package without its optional packages: what imports touch, and what commands say that miss one.

import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { installLine } from "../../src/formats/packaged.ts";
import { plain, weights } from "../api/tiny.ts";
import { labelPng } from "../datasets/folders.ts";
import { manifest, pack, project, root, scratch, type Packed } from "./packed.ts";

let dir: string;
let packed: Packed;
let home: string;
beforeAll(async () => {
  dir = await scratch();
  packed = pack(dir);
  home = project(join(dir, "home"), packed);
  writeFileSync(join(home, "tiny.safetensors"), await weights(plain));
  writeFileSync(
    join(home, "map.png"),
    labelPng(64, 64, (x) => (x < 32 ? 0 : 1)),
  );
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** The last line on stderr of a command that fails. @param cwd where the user stands */
function refusal(args: string[], cwd = home, at = home): string {
  const cli = join(at, "node_modules/spade-webgpu/dist/cli.js");
  const { status, stderr } = spawnSync(process.execPath, [cli, ...args], { cwd, encoding: "utf8" });
  expect(status, stderr).toBe(1);
  return stderr.trim().split("\n").at(-1)!;
}

test("importing an entry on a server touches nothing of a page, and loads no other package", () => {
  const entries = Object.keys(manifest.exports).filter((name) => !name.endsWith(".json"));
  const script = `
    for (const name of ["navigator", "window", "document", "self", "GPUBuffer", "GPUBufferUsage", "GPUDevice", "HTMLElement", "Worker", "ImageData"])
      Object.defineProperty(globalThis, name, { configurable: true, get() { throw new Error(name + " was touched"); } });
    for (const entry of ${JSON.stringify(entries)}) await import("spade-webgpu" + entry.slice(1));
    for (const name of ["index", "train"]) await import("./node_modules/spade-webgpu/dist/" + name + ".js");
    const page = await import(${JSON.stringify(pathToFileURL(join(root, "dist/index.js")))});
    const node = await import("spade-webgpu");
    console.log(Object.keys(page).filter((name) => !(name in node)).join());`;
  writeFileSync(join(home, "import.js"), script);
  // What the page's entry exports, Node's does too: a page's module may be imported on a server.
  expect(execFileSync(process.execPath, ["import.js"], { cwd: home, encoding: "utf8" })).toBe("\n");
});

describe("a command that misses a package says how to install it", () => {
  test("webgpu", () => {
    const line =
      "error: npm package webgpu: is not installed, and this program paints with it; run: npm install webgpu@0.6";
    expect(refusal(["generate", "--weights", "tiny.safetensors", "--label", "map.png", "--out", "a.png"])).toBe(line);
    const script = `import { createSpade } from "spade-webgpu"; await createSpade({ weights: "tiny.safetensors" }).catch((e) => console.log(e.code, "error: " + e.message));`;
    writeFileSync(join(home, "create.js"), script);
    const said = execFileSync(process.execPath, ["create.js"], { cwd: home, encoding: "utf8" });
    expect(said).toBe(`no-webgpu ${line}\n`);
  });

  test("sharp", () => {
    mkdirSync(join(home, "label"), { recursive: true });
    mkdirSync(join(home, "img"), { recursive: true });
    for (const folder of ["label", "img"]) cpSync(join(home, "map.png"), join(home, folder, "0.png"));
    expect(refusal(["dataset", "--label_dir", "label", "--image_dir", "img"])).toBe(
      "error: npm package sharp: is not installed, and pictures are read and written with it; run: npm install sharp@0.35",
    );
  });

  test("onnxruntime-node", () => {
    writeFileSync(join(home, "seg.onnx"), "");
    const args = ["eval", "--label_dir", "label", "--results", "img", "--segmenter", "seg.onnx"];
    expect(refusal(args)).toBe(
      "error: npm package onnxruntime-node: is not installed, and a segmenter runs on it; run: npm install onnxruntime-node@1.30, or give --segmenter ade20k",
    );
  });

  test("spade-webgpu-weights", () => {
    expect(refusal(["demo"])).toBe(
      "error: landscape_net_G.safetensors: is not here: it comes with the npm package spade-webgpu-weights; run: npm install spade-webgpu-weights@0.1, or give --weights FILE",
    );
  });

  test("in words for where the program is: a project from elsewhere, npm's cache, a global installation, a clone", () => {
    const at = (...path: string[]): string => join(dir, ...path, "node_modules/spade-webgpu/dist");
    mkdirSync(join(dir, "elsewhere"), { recursive: true });
    expect(installLine("sharp", at("home"), join(home, "label"))).toBe("run: npm install sharp@0.35");
    expect(installLine("sharp", at("home"), join(dir, "elsewhere"))).toBe(
      `run: npm install sharp@0.35 --prefix ${home}`,
    );
    expect(installLine("webgpu", at("_npx", "0a1b"), home)).toBe(
      "run it as: npx -p spade-webgpu -p webgpu@0.6 -p sharp@0.35 spade-webgpu ...",
    );
    expect(installLine("spade-webgpu-weights", at("_npx", "0a1b"), home)).toContain("-p spade-webgpu-weights@0.1 ");
    expect(installLine("webgpu", at("usr", "lib"), home)).toBe("run: npm install --global webgpu@0.6");
    expect(installLine("webgpu", join(root, "dist"), home)).toBe("run: npm run setup");
  });
});

describe("the weights' package is found", () => {
  /** A copy of the engine alone, and what it says when it has the weights but lacks webgpu. */
  const found = /^error: npm package webgpu: is not installed/;
  const install = (folder: string): void => {
    mkdirSync(join(dir, folder, "node_modules"), { recursive: true });
    symlinkSync(join(root, "weights"), join(dir, folder, "node_modules/spade-webgpu-weights"), "junction");
  };

  test("beside the engine, from every folder", () => {
    project(join(dir, "beside"), packed);
    install("beside");
    const [at, cwd] = [join(dir, "beside"), join(dir, "stands")];
    mkdirSync(cwd);
    expect(refusal(["demo", "--out", "out"], cwd, at)).toMatch(found);
  });

  test("where the user stands", () => {
    install("user");
    mkdirSync(join(dir, "user/deep"));
    expect(refusal(["demo", "--out", "out"], join(dir, "user/deep"))).toMatch(found);
  });

  test("and --weights comes first", () => {
    expect(refusal(["demo", "--weights", relative(home, join(home, "none.safetensors"))])).toBe(
      "error: none.safetensors: does not exist; check the path",
    );
  });
});
