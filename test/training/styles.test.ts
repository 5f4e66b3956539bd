import { expect, test } from "vitest";
import { normalValues } from "../../src/models/philox.ts";
import { kMeans, Styles } from "../../src/training/styles.ts";

test("k-means finds clusters that lie apart, the largest first", () => {
  const centres = [
    [10, 0],
    [0, 10],
    [-10, -10],
  ];
  const sizes = [20, 50, 30];
  const noise = normalValues(5, 200);
  const rows = sizes.flatMap((n, c) => Array.from({ length: n }, () => centres[c]));
  const values = Float32Array.from(rows.flat(), (v, i) => v + 0.1 * noise[i]);
  const found = kMeans(values, 2, 3, 1);
  [1, 2, 0].forEach((c, i) => {
    expect(found[i][0]).toBeCloseTo(centres[c][0], 0);
    expect(found[i][1]).toBeCloseTo(centres[c][1], 0);
  });
  expect(kMeans(values, 2, 3, 1)).toEqual(found);
});

test("k-means of equal rows, and of none", () => {
  expect(kMeans(new Float32Array(12).fill(2), 3, 2, 0)[0]).toEqual(Float32Array.of(2, 2, 2));
  expect(kMeans(new Float32Array(0), 3, 2, 0)).toEqual([]);
});

test("styles: the last 2048, their mean, and the same again from a checkpoint's values", () => {
  const styles = new Styles(2);
  for (let i = 0; i < 2100; i++) styles.add(Float32Array.of(i, 1));
  expect(styles.count).toBe(2048);
  const values = styles.values();
  expect([values[0], values[values.length - 2]]).toEqual([52, 2099]);
  expect(styles.mean()).toEqual(Float32Array.of((52 + 2099) / 2, 1));
  const again = new Styles(2);
  again.add(values);
  again.add(Float32Array.of(7, 7));
  styles.add(Float32Array.of(7, 7));
  expect(again.values()).toEqual(styles.values());
  expect(again.presets(8, 3)).toEqual(styles.presets(8, 3));
});
