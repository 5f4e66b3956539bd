// .ci/run: which commands it runs in which folder, and how it sums their results. npm is a stand-in that notes its folder and prints a given
// text.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const script = fileURLToPath(new URL("../../.ci/run", import.meta.url));
let dir: string;
beforeEach(() => void (dir = realpathSync(mkdtempSync(join(tmpdir(), "spade-ci-")))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function put(path: string, text: string): void {
  mkdirSync(dirname(join(dir, path)), { recursive: true });
  writeFileSync(join(dir, path), text, { mode: 0o755 });
}

/** Runs it in a repository with two test files. @param says what npm prints in the clone, and here */
function run(says: [clone: string, here?: string], shared: boolean) {
  put("repo/.ci/run", readFileSync(script, "utf8"));
  put("repo/test/a.test.ts", `test("all of it (${"needs"} ../shared)")`);
  put("repo/test/b.test.ts", 'test("nothing")');
  put("repo/package.json", "{}");
  put("tmp/.keep", "");
  if (shared) put("shared/data", "");
  // In the clone: npm --prefix FOLDER test.
  put(
    "bin/npm",
    `#!/bin/bash
echo "$@" >>${dir}/calls
if [ "$1" = --prefix ]; then ls "$2/.." >${dir}/beside; ls "$2" >${dir}/files; ${says[0]}; else ${says[1] ?? "exit 9"}; fi
`,
  );
  const git = (...args: string[]) => execFileSync("git", ["-C", join(dir, "repo"), ...args], { encoding: "utf8" });
  git("init", "-q");
  git("add", ".");
  git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "one");
  put("repo/later.txt", "not committed");
  const env = { ...process.env, PATH: `${join(dir, "bin")}:${process.env.PATH}`, TMPDIR: join(dir, "tmp") };
  const { status, stdout } = spawnSync("bash", [join(dir, "repo/.ci/run")], { encoding: "utf8", env });
  const read = (path: string) => readFileSync(join(dir, path), "utf8").trim().split("\n");
  return { status, last: stdout.trimEnd().split("\n").at(-1), left: readdirSync(join(dir, "tmp")), read };
}

describe.skipIf(process.platform === "win32")(".ci/run", () => {
  test("tests a clone of what is committed, with nothing beside it, then what needs ../shared", () => {
    const { status, last, left, read } = run(["echo '7 passed, 0 failed'", "echo '2 passed, 0 failed'"], true);
    expect({ status, last, left }).toEqual({ status: 0, last: "9 passed, 0 failed", left: [".keep"] });
    expect(read("beside")).toHaveLength(1);
    expect(read("files")).toEqual(["package.json", "test"]);
    expect(read("calls")).toEqual([
      expect.stringMatching(/^--prefix \S+ test$/),
      String.raw`test -- test/a.test.ts -t \(needs \.\./shared\)`,
    ]);
  });

  test("where there is no ../shared the clone is all", () => {
    const { status, last, read } = run(["echo '7 passed, 0 failed'"], false);
    expect({ status, last }).toEqual({ status: 0, last: "7 passed, 0 failed" });
    expect(read("calls")).toHaveLength(1);
  });

  test.each([
    [
      "a test that fails in the clone",
      ["echo '7 passed, 2 failed'; exit 1", "echo '2 passed, 0 failed'"],
      "9 passed, 2 failed",
    ],
    [
      "a test that fails here",
      ["echo '7 passed, 0 failed'", "echo '1 passed, 1 failed'; exit 1"],
      "8 passed, 1 failed",
    ],
    ["no closing line", ["exit 3", "echo '2 passed, 0 failed'"], "2 passed, 1 failed"],
    ["no closing line and no status", ["true", "echo '2 passed, 0 failed'"], "2 passed, 1 failed"],
    [
      "a status that the line does not explain",
      ["echo '7 passed, 0 failed'; exit 3", "echo '2 passed, 0 failed'"],
      "9 passed, 1 failed",
    ],
    ["no test at all", ["echo '0 passed, 0 failed'", "echo '0 passed, 0 failed'"], "0 passed, 0 failed"],
  ] as [string, [string, string], string][])("fails on %s", (_, says, wanted) => {
    const { status, last, left } = run(says, true);
    expect({ status, last, left }).toEqual({ status: 1, last: wanted, left: [".keep"] });
  });
});
