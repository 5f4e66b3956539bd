// Files of maps and pictures: what is written can be read again, by us and by others.

import { decode, encode } from "fast-png";
import { expect, test } from "vitest";
import { inspect } from "../../../src/node.ts";
import { publishedWeights } from "../../../src/formats/packaged.ts";
import { decodeLabelMap } from "../../../src/label_maps.ts";
import { readMap, writeMap, type MapNet } from "../../../src/studio/files/map_file.ts";
import { fileName, readPicture, savePicture } from "../../../src/studio/files/picture_file.ts";
import { sheet } from "../../../src/studio/files/sheet.ts";
import { sniff } from "../../../src/studio/files/sniff.ts";
import { screenLabels } from "../../../src/studio/starts/colours.ts";
import { map, painting, picture } from "./painted.ts";

const netOf = async (id: string): Promise<MapNet> => ({
  id,
  ...(await inspect(publishedWeights(`${id}_net_G.safetensors`))),
});
const landscape = await netOf("landscape");
const street = await netOf("street");
const bytesOf = async (blob: Blob): Promise<Uint8Array> => new Uint8Array(await blob.arrayBuffer());
const png = (image: Parameters<typeof encode>[0]): Blob => new Blob([Uint8Array.from(encode(image))]);

test("a map comes back as it was, and its file has the screen's colours", async () => {
  const ids = map(128, 128, 16);
  const file = await writeMap(ids, landscape);
  expect(await readMap(file, landscape)).toEqual({ ids, notes: [] });
  const { palette } = await decodeLabelMap(file);
  expect(palette).toEqual(
    screenLabels("landscape", landscape.labels)
      .map(({ color }) => color)
      .slice(0, 16),
  );
});

test("a map of another size is resized without new ids, and says so", async () => {
  const file = await writeMap(map(256, 200, 16), { ...landscape, width: 256, height: 200 });
  const { ids, notes } = (await readMap(file, landscape)) as { ids: Uint8Array; notes: string[] };
  expect([ids.length, new Set(ids).size]).toEqual([128 * 128, 16]);
  expect(notes).toEqual(["The map was 256 x 200 and is 128 x 128 now."]);
});

test("gray maps are ids as well, of 8 and 16 bits; 255 is unknown and nothing to be said", async () => {
  const ids = map(128, 96, 11);
  const withHoles = ids.slice();
  withHoles.fill(255, 100, 200);
  for (const data of [withHoles, Uint16Array.from(withHoles)]) {
    const file = png({ data, width: 128, height: 96, channels: 1, depth: data instanceof Uint16Array ? 16 : 8 });
    const read = (await readMap(file, street)) as { ids: Uint8Array; notes: string[] };
    expect(read.notes).toEqual([]);
    // The street's label 11 is called void.
    expect([...read.ids.subarray(98, 102)]).toEqual([ids[98], ids[99], 11, 11]);
  }
});

test("GauGAN's colours are read by their red; a label that the net lacks becomes unknown, is counted and named", async () => {
  const rgb = new Uint8Array(3 * 128 * 128);
  // Sky, sea, and a giraffe (24), whose green and blue say nothing.
  for (let p = 0; p < 128 * 128; p++) rgb.set(p < 8000 ? [156, 238, 221] : p < 8003 ? [24, 1, 2] : [154, 0, 0], 3 * p);
  const read = await readMap(png({ data: rgb, width: 128, height: 128, channels: 3, depth: 8 }), landscape);
  const { ids, notes } = read as { ids: Uint8Array; notes: string[] };
  expect([ids[0], ids[8000], ids[8003]]).toEqual([0, landscape.dontCare, 12]);
  expect(notes).toEqual(["3 pixels have no label of this net (24): they are unknown now."]);
});

test("a map in the colours of the labels is read by them, those of the screen too", async () => {
  for (const labels of [street.labels, screenLabels("street", street.labels)]) {
    const ids = map(128, 96, 12);
    const rgb = new Uint8Array(3 * ids.length);
    ids.forEach((id, p) => rgb.set(Buffer.from(labels[id].color.slice(1), "hex"), 3 * p));
    expect(await readMap(png({ data: rgb, width: 128, height: 96, channels: 3, depth: 8 }), street)).toEqual({
      ids,
      notes: [],
    });
  }
});

test("what is no map of the net is refused in words", async () => {
  const file = await writeMap(map(128, 128, 16).fill(90), { ...landscape, id: "other" });
  expect(await readMap(file, landscape)).toHaveProperty("error");
  const cut = (await bytesOf(file)).slice(0, 60);
  expect(await readMap(new Blob([cut]), landscape)).toMatchObject({
    error: expect.stringMatching(/^This file can't be read: .+\. Save it again/),
  });
});

test("a saved picture has the pixels of the canvas, and carries what it was painted from", async () => {
  const shown = picture(32, 24);
  const bytes = await bytesOf(await savePicture(shown, painting()));
  const { data, width, height, channels, text } = decode(bytes, { checkCrc: true });
  expect([width, height, channels, text!.Software]).toEqual([32, 24, 3, "spade-webgpu"]);
  expect([...data]).toEqual([...shown.data].filter((_, i) => i % 4 < 3));
  expect(await readPicture(bytes)).toEqual(painting());
});

test("enlarged pictures say so, and carry the same map", async () => {
  for (const scale of [2, 4] as const) {
    const bytes = await bytesOf(await savePicture(picture(32, 24), painting(), scale));
    const { width, height, text } = decode(bytes, { checkCrc: true });
    expect([width, height]).toEqual([32 * scale, 24 * scale]);
    expect(text!.Description).toContain(`enlarged ${scale} times from 32 x 24`);
    expect(await readPicture(bytes)).toEqual(painting());
  }
});

test("a picture of others, a cut one and a changed one carry nothing", async () => {
  const bytes = await bytesOf(await savePicture(picture(8, 8), painting()));
  expect(await readPicture(Uint8Array.from(encode({ ...picture(8, 8), channels: 4, depth: 8 })))).toBeUndefined();
  for (let length = 0; length < bytes.length; length += 97) await readPicture(bytes.slice(0, length));
  const at = Buffer.from(bytes).indexOf("spade-webgpu painting") + 60;
  bytes[at] ^= 1;
  expect(await readPicture(bytes)).toBeUndefined();
});

test("names of files are plain", () => {
  expect(fileName("landscape", "Abend, größer", 128, 96, 4)).toBe("landscape-Abend-größer-512x384-enlarged.png");
  expect(fileName("../my net.safetensors", "map", 128, 96)).toBe("my-net-map-128x96.png");
});

test("a sheet holds the pictures in rows, with white between them", () => {
  const pictures = [10, 20, 30].map((v) => ({ data: new Uint8ClampedArray(4 * 6).fill(v), width: 3, height: 2 }));
  const { data, width, height } = sheet(pictures, 2);
  expect([width, height, data.length]).toEqual([10, 8, 320]);
  const at = (x: number, y: number): number => data[4 * (10 * y + x)];
  expect([at(0, 0), at(2, 1), at(3, 0), at(7, 0), at(9, 1), at(0, 6), at(7, 6)]).toEqual([
    10, 10, 255, 20, 20, 30, 255,
  ]);
});

test("dropped files are known by their bytes", async () => {
  const kind = async (bytes: Blob | number[] | string): Promise<string> =>
    (
      await sniff(
        bytes instanceof Blob ? bytes : new Blob([typeof bytes === "string" ? bytes : Uint8Array.from(bytes)]),
      )
    ).kind;
  const gray = (data: Uint8Array): Blob => png({ data, width: 64, height: 64, channels: 1, depth: 8 });
  const photo = picture(64, 64);
  expect(await kind(await writeMap(map(128, 128, 16), landscape))).toBe("map");
  expect(await kind(gray(map(64, 64, 5)))).toBe("map");
  expect(await kind(gray(photo.data.filter((_, i) => i % 4 === 2) as unknown as Uint8Array))).toBe("photo");
  expect(await kind(png({ ...photo, channels: 4, depth: 8 }))).toBe("photo");
  expect(await kind(png({ data: new Uint16Array(3 * 4096), width: 64, height: 64, channels: 3, depth: 16 }))).toBe(
    "photo",
  );
  expect(await sniff(await savePicture(photo, painting()))).toEqual({ kind: "picture", painting: painting() });
  expect(await kind([0xff, 0xd8, 0xff, 0xe0, 0, 0])).toBe("photo");
  expect(await kind("RIFF\x10\0\0\0WEBPVP8 ")).toBe("photo");
  expect(await kind(`\x10\0\0\0\0\0\0\0{"a":{}        }data`)).toBe("net");
  expect(
    await sniff(
      new Blob([Uint8Array.from([0x50, 0x4b, 3, 4, ...Array(26).fill(0), ...Buffer.from("archive/data.pkl")])]),
    ),
  ).toEqual({
    kind: "net",
    format: "pth",
  });
  expect(await kind([0x50, 0x4b, 3, 4, ...Array(26).fill(0), ...Buffer.from("word/document.xml")])).toBe("error");
  expect(await kind("")).toBe("error");
  expect(await kind("hello")).toBe("error");
  const damaged = (await bytesOf(gray(map(64, 64, 5)))).slice(0, 70);
  expect(await sniff(new Blob([damaged]))).toMatchObject({
    kind: "error",
    error: expect.stringContaining("can't be read"),
  });
});
