// The demo as a newcomer runs it: the shipped net paints the street that was drawn.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decode } from "fast-png";
import { afterAll, beforeAll, expect, test } from "vitest";
import { demoFolder } from "../../src/cli/commands/demo.ts";
import { plain, weights } from "../api/tiny.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
let dir: string;
beforeAll(async () => void (dir = await mkdtemp(join(tmpdir(), "spade-demo-"))));
afterAll(() => rm(dir, { recursive: true, force: true }));

test("a folder is said as it was given, wherever the clone lies", () => {
  for (const out of [dir, "out", "../out"]) expect(demoFolder({ out })).toBe(out);
});

test("paints a street: a bright sky over a dark road, and styles that differ", async () => {
  const out = execFileSync(process.execPath, [join(root, "dist", "cli.js"), "demo", "--out", dir], {
    encoding: "utf8",
  });
  for (const name of ["label.png", "picture.png", "styles.png"]) expect(out).toContain(join(dir, name));
  const { data, width, height, channels } = decode(await readFile(join(dir, "picture.png")));
  expect([width, height, channels]).toEqual([128, 96, 3]);
  const brightness = (left: number, top: number, w: number, h: number): number => {
    let sum = 0;
    for (let y = top; y < top + h; y++)
      for (let x = left; x < left + w; x++) for (let c = 0; c < 3; c++) sum += data[(y * width + x) * 3 + c] / 3;
    return sum / (w * h);
  };
  expect(brightness(48, 4, 24, 16)).toBeGreaterThan(2 * brightness(48, 80, 24, 12));

  const sheet = decode(await readFile(join(dir, "styles.png")));
  expect([sheet.width, sheet.height]).toEqual([3 * 128 * 3, 3 * 96 * 2]);
  let differ = 0;
  for (let y = 0; y < 288; y++)
    for (let x = 0; x < 384 * 3; x++)
      differ += Math.abs(sheet.data[y * sheet.width * 3 + x] - sheet.data[(y + 288) * sheet.width * 3 + x]);
  expect(differ / (288 * 384 * 3)).toBeGreaterThan(2);
});

test("a net of another kind is refused in one line", async () => {
  await writeFile(join(dir, "plain.safetensors"), await weights(plain));
  const args = [join(root, "dist", "cli.js"), "demo", "--weights", "plain.safetensors", "--out", "out"];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: dir, encoding: "utf8" });
  expect(status).toBe(1);
  expect(stderr.trim().split("\n").at(-1)).toBe(
    "error: plain.safetensors: is a generator without styles; give one that was trained with --use_vae",
  );
});
