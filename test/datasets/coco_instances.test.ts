import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { instanceMap, readAnnotations } from "../../src/datasets/coco/coco_instances.ts";
import { polygonPixels } from "../../src/datasets/coco/polygon.ts";
import { scratch, write } from "./folders.ts";

interface Shape {
  name: string;
  xs: number[];
  ys: number[];
  rows: string[];
}
const { width, height, shapes } = JSON.parse(
  readFileSync(new URL("../fixtures/polygon/polygons.json", import.meta.url), "utf8"),
) as { width: number; height: number; shapes: Shape[] };

test.each(shapes.map((s) => [s.name, s] as const))(
  "%s: the pixels of skimage.draw.polygon",
  (_name, { xs, ys, rows }) => {
    const inside = Array.from({ length: height }, () => new Array<number>(width).fill(0));
    polygonPixels(xs, ys, width, height, (x, y) => inside[y][x]++);
    expect(inside.map((row) => row.join(""))).toEqual(rows);
  },
);

const box = (x0: number, y0: number, x1: number, y1: number) => [x0, y0, x1, y0, x1, y1, x0, y1];
/** An annotation file with everything that a scanner may trip over. */
const ANNOTATIONS = {
  info: { description: 'braces } ] and "quotes" \\', images: [{ id: 99, file_name: "not one.jpg" }] },
  licenses: [{ id: 1 }],
  images: [
    { license: 1, file_name: "a.jpg", id: 7, extra: { nested: [1, { id: 5 }] } },
    { file_name: 'b "}".jpg', id: 8 },
  ],
  annotations: [
    { image_id: 7, segmentation: [box(1, 1, 3, 3), box(5, 1, 6, 2)], iscrowd: 0 },
    { image_id: 7, segmentation: { counts: [3, 4], size: [4, 8] }, iscrowd: 1 },
    { image_id: 1, segmentation: [box(1, 1, 2, 2)] },
    { image_id: 7, segmentation: [box(3, 3, 9, 9)] },
  ],
};

test("annotations are read in their order, crowds left out", async () => {
  const dir = await scratch();
  for (const space of [0, 2]) {
    await write(dir, { "a.json": JSON.stringify(ANNOTATIONS, null, space) });
    expect(await readAnnotations(join(dir, "a.json"))).toEqual([
      {
        fileName: "a.jpg",
        things: [
          [Float64Array.from(box(1, 1, 3, 3)), Float64Array.from(box(5, 1, 6, 2))],
          [Float64Array.from(box(3, 3, 9, 9))],
        ],
      },
      { fileName: 'b "}".jpg', things: [] },
    ]);
  }
});

test("a file of several pieces is read as a whole", async () => {
  const dir = await scratch();
  const images = Array.from({ length: 30_000 }, (_, id) => ({ id, file_name: `${"\u00e9".repeat(id % 50)}${id}.jpg` }));
  await write(dir, { "big.json": JSON.stringify({ images, annotations: [] }) });
  let loaded = 0;
  const read = await readAnnotations(join(dir, "big.json"), (n) => (loaded = n));
  expect(loaded).toBeGreaterThan(2 << 20);
  expect(read.map((p) => p.fileName)).toEqual(images.map((i) => i.file_name));
});

test("what is no annotation file says why", async () => {
  const dir = await scratch();
  const failure = async (content: string) => {
    await write(dir, { "x.json": content });
    return ((await readAnnotations(join(dir, "x.json")).catch((e: unknown) => e)) as Error).message.slice(
      dir.length + 1,
    );
  };
  expect(await failure("")).toMatch(/^x\.json: is empty; give COCO's instances_\*\.json/);
  expect(await failure('{"images": [{"id": 1, "file_name": "a.jpg"}')).toMatch(/^x\.json: ends within its JSON; /);
  expect(await failure('{"images": [{"id": 1, "file_name": }]}')).toMatch(/^x\.json: is no JSON \(/);
  expect(await failure('{"images": []}')).toMatch(/^x\.json: has no images; /);
  expect(await failure('{"images": [{"id": 1}]}')).toMatch(/an image without id and file_name/);
  for (const name of ["../lab/0.jpg", "a/../../0.jpg", "/tmp/0.jpg", "..\\0.jpg", "C:\\0.jpg"])
    expect(await failure(JSON.stringify({ images: [{ id: 1, file_name: name }] }))).toMatch(/names a picture outside of its folder/); // prettier-ignore
  expect(await failure('{"annotations": [{"image_id": 1, "segmentation": [[1, 2, 3]]}]}')).toMatch(/no list of x, y pairs \(image 1\)/); // prettier-ignore
  await expect(readAnnotations(join(dir, "none.json"))).rejects.toThrow(/none\.json: does not exist/);
});

const things = [
  [Float64Array.from(box(1, 1, 2, 2))],
  [Float64Array.from(box(3, 1, 4, 2)), Float64Array.from(box(1, 3, 1, 3))],
];
const label = { data: Uint8Array.from([0, 0, 1, 1, 5, 0, 0, 1, 1, 5, 5, 5, 5, 5, 255]), width: 5, height: 3 };

test("things as published are numbered over the label map from 0, from pixel (1, 1)", () => {
  const { data } = instanceMap(label, things, true);
  expect([...data]).toEqual([0, 0, 1, 1, 5, 0, 0, 1, 1, 5, 1, 5, 5, 5, 255]); // collides with labels 0 and 1
  const many = Array.from({ length: 258 }, () => [Float64Array.from(box(5, 3, 5, 3))]);
  expect(instanceMap(label, many, true).data[14]).toBe(1); // 257 in a byte
});

test("things get values that their label map does not have, 16 bits where 8 are not enough", () => {
  const { data } = instanceMap(label, things);
  expect([...data]).toEqual([2, 2, 3, 3, 5, 2, 2, 3, 3, 5, 3, 5, 5, 5, 255]);
  const many = Array.from({ length: 253 }, () => [Float64Array.from(box(5, 3, 5, 3))]);
  const last = instanceMap(label, many).data;
  expect([last instanceof Uint16Array, last[14], last[13]]).toEqual([true, 256, 5]);
  expect([...label.data].at(-1)).toBe(255); // untouched
});
