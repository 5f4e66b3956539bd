import { expect, test } from "vitest";
import { decodePresets, encodePresets } from "../../src/models/presets.ts";

test("styles come back as they were stored, to six digits", () => {
  const text = encodePresets(Float32Array.of(0.123456789, -2), [Float32Array.of(1e-7, 3), Float32Array.of(4, 5)]);
  expect(decodePresets(text, 2)).toEqual([
    { name: "mean", style: Float32Array.of(0.123457, -2) },
    { name: "style 1", style: Float32Array.of(1e-7, 3) },
    { name: "style 2", style: Float32Array.of(4, 5) },
  ]);
  expect(decodePresets(undefined, 2)).toEqual([]);
});

test("styles with names come in the order of the names, the mean last", () => {
  const [dusk, noon] = [Float32Array.of(1, 3), Float32Array.of(4, 5)];
  expect(decodePresets(encodePresets(Float32Array.of(0, 2), [dusk, noon], ["dusk", "noon"]), 2)).toEqual([
    { name: "dusk", style: dusk },
    { name: "noon", style: noon },
    { name: "mean", style: Float32Array.of(0, 2) },
  ]);
});

test.each(['{"mean":[1],"presets":[[2]],"names":[]}', '{"mean":[1],"presets":[[2]],"names":["a","b"]}'])(
  "%s is refused",
  (text) => expect(() => decodePresets(text, 1)).toThrow("metadata styles"),
);

test.each(["{", "[]", '{"mean":[1,2]}', '{"mean":[1,null],"presets":[]}', '{"mean":[1,2],"presets":[[1]]}'])(
  "%s is refused",
  (text) => expect(() => decodePresets(text, 2)).toThrow("metadata styles"),
);
