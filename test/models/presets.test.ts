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

test.each(["{", "[]", '{"mean":[1,2]}', '{"mean":[1,null],"presets":[]}', '{"mean":[1,2],"presets":[[1]]}'])(
  "%s is refused",
  (text) => expect(() => decodePresets(text, 2)).toThrow("metadata styles"),
);
