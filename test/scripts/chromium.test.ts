// The copy of Chromium that uses lavapipe: made once, also by two processes at the same time, without touching Debian's own files.

import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
// @ts-expect-error: a script without types
import { missing, STOCK } from "../../scripts/browser/chromium.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const cache = join(root, ".setup", `chromium-test-${process.pid}`);
afterAll(() => rmSync(cache, { recursive: true, force: true }));

const lacks = (missing as () => string[])();
test.skipIf(lacks.length > 0)("two processes at once make one copy of Chromium", async () => {
  mkdirSync(cache, { recursive: true });
  const stock = join(STOCK as string, "..", "libvk_swiftshader.so");
  const before = readFileSync(stock);
  const script = `import("./scripts/browser/chromium.mjs").then((m) => console.log(m.lavapipeChromium(${JSON.stringify(cache)})))`;
  const run = promisify(execFile);
  const [a, b] = await Promise.all([1, 2].map(() => run(process.execPath, ["-e", script], { cwd: root })));
  expect(a.stdout).toBe(b.stdout);
  const [folder, ...others] = readdirSync(cache);
  expect(others).toEqual([]);
  expect(a.stdout.trim()).toBe(join(cache, folder, "chromium"));
  const made = statSync(join(cache, folder, "libvk_swiftshader.so"));
  expect(made.ino).not.toBe(statSync(stock).ino);
  expect(readFileSync(stock).equals(before)).toBe(true);
});
