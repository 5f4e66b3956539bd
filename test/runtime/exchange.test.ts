// Cuts: where a run stops to exchange tensors with peers.

import { describe, expect, test } from "vitest";
import { exchanging, Graph, planMemory, Program, type Exchange, type Tensor } from "../../src/runtime/index.ts";
import { testDevice } from "../support/device.ts";
import { plus, times } from "./tiny.ts";

const x = Float32Array.of(1, 2, 3, 4);
const echo: Exchange = (_, values) => Promise.resolve(values);

/** first = 2x and second = 3x, exchanged one by one with 5x computed in between; sum = first + second + 1. */
async function compile(peers = true): Promise<{ program: Program; g: Graph }> {
  const device = await testDevice();
  const g = new Graph(device.target, { peers });
  const input = g.input("x", [4]);
  const cut = (name: string, tensors: Tensor[]): void => g.exchange({ name, reduction: "sum", tensors });
  const first = times(g, input, 2, "first");
  const other = times(g, input, 5, "other");
  cut("first", [first]);
  const second = times(g, other, 0.6, "second");
  cut("second", [second]);
  g.output("sum", plus(g, first, second));
  return { program: await Program.compile(g, device, { name: "exchanging" }), g };
}

describe("a run with peers", () => {
  test("goes on with what the exchange returned", async () => {
    const { program } = await compile();
    const seen: [string, number[]][] = [];
    const exchange: Exchange = ({ name }, values) => {
      seen.push([name, [...values.subarray(0, 4)]]);
      return Promise.resolve(values.map((v) => (name === "first" ? 10 * v : v)));
    };
    await program.run({ inputs: { x }, exchange: exchanging(exchange) });
    expect(seen).toEqual([
      ["first", [2, 4, 6, 8]],
      ["second", [3, 6, 9, 12]],
    ]);
    expect([...(await program.read("sum"))]).toEqual([24, 47, 70, 93]);
    program.dispose();
  });

  test("computes on while an exchange waits, and calls in the order of completion", async () => {
    const { program } = await compile();
    let answer!: () => void;
    const waits = new Promise<void>((done) => (answer = done));
    const seen: string[] = [];
    // The first is answered only after the second has been asked for, which comes from later dispatches.
    const exchange: Exchange = async ({ name }, values) => {
      seen.push(name);
      if (name === "second") answer();
      else await waits;
      return values;
    };
    await program.run({ inputs: { x }, exchange: exchanging(exchange) });
    expect(seen).toEqual(["first", "second"]);
    expect([...(await program.read("sum"))]).toEqual([6, 11, 16, 21]);
    program.dispose();
  });

  test("takes no other work meanwhile", async () => {
    const { program } = await compile();
    let answer!: () => void;
    const waits = new Promise<void>((done) => (answer = done));
    const running = program.run({ inputs: { x }, exchange: exchanging((_, values) => waits.then(() => values)) });
    await expect(program.read("sum")).rejects.toThrow(/is still running/);
    answer();
    await running;
    program.dispose();
  });

  test("in slices gives the same", async () => {
    const { program } = await compile();
    await program.run({ inputs: { x }, exchange: exchanging(echo), slice: 1e-6 });
    expect([...(await program.read("sum"))]).toEqual([6, 11, 16, 21]);
    program.dispose();
  });

  test("fails as its exchange does, and can run again", async () => {
    const { program } = await compile();
    const lost = new Error("a peer is gone");
    await expect(program.run({ inputs: { x }, exchange: exchanging(() => Promise.reject(lost)) })).rejects.toBe(lost);
    await expect(
      program.run({ exchange: exchanging((_, values) => Promise.resolve(values.subarray(1))) }),
    ).rejects.toThrow(/first: the exchange returned 3 numbers for 4/);
    await program.run({ exchange: exchanging(echo) });
    expect([...(await program.read("sum"))]).toEqual([6, 11, 16, 21]);
    program.dispose();
  });

  test("needs the exchange", async () => {
    const { program } = await compile();
    await expect(program.run({ inputs: { x } })).rejects.toThrow(/exchanges tensors with peers \(first\); give run/);
    program.dispose();
  });
});

test("without peers nothing is cut or kept", async () => {
  const { program, g } = await compile(false);
  expect([g.cuts, planMemory(g).kept]).toEqual([[], 0]);
  await program.run({ inputs: { x } });
  expect([...(await program.read("sum"))]).toEqual([6, 11, 16, 21]);
  program.dispose();
});

test("tensors of one cut may be written by one dispatch, and lie in one buffer that memory plans count", async () => {
  const device = await testDevice();
  const g = new Graph(device.target, { peers: true });
  const input = g.input("x", [4]);
  const [a, b] = [g.temp("a", [4]), g.temp("b", [4])];
  g.dispatch({
    shader: { name: "both", text: "@compute @workgroup_size(1) fn main() { a[0] = x[0] * 2.0; b[0] = x[0] * 3.0; }" },
    bindings: {
      x: { tensor: input, access: "read", scalar: false },
      a: { tensor: a, access: "read_write", scalar: false },
      b: { tensor: b, access: "read_write", scalar: false },
    },
    groups: [1],
    flops: 8,
  });
  g.exchange({ name: "both", reduction: "mean", tensors: [a, b] });
  g.output("sum", plus(g, a, b));
  expect(planMemory(g)).toMatchObject({ kept: 256 + 16, staging: 256 + 16 + 16 });
  const program = await Program.compile(g, device);
  await program.run({ inputs: { x }, exchange: exchanging((_, values) => Promise.resolve(values.map((v) => -v))) });
  expect([...(await program.read("sum"))]).toEqual([-4, -9, -14, -19]);
  program.dispose();
});

test("what is not computed yet, or exchanged already, is refused", async () => {
  const g = new Graph((await testDevice()).target, { peers: true });
  const y = g.temp("y", [4]);
  const cut = (t: Tensor): void => g.exchange({ name: "cut", reduction: "sum", tensors: [t] });
  expect(() => cut(y)).toThrow(/y f32\[4\]: is exchanged before anything computes it/);
  const z = times(g, g.input("x", [4]), 2);
  cut(z);
  expect(() => cut(z)).toThrow(/is kept and can't be exchanged/);
});
