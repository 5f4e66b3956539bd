import { expect, test } from "vitest";
import { overflow } from "../../kernels/optim/overflow.ts";
import { ema } from "../../kernels/optim/ema.ts";
import { Graph, Program, unpadRows, type Tensor } from "../../src/runtime/index.ts";
import { fromHalf } from "../../src/runtime/half.ts";
import { evaluate, external, noise, testDevice } from "../support/device.ts";

const SIZES = [5, 4096 * 4 + 3, 1];

/** The flag over tensors of these sizes, one value of which is `value`. */
async function flag(value: number, tensor: number, at: number, dtype: "f32" | "f16"): Promise<number> {
  const { y } = await evaluate((g, inputs) => {
    const tensors = SIZES.map((n, i) => {
      const values = noise(n, i + 1).map((v) => v * 6e4);
      if (i === tensor) values[at] = value;
      return inputs.tensor(`${i}`, [n], values, dtype);
    });
    return { y: overflow(g, { tensors }) };
  });
  return y[0];
}

test.each(["f32", "f16"] as const)("an overflow anywhere in %s tensors is seen, and nothing else", async (dtype) => {
  for (const value of [0, -65504, 1e-8]) expect(await flag(value, 1, 7, dtype), `${value}`).toBe(0);
  if (dtype === "f32") expect(await flag(3.4e38, 1, 7, dtype)).toBe(0);
  for (const value of [Infinity, -Infinity, NaN]) {
    for (const [tensor, at] of [
      [0, 4],
      [1, 0],
      [1, 4096 * 4 + 2],
      [2, 0],
    ])
      expect(await flag(value, tensor, at, dtype), `${value} in ${tensor}, ${at}`).toBeGreaterThan(0);
  }
});

test("ema averages, copies into half precision, and waits where a step overflowed", async () => {
  const device = await testDevice();
  const g = new Graph(device.target);
  const [start, x] = [noise(15, 1), noise(15, 2)];
  const names = ["average", "copy", "kept"] as const;
  const ys = {} as Record<(typeof names)[number], Tensor>;
  for (const name of names) ys[name] = await external(g, name, [3, 5], start, name === "copy" ? "f16" : "f32");
  const input = g.input("x", [3, 5]);
  const flags = [g.input("none", [1]), g.input("some", [1])];
  ema(g, { y: ys.average, x: input, decay: 0.9, overflow: flags[0] });
  ema(g, { y: ys.copy, x: input, decay: 0 });
  ema(g, { y: ys.kept, x: input, decay: 0.9, overflow: flags[1] });
  const program = await Program.compile(g, device, { name: "ema" });
  await program.run({ inputs: { x, none: Float32Array.of(0), some: Float32Array.of(3) } });
  const read = async (name: "average" | "kept"): Promise<Float32Array> =>
    unpadRows(new Float32Array(await device.download(ys[name].storage!)), [3, 5]);
  const average = await read("average");
  average.forEach((v, i) => expect(v).toBeCloseTo(0.9 * start[i] + 0.1 * x[i], 6));
  expect(await read("kept")).toEqual(start);
  const copy = new Uint16Array(await device.download(ys.copy.storage!));
  unpadRows(fromHalf(copy), [3, 5]).forEach((v, i) => expect(Math.abs(v - x[i])).toBeLessThanOrEqual(2 ** -11));
  program.dispose();
});

test("ema refuses a decay that forgets nothing, and other shapes", async () => {
  const g = new Graph((await testDevice()).target);
  const [a, b] = [g.input("a", [4]), g.input("b", [5])];
  expect(() => ema(g, { y: a, x: a, decay: 1 })).toThrow(/decay of 1/);
  expect(() => ema(g, { y: a, x: b, decay: 0.9 })).toThrow(/b f32\[5\] goes into a f32\[4\]/);
});
