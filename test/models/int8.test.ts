// Int8 weights with their scales are read as f32.

import { describe, expect, test } from "vitest";

import { withoutInt8 } from "../../src/models/weights/int8.ts";
import { openSafetensors, writeSafetensors } from "../../src/formats/safetensors.ts";
import { bytesAccess, f32Tensor, memorySink, toF32 } from "../../src/formats/tensors.ts";
import type { HostTensor, TensorSource } from "../../src/formats/tensors.ts";
import { failure, filled, toWrite } from "../formats/helpers.ts";

const int8 = (shape: number[], values: number[]): HostTensor => ({
  dtype: "I8",
  shape,
  data: new Uint8Array(Int8Array.from(values).buffer),
});
const f32 = (values: number[], shape = [values.length]): HostTensor => f32Tensor(shape, Float32Array.from(values));

async function opened(tensors: Record<string, HostTensor>): Promise<TensorSource> {
  const sink = memorySink();
  await writeSafetensors(sink, toWrite(new Map(Object.entries(tensors))), { made: "here" });
  return withoutInt8(await openSafetensors(bytesAccess(sink.bytes(), "net.safetensors")), "net.safetensors");
}

test("int8 weights are read as f32, with one scale or one for each output channel; scales are no tensors of their own", async () => {
  const source = await opened({
    "a.weight": int8([2, 3], [-128, -1, 0, 1, 2, 127]),
    "a.scale": f32([0.5]),
    "b.weight": int8([2, 2, 1], [-3, 3, 100, -100]),
    "b.scale": f32([2, -0.25]),
    "b.bias": f32([1, 2]),
    "c.scale": f32([7]),
    d: int8([1], [4]),
    "d.scale": f32([3], []),
  });
  expect(source.names()).toEqual(["a.weight", "b.weight", "b.bias", "c.scale", "d"]);
  expect(source.info("a.weight")).toEqual({ dtype: "F32", shape: [2, 3] });
  const read = async (key: string): Promise<number[]> => [...toF32(await source.read(key))];
  expect(await read("a.weight")).toEqual([-64, -0.5, 0, 0.5, 1, 63.5]);
  expect(await read("b.weight")).toEqual([-6, 6, -25, 25]);
  expect(await read("b.bias")).toEqual([1, 2]);
  expect(await read("c.scale")).toEqual([7]);
  expect(await read("d")).toEqual([12]);
  expect(source.metadata).toEqual({ made: "here" });
  expect(source.start!("b.weight") - source.start!("a.weight")).toBe(6);
});

test("pieces hold the values that a whole read gives", async () => {
  const tensors = {
    "w.weight": filled("I8", [3, 7], 1),
    "w.scale": f32([0.1, 0.2, 0.3]),
    other: filled("F16", [9], 2),
  };
  const source = await opened(tensors);
  for (const key of ["w.weight", "other"]) {
    const bytes: number[] = [];
    for await (const piece of source.chunks(key, 10)) {
      expect(piece.length).toBeLessThanOrEqual(10);
      bytes.push(...piece);
    }
    expect(bytes).toEqual([...(await source.read(key)).data]);
  }
});

describe("a damaged scale is an error that names it:", () => {
  const weight = int8([2, 3], [1, 2, 3, 4, 5, 6]);
  const cases: Record<string, [tensors: Record<string, HostTensor>, problem: RegExp]> = {
    missing: [{ "a.weight": weight }, /has no tensor "a\.scale", the scale of the I8 tensor "a\.weight"/],
    "of another dtype": [{ "a.weight": weight, "a.scale": filled("F16", [1], 0) }, /"a\.scale" is F16/],
    "int8 itself": [{ "a.weight": weight, "a.scale": int8([1], [2]) }, /"a\.scale" is I8/],
    "one for each input": [{ "a.weight": weight, "a.scale": f32([1, 2, 3]) }, /\[3\] where 1 or 2 values are wanted/],
    empty: [{ "a.weight": weight, "a.scale": f32([]) }, /\[0\] where 1 or 2/],
    "a matrix": [{ "a.weight": weight, "a.scale": f32([1, 2], [2, 1]) }, /\[2, 1\] where 1 or 2/],
    NaN: [{ "a.weight": weight, "a.scale": f32([1, NaN]) }, /"a\.scale" has the scale NaN at 1/],
    Inf: [{ "a.weight": weight, "a.scale": f32([-Infinity]) }, /the scale -Infinity at 0/],
  };
  for (const [name, [tensors, problem]] of Object.entries(cases))
    test(name, async () => {
      const error = await failure(async () => (await opened(tensors)).read("a.weight"));
      expect([error.code, error.where]).toEqual(["file", "net.safetensors"]);
      expect(error.problem).toMatch(problem);
    });
});
