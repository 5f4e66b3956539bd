// What people type wrong, and what a terminal gets of it. The built command, as a user runs it.

import { spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const cli = `${root}/dist/cli.js`;

const spade = (...args: string[]) => spawnSync(process.execPath, [cli, ...args], { encoding: "utf8", timeout: 30_000 });

test.each<[string[], RegExp]>([
  [
    ["train", "--", "image_dir", "x"],
    /^error: train \.\.\. image_dir x: are 2 arguments too many; write --image_dir, without a space after the dashes\n$/,
  ],
  [["info", "a.pth", "b\u001b[31m.pth"], /^error: info \.\.\. b\\x1b\[31m\.pth: is an argument too many; .+\n$/],
  [["demo", "street"], /^error: demo \.\.\. street: is an argument too many; .+\n$/],
])("arguments that are too many are named: %j", (args, message) => {
  const { status, stdout, stderr } = spade(...args);
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toMatch(message);
});

test.each(["train", "dataset", "generate"])("%s --label_nc 0: what pix2pixHD means by it", (command) => {
  const { status, stderr } = spade(command, "--label_nc", "0");
  expect(status).toBe(1);
  expect(stderr).toContain(
    "0 means RGB pictures as input (pix2pixHD), which this engine does not read; give the number",
  );
});

test("a name with escapes and line ends neither colours the terminal nor forges a line", () => {
  const { status, stderr } = spade("info", "no\nerror: forged\u001b[2J");
  expect(status).toBe(1);
  expect(stderr).toBe("error: no\\nerror: forged\\x1b[2J: does not exist; check the path\n");
});

test("all of stderr arrives, through a pipe that is read slowly", async () => {
  // More than a pipe's 64 kB, written at once before the program ends.
  const script = `process.argv[1] = ${JSON.stringify(cli)}; process.argv.push("info", "none");
    process.stderr.write("x".repeat(300_000) + "\\n"); await import(process.argv[1]);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script, "--"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let text = "";
  await new Promise((resolve) => setTimeout(resolve, 1500));
  for await (const piece of child.stderr) text += String(piece);
  expect(text.length).toBeGreaterThan(300_000);
  expect(text).toMatch(/error: none: does not exist; check the path\n$/);
});
