import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { decode } from "fast-png";
import fc from "fast-check";
import { expect, test } from "vitest";

import { drawOf, fixedSize, place, placeMap, placePhoto, resizedSize, shuffled } from "../../src/datasets/geometry.ts";
import { defaultData, PREPROCESS_MODES, type DataOptions } from "../../src/datasets/options.ts";
import { decodeLabelPng } from "../../src/formats/images/label_png.ts";

const folder = new URL("../fixtures/pil/", import.meta.url);
interface Case {
  options: Partial<DataOptions>;
  x: number;
  y: number;
  flip: boolean;
  size: [number, number];
  label: string;
  instance: string;
  image: string;
}
const { cases } = JSON.parse(readFileSync(new URL("pil.json", folder), "utf8")) as { cases: Case[] };
const sha = (data: ArrayBufferView): string =>
  createHash("sha256")
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest("hex");

const named = cases.map(
  (c) => [`${c.options.preprocess_mode} ${c.size.join("x")}${c.flip ? " flipped" : ""}`, c] as const,
);
test.each(named)("%s: label, instance and photo are PIL's", (_name, c) => {
  const options = { ...defaultData, ...c.options };
  const png = decode(readFileSync(new URL("photo.png", folder)));
  const photo = placePhoto(
    { data: new Uint8Array(png.data), width: png.width, height: png.height },
    options,
    c,
    "photo.png",
  );
  const map = (name: string) => placeMap(decodeLabelPng(readFileSync(new URL(name, folder))), options, c, name);
  const [label, instance] = [map("label.png"), map("inst.png")];
  expect([photo.width, photo.height]).toEqual(c.size);
  expect([label.width, label.height]).toEqual(c.size);
  expect([sha(label.data), sha(instance.data), sha(photo.data)]).toEqual([c.label, c.instance, c.image]);
});

const sides = fc.integer({ min: 17, max: 70 });
const settings = fc.record({
  preprocess_mode: fc.constantFrom(...PREPROCESS_MODES),
  load_size: fc.integer({ min: 1, max: 64 }),
  crop_size: fc.integer({ min: 1, max: 64 }),
  aspect_ratio: fc.constantFrom(0.5, 1, 2),
  isTrain: fc.constant(true),
  no_flip: fc.boolean(),
  scale_shortside_as_published: fc.boolean(),
});

test("one draw moves label, instance and photo alike, to the promised size", () => {
  fc.assert(
    fc.property(sides, sides, settings, fc.nat(), (width, height, changes, index) => {
      const options = { ...defaultData, ...changes };
      const resized = resizedSize(options, { width, height });
      fc.pre(resized.width > 0 && resized.height > 0);
      const placement = place(options, drawOf(1, 2, index), { width, height });
      // Column and row in a map of their own say where each pixel came from; 1 is added, so that 0 is outside.
      const field = (value: (x: number, y: number) => number) =>
        placeMap(
          {
            data: Uint8Array.from({ length: width * height }, (_, p) => 1 + value(p % width, Math.floor(p / width))),
            width,
            height,
          },
          options,
          placement,
          "map",
        );
      const [columns, rows] = [field((x) => x), field((_, y) => y)];
      const size = fixedSize(options) ?? resized;
      expect([columns.width, columns.height]).toEqual([size.width, size.height]);
      const white = placePhoto(
        { data: new Uint8Array(3 * width * height).fill(255), width, height },
        options,
        placement,
        "photo",
      );
      let wrong = 0;
      for (let p = 0; p < columns.data.length; p++) {
        const inside = columns.data[p] > 0;
        if (rows.data[p] > 0 !== inside) wrong++;
        for (let c = 0; c < 3; c++) if (white.data[3 * p + c] !== (inside ? 255 : 0)) wrong++;
        // Along a row columns grow, or shrink where it is mirrored.
        if (p % size.width === 0 || !inside || columns.data[p - 1] === 0) continue;
        const step = columns.data[p] - columns.data[p - 1];
        if ((placement.flip ? -step : step) < 0 || rows.data[p] !== rows.data[p - 1]) wrong++;
      }
      expect(wrong).toBe(0);
    }),
    { numRuns: 100 },
  );
});

test("draws depend on seed, epoch and index alone, and reach both ends of the range", () => {
  expect(drawOf(3, 1, 7)).toEqual(drawOf(3, 1, 7));
  const all = [drawOf(3, 1, 7), drawOf(4, 1, 7), drawOf(3, 2, 7), drawOf(3, 1, 8), drawOf(3 + 2 ** 40, 1, 7)];
  expect(new Set(all.map(String)).size).toBe(all.length);
  const options = { ...defaultData, load_size: 34, crop_size: 32 };
  const placed = Array.from({ length: 600 }, (_, i) => place(options, drawOf(0, 1, i), { width: 9, height: 9 }));
  for (const axis of ["x", "y"] as const) {
    const counts = [0, 1, 2].map((v) => placed.filter((p) => p[axis] === v).length);
    expect(counts.reduce((a, b) => a + b)).toBe(600);
    for (const count of counts) expect(Math.abs(count - 200)).toBeLessThan(60); // 5 standard deviations
  }
  expect(Math.abs(placed.filter((p) => p.flip).length - 300)).toBeLessThan(62);
  expect(place({ ...options, no_flip: true }, [0, 0, 0.9], { width: 9, height: 9 }).flip).toBe(false);
  expect(place({ ...options, isTrain: false }, [0, 0, 0.9], { width: 9, height: 9 }).flip).toBe(false);
});

test("orders are permutations, one for each seed and epoch, and even", () => {
  const sorted = (o: Uint32Array) => [...o].sort((a, b) => a - b);
  expect(sorted(shuffled(101, 0, 1))).toEqual(Array.from({ length: 101 }, (_, i) => i));
  expect(shuffled(101, 0, 1)).toEqual(shuffled(101, 0, 1));
  expect(shuffled(101, 0, 1)).not.toEqual(shuffled(101, 0, 2));
  expect(shuffled(101, 0, 1)).not.toEqual(shuffled(101, 1, 1));
  const counts = new Map<string, number>();
  for (let epoch = 0; epoch < 2400; epoch++) {
    const key = shuffled(4, 5, epoch).join("");
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  expect(counts.size).toBe(24);
  for (const count of counts.values()) expect(Math.abs(count - 100)).toBeLessThan(50);
});

test("a picture that a mode makes vanish is named", () => {
  const o = { ...defaultData, preprocess_mode: "none" as const };
  expect(() =>
    placeMap({ data: new Uint8Array(256), width: 16, height: 16 }, o, { x: 0, y: 0, flip: false }, "a.png"),
  ).toThrow(/^a\.png: its 16 x 16 pixels become 0 x 0 under --preprocess_mode none; /);
});
