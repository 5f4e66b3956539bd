import { expect, test } from "vitest";
import { Styles } from "../../src/training/styles.ts";

test("presets differ: the most usual style, then the farthest ones, none of them odd", () => {
  const styles = new Styles(2);
  const corners = [
    [10, 0],
    [0, 10],
    [-10, -10],
  ];
  // Most styles are alike.
  for (let i = 0; i < 60; i++) styles.add(Float32Array.of(0.01 * i, 0));
  for (const [x, y] of corners) styles.add(Float32Array.of(x, y));
  styles.add(Float32Array.of(1000, 1000));
  const found = styles.presets(4);
  expect(found.length).toBe(4);
  expect(Math.hypot(...found[0])).toBeLessThan(2);
  expect(found.slice(1).map(String).sort()).toEqual(corners.map(String).sort());
});

test("presets of equal styles, and of none", () => {
  const styles = new Styles(3);
  expect(styles.presets(2)).toEqual([]);
  styles.add(new Float32Array(12).fill(2));
  expect(styles.presets(2)).toEqual([Float32Array.of(2, 2, 2)]);
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
  expect(again.presets(8)).toEqual(styles.presets(8));
});
