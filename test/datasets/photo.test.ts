import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decode } from "fast-png";
import { expect, test } from "vitest";
import { readPhoto } from "../../src/datasets/photo.ts";
import { crc32 } from "../../src/formats/crc.ts";
import { scratch, write } from "./folders.ts";

const folder = fileURLToPath(new URL("../fixtures/pil/", import.meta.url));
const { photos } = JSON.parse(readFileSync(join(folder, "pil.json"), "utf8")) as { photos: Record<string, string> };

test.each(Object.entries(photos))('%s: the bytes of PIL\'s convert("RGB")', async (name, sha) => {
  const photo = await readPhoto(join(folder, name));
  expect([photo.width, photo.height, photo.data.length]).toEqual([23, 17, 3 * 23 * 17]);
  expect(createHash("sha256").update(photo.data).digest("hex")).toBe(sha);
});

test.each(["rgb", "gray", "cmyk"])("a JPEG in %s is PIL's within two levels", async (name) => {
  const photo = await readPhoto(join(folder, `jpeg_${name}.jpg`));
  const { data } = decode(readFileSync(join(folder, `jpeg_${name}.png`)));
  expect(photo.data.length).toBe(data.length);
  expect(Math.max(...photo.data.map((v, i) => Math.abs(v - data[i])))).toBeLessThanOrEqual(2);
});

test("what can't be read says why", async () => {
  const dir = await scratch();
  const jpeg = readFileSync(join(folder, "jpeg_rgb.jpg"));
  const bmp = readFileSync(join(folder, "photo.bmp"));
  const ppm = readFileSync(join(folder, "photo.ppm"));
  const packed = Uint8Array.from(bmp);
  packed[30] = 1;
  await write(dir, {
    "cut.jpg": jpeg.subarray(0, jpeg.length / 2),
    "text.jpg": "no photo",
    "empty.jpg": "",
    "cut.bmp": bmp.subarray(0, 300),
    "packed.bmp": packed,
    "cut.ppm": ppm.subarray(0, 300),
    "text.ppm": "P3\n1 1\n255\n1 2 3\n",
  });
  const failure = async (name: string) => {
    const error = (await readPhoto(join(dir, name)).catch((e: unknown) => e)) as Error;
    return error.message.slice(dir.length + 1);
  };
  expect(await failure("cut.jpg")).toMatch(/^cut\.jpg: can't be decoded \(.*\); save or fetch the photo again$/);
  expect(await failure("text.jpg")).toMatch(/^text\.jpg: can't be decoded \(.*unsupported image format\)/);
  expect(await failure("empty.jpg")).toMatch(/^empty\.jpg: is empty; /);
  expect(await failure("cut.bmp")).toMatch(/^cut\.bmp: has 300 bytes for 23 x 17 pixels; /);
  expect(await failure("packed.bmp")).toMatch(/^packed\.bmp: is a BMP that is compressed/);
  expect(await failure("cut.ppm")).toMatch(/^cut\.ppm: has \d+ bytes for 23 x 17 pixels; /);
  expect(await failure("text.ppm")).toMatch(/^text\.ppm: is a PNM file other than binary/);
  expect(await failure("none.jpg")).toBe("none.jpg: does not exist; check the path");
});

test("a photo that claims more pixels than its bytes or the limit allow is not decoded", async () => {
  const dir = await scratch();
  const header = (width: number, height: number): Uint8Array => {
    const png = new Uint8Array(readFileSync(join(folder, "photo.png")));
    const view = new DataView(png.buffer);
    view.setUint32(16, width);
    view.setUint32(20, height);
    view.setUint32(29, crc32(png.subarray(12, 29)));
    return png;
  };
  await write(dir, {
    "long.png": header(67_108_888, 20),
    "svg.png": '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
    "good.png": readFileSync(join(folder, "photo.png")),
  });
  const failure = (name: string) => readPhoto(join(dir, name)).catch((e: unknown) => (e as Error).message);
  expect(await failure("long.png")).toMatch(/long.png: claims 67108888x20 pixels and has \d+ bytes; save or fetch/);
  expect(await failure("svg.png")).toMatch(/can't be decoded \(it is svg, not JPEG, PNG, WebP/);
  process.env.SPADE_MAX_PIXELS = "300";
  try {
    expect(await failure("good.png")).toMatch(
      /has 61x47 pixels, and pictures of up to 300 are read; .*SPADE_MAX_PIXELS=2867 before/,
    );
    process.env.SPADE_MAX_PIXELS = "many";
    expect(await failure("good.png")).toMatch(/^SPADE_MAX_PIXELS: is "many"; give a number of pixels/);
  } finally {
    delete process.env.SPADE_MAX_PIXELS;
  }
});
