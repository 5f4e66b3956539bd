// Commands that share files among the ranks of an mpirun, as the built command: what ranks write together is what one process writes alone.

import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encode } from "fast-png";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pilBilinearResize } from "../../src/pictures/pil_bilinear.ts";
import { seanWeights } from "../api/tiny_sean.ts";
import { labelPng, write } from "../datasets/folders.ts";
import { valley } from "../segmenting/drawn.ts";
import { root, start, USUAL, type Ran } from "./mpirun.ts";

const CLI = join(root, "dist", "cli.js");
const picture = encode({ ...pilBilinearResize(valley(), 64, 64), channels: 3, depth: 8 });

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "spade-shared-"));
  await write(dir, {
    ...{ "img/a.png": picture, "img/b.png": picture, "img/c.jpg": "no picture", "img/d/e.png": picture },
    "classes/a.png": labelPng(64, 64, (_, y) => (y < 20 ? 0 : 1)),
    "classes/b.png": labelPng(64, 64, (x) => (x < 40 ? 0 : 2)),
    "classes/c.png": labelPng(64, 64, (x, y) => (x < y ? 1 : 3)),
    ...{ "photos/a.png": picture, "photos/b.png": picture, "photos/c.png": picture },
  });
  await writeFile(join(dir, "net.safetensors"), await seanWeights());
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** All files below a folder that a command wrote, by name. */
async function filesOf(folder: string): Promise<Record<string, Buffer>> {
  const found = await readdir(join(dir, folder), { recursive: true, withFileTypes: true });
  const paths = found.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const read = paths.sort().map(async (path) => [path.slice(join(dir, folder).length), await readFile(path)] as const);
  return Object.fromEntries(await Promise.all(read));
}

const alone = (args: readonly string[]): Ran => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], { cwd: root, encoding: "utf8" });
  return { code: status, stdout, stderr };
};

describe.skipIf(!USUAL.length).each(USUAL)("$name", (mpi) => {
  const ranks = (args: readonly string[]): Promise<Ran> => start(mpi, 2, [CLI, ...args]).ended;

  test("label: maps, what the report counts, and what can't be read", async () => {
    const label = (name: string): string[] => [
      ...["label", "--image_dir", join(dir, "img"), "--out", join(dir, name)],
      ...["--sheet", join(dir, `${name}.png`)],
    ];
    const lines = (name: string, { stdout }: Ran): string[] =>
      stdout
        .replaceAll(join(dir, name), "OUT")
        .replace(/[\d.]+ s a photo/, "S s a photo")
        .split("\n");
    const one = alone(label("one"));
    const two = await ranks(label("two"));
    expect([one.code, two.code]).toEqual([1, 1]);
    expect(lines("two", two).slice(0, -2)).toEqual(lines("one", one).slice(0, -2));
    expect(lines("two", two)[0]).toBe("OUT: 3 maps of 4 photos, S s a photo");
    expect(await filesOf("two")).toEqual(await filesOf("one"));
    expect(await readFile(join(dir, "two.png"))).toEqual(await readFile(join(dir, "one.png")));

    // Goes on with what is missing, whoever has made the rest.
    await Promise.all([rm(join(dir, "two", "d", "e.png")), rm(join(dir, "img", "c.jpg"))]);
    const again = await ranks(label("two"));
    expect(again.code, again.stderr).toBe(0);
    expect(again.stdout).toMatch(/: 3 maps of 3 photos, 2 of them from before, /);
    expect(await filesOf("two")).toEqual(await filesOf("one"));
  });

  test("test: the pictures and codes of photos' regions, and the codes' mean", async () => {
    const args = (name: string): string[] => [
      ...["test", "--weights", join(dir, "net.safetensors"), "--name", name, "--results_dir", dir, "--no_instance"],
      ...["--label_dir", join(dir, "classes"), "--image_dir", join(dir, "photos")],
      ...["--load_size", "64", "--crop_size", "64", "--label_nc", "4"],
    ];
    const one = alone(args("one_test"));
    expect(one.code, one.stderr).toBe(0);
    const two = await ranks(args("two_test"));
    expect(two.code, two.stderr).toBe(0);
    const [single, shared] = [await filesOf("one_test"), await filesOf("two_test")];
    expect(Object.keys(shared)).toEqual(Object.keys(single));
    expect(Object.keys(shared)).toContain("/test_latest/styles/mean.json");
    for (const name of Object.keys(single).filter((file) => !/index\.html|mean\.json/.test(file)))
      expect(shared[name].equals(single[name]), name).toBe(true);
    // Sums in another order.
    const [a, b] = [single, shared].map(
      (files) => JSON.parse(files["/test_latest/styles/mean.json"].toString()) as { styles: Record<string, number[]> },
    );
    expect(b).toEqual(a);
  });
});
