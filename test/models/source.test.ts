// Weights that would paint black are refused by key when they are read.

import { expect, test } from "vitest";
import { openCheckpoint } from "../../src/formats/any_checkpoint.ts";
import { writeSafetensors } from "../../src/formats/safetensors.ts";
import { bytesAccess, fromF32, memorySink } from "../../src/formats/tensors.ts";
import { checkpointSource } from "../../src/models/weights/source.ts";
import { failure } from "../formats/helpers.ts";

async function read(name: string, values: number[], dtype: "F32" | "F16" = "F32"): Promise<number[]> {
  const sink = memorySink();
  const data = (): Uint8Array => fromF32(Float32Array.from(values), dtype);
  await writeSafetensors(sink, [{ name, dtype, shape: [values.length], data }]);
  const source = checkpointSource(await openCheckpoint(bytesAccess(sink.bytes())));
  return [...(await source.read(name))];
}

const refused = async (name: string, values: number[]): Promise<string> => {
  const error = await failure(() => read(name, values));
  expect([error.code, error.where]).toEqual(["integrity", `weights, key ${name}`]);
  return error.problem;
};

test("NaN and Inf anywhere, a negative running variance", async () => {
  expect(await refused("conv.weight", [1, NaN])).toBe("value 1 is NaN");
  expect(await refused("conv.bias", [Infinity])).toBe("value 0 is Infinity");
  expect(await refused("norm.running_var", [1, 2, -0.5])).toBe("value 2 is -0.5, and a variance is never negative");
  expect(await read("norm.running_mean", [-1, 0])).toEqual([-1, 0]);
});

test("running variances, u or v that are all zero; not biases, nor single zeros", async () => {
  for (const name of ["norm.running_var", "conv.weight_u", "conv.weight_v"])
    expect(await refused(name, [0, 0, 0])).toBe("all its 3 values are 0");
  expect(await read("conv.bias", [0, 0])).toEqual([0, 0]);
  expect(await read("norm.running_var", [0, 1, 0])).toEqual([0, 1, 0]);
  expect(await read("norm.running_var", [0])).toEqual([0]);
});

test("an f16 file whose smallest variances have become zero is read", async () => {
  const values = await read("norm.running_var", [1e-9, 2e-8, 0.5], "F16");
  expect(values).toEqual([0, 0, 0.5]);
});
