// demo --regions: sky and mountains of two drawn styles, by a small net of SEAN.

import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decode } from "fast-png";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { DemoOptions } from "../../src/cli/commands/demo/demo.ts";
import { regionsDemo } from "../../src/cli/commands/demo/demo_regions.ts";
import { Progress } from "../../src/cli/terminal/progress.ts";
import { plain, weights } from "../api/tiny.ts";
import { sean, seanWeights } from "../api/tiny_sean.ts";

let dir: string;
const inDir = (name: string): string => join(dir, name);
const SIZE = 64;
const run = (more: Partial<DemoOptions>): Promise<string[]> =>
  regionsDemo({ map: "lake", seed: 0, regions: true, out: dir, force: true, ...more }, new Progress());

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "spade-demo-regions-"));
  await writeFile(inDir("sean.safetensors"), await seanWeights({}, { ...sean, label_nc: 16 }));
  await writeFile(inDir("few.safetensors"), await seanWeights());
  await writeFile(inDir("plain.safetensors"), await weights(plain));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

test("paints the map in both styles at once, beside the map, the drawn styles and each style alone", async () => {
  const lines = await run({ weights: inDir("sean.safetensors") });
  for (const name of ["picture.png", "regions.png"]) expect(lines.join("\n")).toContain(inDir(name));
  const sheet = decode(await readFile(inDir("regions.png")));
  expect([sheet.width, sheet.height]).toEqual([3 * SIZE, 2 * SIZE]);
  /** A panel's pixels, as text: the map, evening, noon; the picture, it in evening's styles, in noon's. */
  const panel = (column: number, row: number): string[] =>
    Array.from({ length: SIZE * SIZE }, (_, p) => {
      const at = 3 * ((row * SIZE + Math.floor(p / SIZE)) * sheet.width + column * SIZE + (p % SIZE));
      return sheet.data.subarray(at, at + 3).join();
    });
  const [map, evening, noon] = [0, 1, 2].map((column) => panel(column, 0));
  const [picture, inEvening, inNoon] = [0, 1, 2].map((column) => panel(column, 1));
  // The colours of sky and mountain in the map.
  const ids = map.map((color) => ({ "156,238,221": "sky", "134,150,100": "mountain" })[color]);
  const count = (label: string, a: string[], b: string[]): number =>
    ids.filter((id, p) => id === label && a[p] === b[p]).length / ids.filter((id) => id === label).length;
  expect(ids.filter((id) => id === "sky").length).toBeGreaterThan(500);
  expect(ids.filter((id) => id === "mountain").length).toBeGreaterThan(100);
  expect(count("sky", evening, noon)).toBeLessThan(0.1);
  // The net's layers see far, so that no pixel is that of one style alone; a picture of one style for all would be equal everywhere.
  for (const alone of [inEvening, inNoon]) expect(picture).not.toEqual(alone);
  expect(inEvening).not.toEqual(inNoon);
  const whole = decode(await readFile(inDir("picture.png")));
  expect([whole.width, whole.height]).toEqual([SIZE, SIZE]);
  expect(picture).toEqual(Array.from({ length: SIZE * SIZE }, (_, p) => whole.data.subarray(3 * p, 3 * p + 3).join()));
  // Equal calls give equal bytes.
  const before = await readFile(inDir("regions.png"));
  await run({ weights: inDir("sean.safetensors") });
  expect(await readFile(inDir("regions.png"))).toEqual(before);
});

test("says in one line which net is missing and how to get it, and what does not fit", async () => {
  const shipped = fileURLToPath(new URL("../../weights/landscape_sean_G.safetensors", import.meta.url));
  // A clone that has the net paints with it.
  if (!existsSync(shipped))
    await expect(run({})).rejects.toThrow(
      /^weights\/landscape_sean_G.safetensors: is not here: this demo needs a landscape net of SEAN, [^\n]*train --netG sean --name landscape_sean [^\n]*--weights checkpoints\/landscape_sean\/latest_net_G.safetensors$/,
    );
  await expect(run({ weights: inDir("plain.safetensors") })).rejects.toThrow(/without styles of regions; [^\n]*$/);
  await expect(run({ weights: inDir("few.safetensors") })).rejects.toThrow(
    /has 4 labels where the map has ids up to 15/,
  );
  await expect(run({ map: "street" })).rejects.toThrow(/^--map street: is no landscape, .*; give lake, coast, meadow$/);
});
