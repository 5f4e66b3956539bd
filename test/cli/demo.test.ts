// The demo as a newcomer runs it: the shipped nets paint maps that were drawn.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decode, type DecodedPng } from "fast-png";
import { afterAll, beforeAll, expect, test } from "vitest";
import { demoFolder } from "../../src/cli/commands/demo/demo.ts";
import { plain, weights } from "../api/tiny.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
let dir: string;
beforeAll(async () => void (dir = await mkdtemp(join(tmpdir(), "spade-demo-"))));
afterAll(() => rm(dir, { recursive: true, force: true }));

test("a folder is said as it was given, wherever the clone lies", () => {
  for (const out of [dir, "out", "../out"]) expect(demoFolder({ out })).toBe(out);
});

/** Mean brightness of a rectangle, 0 to 255. */
function brightness(picture: DecodedPng, left: number, top: number, w: number, h: number): number {
  let sum = 0;
  for (let y = top; y < top + h; y++)
    for (let x = left; x < left + w; x++)
      for (let c = 0; c < 3; c++) sum += picture.data[(y * picture.width + x) * 3 + c] / 3;
  return sum / (w * h);
}

test.each([
  ["a landscape", [], [128, 128], [8, 66]],
  ["a street", ["--map", "street"], [128, 96], [48, 80]],
] as const)(
  "paints %s: a bright sky over dark trees or a road, beside styles that differ",
  async (_name, more, [w, h], [x, y]) => {
    const out = execFileSync(process.execPath, [join(root, "dist", "cli.js"), "demo", "--out", dir, ...more], {
      encoding: "utf8",
    });
    for (const name of ["label.png", "picture.png", "styles.png"]) expect(out).toContain(join(dir, name));
    const picture = decode(await readFile(join(dir, "picture.png")));
    expect([picture.width, picture.height, picture.channels]).toEqual([w, h, 3]);
    const sky = brightness(picture, 48, 4, 24, 8);
    expect(sky).toBeGreaterThan(1.5 * brightness(picture, x, y, 24, 8));

    // The map is as tall as two rows of pictures.
    const sheet = decode(await readFile(join(dir, "styles.png")));
    expect([sheet.width, sheet.height]).toEqual([(2 + 3) * 2 * w, 2 * 2 * h]);
    const skies = [0, 1, 2, 3, 4, 5].map((i) =>
      brightness(sheet, 4 * w + (i % 3) * 2 * w + 96, Math.floor(i / 3) * 2 * h + 8, 48, 16),
    );
    expect(Math.abs(skies[0] - sky)).toBeLessThan(20);
    expect(Math.max(...skies) - Math.min(...skies)).toBeGreaterThan(10);
    expect(out.includes("label --image_dir")).toBe(w === h);
  },
);

test("a net of another kind is refused in one line", async () => {
  await writeFile(join(dir, "plain.safetensors"), await weights(plain));
  const args = [join(root, "dist", "cli.js"), "demo", "--weights", "plain.safetensors", "--out", "out"];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: dir, encoding: "utf8" });
  expect(status).toBe(1);
  expect(stderr.trim().split("\n").at(-1)).toBe(
    "error: plain.safetensors: is a generator without styles; give one that was trained with --use_vae",
  );
});
