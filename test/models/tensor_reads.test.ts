import { expect, test } from "vitest";
import { TensorReads } from "../../src/models/weights/tensor_reads.ts";

const MIB = 1 << 20;

test("small tensors are read together, large ones alone; each keeps its own values", async () => {
  const reads = new TensorReads();
  let [now, most] = [0, 0];
  const read = (mib: number, value: number) => async (): Promise<Float32Array> => {
    most = Math.max(most, (now += mib));
    await new Promise((resolve) => setTimeout(resolve, 5));
    now -= mib;
    return Float32Array.of(value);
  };
  const given = [];
  for (const [i, mib] of [6, 6, 40, 3, 9, 4, 1, 20, 8, 9].entries())
    given.push(await reads.begin([mib, MIB / 4], read(mib, i)));
  await reads.done();
  expect(given.map(({ data }) => data[0])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(given[2].shape).toEqual([40, MIB / 4]);
  expect([now, most]).toEqual([0, 40]);
});

test("a read that fails is thrown", async () => {
  const reads = new TensorReads();
  await reads.begin([1], () => Promise.resolve(Float32Array.of(1)));
  await reads.begin([1], () => Promise.reject(new Error("lost")));
  await expect(reads.done()).rejects.toThrow("lost");
});
