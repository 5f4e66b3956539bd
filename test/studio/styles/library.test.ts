// The studio's styles: presets, throws, mixes, names, and what stays over a reload.

import { beforeEach, expect, test } from "vitest";
import { StyleLibrary, THROWS } from "../../../src/studio/styles/library.ts";

const preset = (name: string, ...style: number[]) => ({ name, style: Float32Array.from(style) });
const net = {
  dim: 2,
  encoder: true,
  presets: [preset("mean", 0, 0), preset("dusk", 2, 0), preset("twin", 2.01, 0), preset("noon", 0, 4)],
};
const names = (library: StyleLibrary): string[] => library.all.value.map(({ name }) => name);

let library: StyleLibrary;
beforeEach(() => {
  library = new StyleLibrary();
  library.open(net);
});

const nameOf = (n: number): string => `throw ${n}`;

test("presets that look alike are offered once, and the first is chosen", () => {
  expect(names(library)).toEqual(["mean", "dusk", "noon"]);
  expect(library.current.value).toEqual(Float32Array.of(0, 0));
});

test("another preset may be the first choice", () => {
  library.close();
  library.open(net, "noon");
  expect(library.current.value).toEqual(Float32Array.of(0, 4));
  library.close();
  library.open(net, "night");
  expect(library.current.value).toEqual(Float32Array.of(0, 0));
});

test("a net that is opened again after its GPU was lost keeps what was thrown and chosen", () => {
  library.roll(nameOf);
  library.open(net, "dusk");
  expect(names(library)).toEqual(["mean", "dusk", "noon", "throw 1"]);
  expect(library.chosen.value).toBe(library.all.value.at(-1)!.id);
});

test("a net without presets has its mean, one without styles none", () => {
  library.open({ ...net, presets: [] });
  expect(names(library)).toEqual(["mean"]);
  expect(library.current.value).toEqual(new Float32Array(2));
  library.open(null);
  expect(names(library)).toEqual([]);
  expect(library.current.value).toBeUndefined();
  library.roll(nameOf);
  expect(names(library)).toEqual([]);
});

test("a style under the pointer is shown meanwhile, and choosing it takes it", () => {
  library.hovered.value = "preset noon";
  expect(library.current.value).toEqual(Float32Array.of(0, 4));
  expect(library.taken.value).toEqual(Float32Array.of(0, 0));
  library.hovered.value = undefined;
  expect(library.current.value).toEqual(Float32Array.of(0, 0));
  library.choose("preset dusk");
  expect(library.current.value).toEqual(Float32Array.of(2, 0));
});

test("two styles are mixed linearly; the same again lets the second go", () => {
  library.choose("preset dusk");
  library.mixWith("preset noon");
  library.mix.value = 0.25;
  expect(library.current.value).toEqual(Float32Array.of(1.5, 1));
  library.mixWith("preset noon");
  expect(library.current.value).toEqual(Float32Array.of(2, 0));
  library.mixWith("preset dusk");
  expect(library.second.value).toBeUndefined();
});

test("the last throws stay, each with its own number, and those that a person named", () => {
  library.roll(nameOf);
  const kept = library.chosen.value;
  library.rename(kept, "my evening");
  const before = library.find(kept)!.z;
  for (let i = 0; i < THROWS + 3; i++) library.roll(nameOf);
  expect(names(library)).toEqual([
    ...["mean", "dusk", "noon", "my evening"],
    ...Array.from({ length: THROWS }, (_, i) => `throw ${i + 5}`),
  ]);
  expect(library.find(kept)!.z).toEqual(before);
  expect(library.find(library.chosen.value)?.name).toBe(`throw ${THROWS + 4}`);
});

test("throws are normally distributed", () => {
  library.open({ dim: 4000, encoder: false, presets: [] });
  library.roll(nameOf);
  const z = library.current.value!;
  const mean = z.reduce((a, b) => a + b, 0) / z.length;
  const variance = z.reduce((a, b) => a + (b - mean) ** 2, 0) / z.length;
  // Six standard errors of a mean and a variance of 4000 values.
  expect(Math.abs(mean)).toBeLessThan(6 / Math.sqrt(4000));
  expect(Math.abs(variance - 1)).toBeLessThan(6 * Math.sqrt(2 / 4000));
});

test("throwing the chosen style away chooses the first", () => {
  library.roll(nameOf);
  library.remove(library.chosen.value);
  expect(names(library)).toEqual(["mean", "dusk", "noon"]);
  expect(library.chosen.value).toBe("preset mean");
});

test("what is stored comes back after a reload, through JSON; of another net's styles none", () => {
  library.roll(nameOf);
  library.rename(library.chosen.value, "dawn");
  library.mixWith("preset dusk");
  library.mix.value = 0.75;
  const stored = JSON.parse(JSON.stringify(library.stored())) as ReturnType<StyleLibrary["stored"]>;
  const again = new StyleLibrary();
  again.close(stored);
  expect(again.stored()).toBe(stored);
  again.open(net);
  expect(again.current.value).toEqual(library.current.value);
  expect(names(again)).toEqual(["mean", "dusk", "noon", "dawn"]);
  again.close(stored);
  again.open({ ...net, dim: 3, presets: [preset("other", 1, 2, 3)] });
  expect(names(again)).toEqual(["other"]);
  expect(again.chosen.value).toBe("preset other");
});
