// Positions in regions (CLADE): regions are 8-connected, label 0 has none; read from .npy, placed like the label map.

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { placePositions, positionsFile, readPositions } from "../../src/datasets/positions/read_positions.ts";
import { defaultData } from "../../src/datasets/options.ts";
import { readNpy } from "../../src/formats/images/npy.ts";
import { positionsOf } from "../../src/labels/positions.ts";
import { npyFile } from "../formats/npy_file.ts";

/** A map of digits. */
const map = (...rows: string[]): { data: Uint8Array; width: number; height: number } => ({
  data: Uint8Array.from(rows.join(""), Number),
  width: rows[0].length,
  height: rows.length,
});
const axis = (values: Float32Array, i: number): number[] => [...values].filter((_, k) => k % 2 === i);

describe("positions of a map", () => {
  test("are offsets from a region's centroid over the greatest one; 0 at label 0", () => {
    const p = positionsOf(map("1110", "0000"));
    const most = Math.fround(1 / 1.00001);
    expect(axis(p, 0)).toEqual(Array(8).fill(0));
    expect(axis(p, 1)).toEqual([-most, 0, most, 0, 0, 0, 0, 0]);
  });

  test("corners join a region; equal labels apart are regions of their own", () => {
    // The 2s touch at a corner: centroid (0.5, 0.5). The 3s do not touch.
    const p = positionsOf(map("2003", "0200", "0003"));
    const most = Math.fround(0.5 / 0.50001);
    expect([p[0], p[1]]).toEqual([-most, -most]);
    expect([p[10], p[11]]).toEqual([most, most]);
    expect([p[6], p[7], p[22], p[23]]).toEqual([0, 0, 0, 0]);
  });

  test("raw ones are in pixels", () => {
    expect(axis(positionsOf(map("40", "40", "40", "40"), { raw: true }), 0)).toEqual([
      -1.5, 0, -0.5, 0, 0.5, 0, 1.5, 0,
    ]);
  });
});

describe("a .npy", () => {
  test("of float32 or float64 is read", () => {
    for (const data of [Float32Array.of(1, 2, 3, 4, 5, 6), Float64Array.of(1, 2, 3, 4, 5, 6)])
      expect(readNpy(npyFile([2, 3], data), "p.npy")).toEqual({
        shape: [2, 3],
        data: Float32Array.of(1, 2, 3, 4, 5, 6),
      });
  });

  test.each([
    [Buffer.from("no array"), "is no .npy file"],
    [npyFile([2], Float32Array.of(1)), "holds 4 bytes where its shape needs 8"],
    [
      npyFile([1], Float32Array.of(1), "{'descr': '<i4', 'fortran_order': False, 'shape': (1,)}"),
      "no little-endian float32",
    ],
    [npyFile([1], Float32Array.of(1), "{'descr': '<f4', 'fortran_order': True, 'shape': (1,)}"), "in C order"],
    [npyFile([1], Float32Array.of(1)).subarray(0, 30), "ends within its header"],
  ])("case %# that is damaged is refused by name", (bytes, problem) => {
    expect(() => readNpy(bytes, "p.npy")).toThrow(
      expect.objectContaining({ code: "file", where: "p.npy", problem: expect.stringContaining(problem) as string }),
    );
  });
});

describe("of a sample", () => {
  const o = { ...defaultData, preprocess_mode: "resize_and_crop", load_size: 4, crop_size: 2 } as const;
  const stored = map("1100", "1100");
  const positions = Float32Array.from({ length: 16 }, (_, i) => i + 1);

  test("are resized by torch's nearest and cropped", () => {
    // 4x2 becomes 4x4; the crop begins at (1, 1).
    const placed = placePositions(positions, stored, o, { x: 1, y: 1, flip: false });
    expect([...placed]).toEqual([3, 4, 5, 6, 11, 12, 13, 14]);
  });

  test("a mirrored sample's are mirrored, with columns' offsets turned; as published, flipped along the height", () => {
    const flip = { x: 1, y: 1, flip: true };
    expect([...placePositions(positions, stored, o, flip)]).toEqual([5, -6, 3, -4, 13, -14, 11, -12]);
    const published = placePositions(positions, stored, { ...o, flip_dist_as_published: true }, flip);
    expect([...published]).toEqual([11, 12, 13, 14, 3, 4, 5, 6]);
  });

  test("mirrored ones are those of the mirrored map", () => {
    const m = map("1120", "1122", "3022");
    const mirrored = map("0211", "2211", "2203");
    const plain = { ...o, preprocess_mode: "fixed", load_size: 4, crop_size: 4, aspect_ratio: 4 / 3 } as const;
    const ours = placePositions(positionsOf(m), m, plain, { x: 0, y: 0, flip: true });
    expect(ours).toEqual(positionsOf(mirrored));
  });

  let dir = "";
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "positions-"));
    for (const folder of ["a/annotations/x", "a/distances/x", "val_label", "val_dist"])
      await mkdir(join(dir, folder), { recursive: true });
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  test("come from the published places, or from beside the map, else from the map", async () => {
    const at = (path: string): string => join(dir, path);
    const file = npyFile(
      [2, 2, 4],
      Float32Array.from({ length: 16 }, (_, i) => i),
    );
    const pairs = [
      ["a/annotations/x/p.png", "a/distances/x/p.npy"],
      ["val_label/p.png", "val_dist/p.npy"],
      ["c_gtFine_labelIds.png", "c_gtFine_distance.npy"],
      ["plain.png", "plain.npy"],
    ];
    const plain = { ...o, preprocess_mode: "none", load_size: 2 } as const;
    const whole = { ...plain, preprocess_mode: "scale_width", load_size: 4 } as const;
    for (const [label, path] of pairs) {
      expect(positionsFile(at(label))).toBeUndefined();
      await writeFile(at(path), file);
      expect(positionsFile(at(label))).toBe(at(path));
      const read = await readPositions(at(label), stored, whole, { x: 0, y: 0, flip: false });
      expect([axis(read, 0), axis(read, 1)]).toEqual([
        [0, 1, 2, 3, 4, 5, 6, 7],
        [8, 9, 10, 11, 12, 13, 14, 15],
      ]);
    }
    const none = await readPositions(at("none.png"), stored, whole, { x: 0, y: 0, flip: false });
    expect(none).toEqual(positionsOf(stored));
    await expect(readPositions(at("plain.png"), map("11"), whole, { x: 0, y: 0, flip: false })).rejects.toThrow(
      /plain.npy: has the shape \[2, 2, 4\].*needs \[2, 1, 2\]/,
    );
  });
});
