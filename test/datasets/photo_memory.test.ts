// Large photos that are damaged: refused before the decoder makes room for their pixels.

import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import sharp, { type Sharp } from "sharp";
import { beforeAll, expect, test } from "vitest";
import { readPhoto } from "../../src/datasets/photo.ts";
import { scratch } from "./folders.ts";

/** 6000 x 6000: 108 MB of pixels. */
const SIDE = 6000;
const kinds = {
  "png": (s: Sharp) => s.png({ compressionLevel: 6 }),
  "interlaced png": (s: Sharp) => s.png({ compressionLevel: 6, progressive: true }),
  "jpeg": (s: Sharp) => s.jpeg({ quality: 30 }),
  "progressive jpeg": (s: Sharp) => s.jpeg({ quality: 30, progressive: true }),
} as const; // prettier-ignore
type Kind = keyof typeof kinds;
const files = new Map<Kind, Buffer>();

beforeAll(async () => {
  const data = Buffer.alloc(3 * SIDE * SIDE);
  for (let y = 0; y < SIDE; y++)
    for (let x = 0, at = 3 * y * SIDE; x < SIDE; x++, at += 3) data[at] = data[at + 1] = ((x >> 4) ^ (y >> 4)) & 255;
  const picture = sharp(data, { raw: { width: SIDE, height: SIDE, channels: 3 } });
  for (const kind of Object.keys(kinds) as Kind[]) files.set(kind, await kinds[kind](picture.clone()).toBuffer());
}, 60_000);

const MEASURE = `
  import { readFileSync } from "node:fs";
  import { readPhoto } from "./src/datasets/photo.ts";
  import { loadSharp } from "./src/formats/images/sharp.ts";
  const peak = () => Number(/VmHWM:\\s+(\\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]) / 1024;
  const [, , small, damaged] = process.argv;
  await readPhoto(small);
  const before = peak();
  const message = await readPhoto(damaged).then(() => "read", (error) => error.name + ": " + error.message);
  console.log(JSON.stringify({ mb: peak() - before, message }));
`;

test.runIf(process.platform === "linux")(
  "a cut photo takes less than 64 MB and four times the file",
  async () => {
    const dir = await scratch();
    const script = join(process.cwd(), "node_modules", `.photo_memory_${process.pid}.mjs`);
    await build({
      stdin: { contents: MEASURE, resolveDir: process.cwd(), loader: "ts" },
      bundle: true,
      platform: "node",
      format: "esm",
      external: ["sharp"],
      outfile: script,
      logLevel: "error",
    });
    await sharp({ create: { width: 8, height: 8, channels: 3, background: "red" } }).toFile(join(dir, "small.png"));
    try {
      for (const [kind, bytes] of files) {
        const cut = bytes.subarray(0, Math.floor(0.95 * bytes.length));
        writeFileSync(join(dir, "cut"), cut);
        const out = execFileSync(process.execPath, [script, join(dir, "small.png"), join(dir, "cut")], {
          encoding: "utf8",
        });
        const { mb, message } = JSON.parse(out) as { mb: number; message: string };
        expect(message, kind).toMatch(/^SpadeError: .*cut: /);
        expect(mb, kind).toBeLessThan(64 + (4 * cut.length) / 1e6);
      }
    } finally {
      rmSync(script, { force: true });
    }
  },
  60_000,
);

test("whole photos of that size are read, with a JPEG's thumbnail and without", async () => {
  const dir = await scratch();
  for (const [kind, bytes] of files) {
    writeFileSync(join(dir, "whole"), bytes);
    const photo = await readPhoto(join(dir, "whole"));
    expect([kind, photo.width, photo.data.length]).toEqual([kind, SIDE, 3 * SIDE * SIDE]);
  }
  // A segment before the scan that holds a whole JPEG, as EXIF does, does not make a cut one whole.
  const jpeg = files.get("jpeg")!;
  const small = await sharp({ create: { width: 8, height: 8, channels: 3, background: "red" } })
    .jpeg()
    .toBuffer();
  const head = Buffer.from([0xff, 0xd8, 0xff, 0xef, (small.length + 2) >> 8, (small.length + 2) & 255]);
  const nested = Buffer.concat([head, small, jpeg.subarray(2)]);
  writeFileSync(join(dir, "nested.jpg"), nested);
  expect((await readPhoto(join(dir, "nested.jpg"))).width).toBe(SIDE);
  writeFileSync(join(dir, "nested.jpg"), nested.subarray(0, -2));
  await expect(readPhoto(join(dir, "nested.jpg"))).rejects.toThrow(/its JPEG data is cut off/);
}, 60_000);

test("a large PNG of one colour is read, however small its file", async () => {
  const dir = await scratch();
  const path = join(dir, "plain.png");
  const create = { width: 4000, height: 4000, channels: 3, background: "navy" } as const;
  await sharp({ create }).png({ compressionLevel: 9 }).toFile(path);
  const { width, height, data } = await readPhoto(path);
  expect([width, height, [...data.slice(0, 3)]]).toEqual([4000, 4000, [0, 0, 128]]);
});
