// The command that messages print: it starts this program from where the user stands.

import { execFileSync, execSync } from "node:child_process";
import { cpSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, describe, expect, test } from "vitest";
import { command, commandAt, withCommand } from "../../src/cli/terminal/command.ts";
import { quoted } from "../../src/cli/terminal/output.ts";
import { labelPng, photoPng, scratch, write } from "../datasets/folders.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const posix = process.platform !== "win32";
let dir: string;
beforeEach(async () => void (dir = realpathSync(await scratch())));

/** An empty file. */
function touch(...path: string[]): string {
  const file = join(dir, ...path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, "");
  return file;
}

function link(to: string, ...path: string[]): void {
  const file = join(dir, ...path);
  mkdirSync(dirname(file), { recursive: true });
  symlinkSync(to, file);
}

function folder(...path: string[]): string {
  mkdirSync(join(dir, ...path), { recursive: true });
  return join(dir, ...path);
}

test("in a clone: node, and the way to dist/cli.js", () => {
  const cli = touch("my clone", "dist", "cli.js");
  const at = (cwd: string) => commandAt({ cli, cwd, path: [folder("bin")] });
  expect(at(folder("my clone"))).toBe("node dist/cli.js");
  expect(at(folder("my clone", "data", "new"))).toBe("node ../../dist/cli.js");
  expect(at(folder("elsewhere"))).toBe("node '../my clone/dist/cli.js'");
  expect(command()).toBe("node dist/cli.js");
});

describe.skipIf(!posix)("installed", () => {
  const CLI = ["node_modules", "spade-webgpu", "dist", "cli.js"];

  test("in a project: npx, from every folder of it", () => {
    const cli = touch("project", ...CLI);
    link(cli, "project", "node_modules", ".bin", "spade-webgpu");
    const path = [folder("project", "node_modules", ".bin")];
    for (const cwd of [folder("project"), folder("project", "data", "new")])
      expect(commandAt({ cli, cwd, path })).toBe("npx spade-webgpu");
    // Elsewhere npx would not find it, and what npm run puts before PATH is gone then.
    expect(commandAt({ cli, cwd: folder("else"), path })).toBe("node ../project/node_modules/spade-webgpu/dist/cli.js");
  });

  test("by a package manager that links packages", () => {
    const cli = touch("project", "node_modules", ".pnpm", "spade-webgpu@1", ...CLI);
    link(join(cli, "..", ".."), "project", "node_modules", "spade-webgpu");
    touch("project", "node_modules", ".bin", "spade-webgpu");
    expect(commandAt({ cli, cwd: folder("project"), path: [] })).toBe("npx spade-webgpu");
  });

  test("in another version than the project's: not by npx, which would start that one", () => {
    touch("project", ...CLI);
    touch("project", "node_modules", ".bin", "spade-webgpu");
    const cli = touch("clone", "dist", "cli.js");
    expect(commandAt({ cli, cwd: folder("project"), path: [] })).toBe("node ../clone/dist/cli.js");
  });

  test("in npm's cache, as npx runs what is not installed", () => {
    const cli = touch(".npm", "_npx", "1f", ...CLI);
    expect(commandAt({ cli, cwd: folder("home"), path: [] })).toBe("npx spade-webgpu");
  });

  test("for all: its name, where PATH leads to this very program", () => {
    const cli = touch("lib", ...CLI);
    link(cli, "bin", "spade-webgpu");
    touch("old", "spade-webgpu");
    const cwd = folder("home");
    expect(commandAt({ cli, cwd, path: ["", folder("none"), folder("bin")] })).toBe("spade-webgpu");
    expect(commandAt({ cli, cwd, path: [folder("old")] })).toBe("node ../lib/node_modules/spade-webgpu/dist/cli.js");
    // On Windows the script lies beside node_modules.
    touch("lib", "spade-webgpu.cmd");
    expect(commandAt({ cli, cwd, path: [folder("lib")] })).toBe("spade-webgpu");
  });

  test("the printed command runs, from a clone and from a project", async () => {
    await write(dir, {
      "label/0.png": labelPng(40, 30, (x) => (x < 20 ? 0 : 1)),
      "img/0.png": photoPng(40, 30, () => [1, 2, 3]),
      "package.json": "{}",
    });
    const printed = (cli: string): string => {
      const args = ["dataset", "--label_dir", "label", "--image_dir", "img"];
      const out = execFileSync(process.execPath, [cli, ...args], { cwd: dir, encoding: "utf8" });
      const [, start] = /^ {2}(.+) train --name mine /m.exec(out)!;
      expect(execSync(`${start} --version`, { cwd: dir, encoding: "utf8" })).toMatch(/^\d+\.\d+\.\d+\n$/);
      return start;
    };
    const own = realpathSync(join(root, "dist", "cli.js"));
    expect(printed(own)).toBe(`node ${relative(dir, own)}`);

    for (const name of ["dist", "package.json"])
      cpSync(join(root, name), join(dir, "node_modules/spade-webgpu", name), { recursive: true });
    for (const name of ["sharp", "webgpu"]) link(realpathSync(join(root, "node_modules", name)), "node_modules", name);
    link("../spade-webgpu/dist/cli.js", "node_modules/.bin/spade-webgpu");
    expect(printed(join(dir, "node_modules/.bin/spade-webgpu"))).toBe("npx spade-webgpu");
  });
});

test("an error's fixed command becomes the one that works here", () => {
  expect(withCommand("a.pth: is odd; see npx spade-webgpu info a.pth, npx spade-webgpu doctor")).toBe(
    "a.pth: is odd; see node dist/cli.js info a.pth, node dist/cli.js doctor",
  );
});

test.runIf(posix)("a proposed command gives a shell every name as it is, and prints no control character", () => {
  for (const name of ["plain/a.png", "a b", "it's", "tab\tx", "line\n'x'\\", "\x1b[31m\u0085\u200eäöü", "$HOME"]) {
    expect(quoted(name)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200e]/);
    const said = execFileSync("bash", ["-c", `printf %s ${quoted(name)}`], {
      env: { ...process.env, LC_ALL: "C.UTF-8" },
    });
    expect(said.toString()).toBe(name);
  }
});
