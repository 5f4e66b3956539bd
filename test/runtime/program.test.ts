import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { float, Graph, Program, read, runPrograms, write, type Tensor } from "../../src/runtime/index.ts";
import { noise, testDevice } from "../support/device.ts";
import { countedDevice, type Counted } from "./counted.ts";
import { elementwise, increment, plus, rowsTimesTen, times } from "./tiny.ts";

let c: Counted;
beforeAll(async () => void (c = await countedDevice()));
afterAll(() => c.close());

const compile = (g: Graph, name = "test"): Promise<Program> => Program.compile(g, c.device, { name });
const graph = (): Graph => new Graph({ ...c.device.target, sizesAs: "uniform" });
const floats = async (p: Program, name = "y"): Promise<number[]> => [...(await p.read(name))];

/** y = 2 x, z = 2 x + 2 x + 1 */
async function doubler(): Promise<Program> {
  const g = graph();
  const y = times(g, g.input("x", [2, 3]), 2);
  g.output("y", y);
  g.output("z", plus(g, y, y));
  return compile(g, "doubler");
}

describe("a run", () => {
  test("creates no GPU object but an encoder and its pass, and submits once", async () => {
    const p = await doubler();
    c.reset();
    for (let i = 0; i < 3; i++) await p.run({ inputs: { x: new Float32Array(6).fill(i) } });
    expect(c.calls).toEqual({ writeBuffer: 3, createCommandEncoder: 3, submit: 3 });
    c.reset();
    expect(await floats(p)).toEqual([4, 4, 4, 4, 4, 4]);
    expect(await floats(p, "z")).toEqual([9, 9, 9, 9, 9, 9]);
    // The first read of an output makes what it is read through.
    expect(c.calls).toEqual({ createBuffer: 2, createCommandEncoder: 2, submit: 2 });
    c.reset();
    await floats(p);
    expect(c.calls).toEqual({ createCommandEncoder: 1, submit: 1 });
    p.dispose();
  });

  test("of several programs is one submit", async () => {
    const programs = [await doubler(), await doubler(), await doubler()];
    c.reset();
    const inputs = (i: number) => ({ inputs: { x: new Float32Array(6).fill(i) } });
    await runPrograms(programs, new Map(programs.map((p, i) => [p, inputs(i)])));
    expect(c.calls).toEqual({ writeBuffer: 3, createCommandEncoder: 1, submit: 1 });
    for (const [i, p] of programs.entries()) expect((await floats(p))[0]).toBe(2 * i);
    for (const p of programs) p.dispose();
    await expect(runPrograms([])).resolves.toBeUndefined();
  });

  test("keeps the inputs that it is not given, whatever has run since", async () => {
    const g = graph();
    const x = g.input("x", [64]);
    let y = times(g, x, 1);
    for (let i = 0; i < 6; i++) y = times(g, y, 2);
    g.output("y", y);
    const p = await compile(g);
    const x1 = noise(64, 1);
    await p.run({ inputs: { x: x1 } });
    for (let i = 0; i < 2; i++) await p.run();
    expect(await floats(p)).toEqual([...x1.map((v) => v * 64)]);
    p.setInput("x", noise(64, 2));
    expect(await floats(p), "an output is not read yet when the next input is set").toEqual([...x1.map((v) => v * 64)]);
    p.dispose();
  });

  test("gives the same bits twice", async () => {
    const g = graph();
    const x = g.input("x", [4096]);
    const y = g.temp("y", [4]);
    g.dispatch({
      shader: {
        name: "total",
        text: `var<workgroup> part: array<vec4f, 64>;
@compute @workgroup_size(64) fn main(@builtin(local_invocation_index) i: u32) {
  var sum = vec4f(0.0);
  for (var k = i; k < $N4; k += 64u) { sum += x[k]; }
  part[i] = sum;
  workgroupBarrier();
  for (var s = 32u; s > 0u; s = s / 2u) { if (i < s) { part[i] += part[i + s]; } workgroupBarrier(); }
  if (i == 0u) { y[0] = part[0]; }
}`,
      },
      sizes: { N4: 1024 },
      bindings: { x: read(x), y: write(y) },
      groups: [1],
      flops: 4096,
    });
    g.output("y", y);
    const p = await compile(g);
    const results: number[][] = [];
    for (let i = 0; i < 3; i++) {
      await p.run({ inputs: { x: noise(4096, 3) } });
      results.push(await floats(p));
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
    expect(results[0][0]).not.toBe(0);
    p.dispose();
  });
});

test("programs compute what their recordings say: random graphs against the host", async () => {
  const step = fc.record({ a: fc.nat(), b: fc.nat(), kind: fc.constantFrom("plus", "times", "increment") });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), fc.nat(99), async (steps, seed) => {
      const g = graph();
      const there: Tensor[] = [g.input("x", [3, 5])];
      // Whole numbers: every sum is exact, in whatever order an adapter adds.
      const x = noise(15, seed + 1).map((v) => Math.round(v * 50));
      const host = [Float32Array.from(x)];
      for (const s of steps) {
        const [a, b] = [s.a % there.length, s.b % there.length];
        // Inputs are not changed: a second run without them must give the same.
        if (s.kind === "increment" && a > 0) {
          increment(g, there[a]);
          host[a] = host[a].map((v) => v + 1);
        } else if (s.kind === "plus" && a !== b) {
          host.push(host[a].map((v, i) => v + host[b][i] + 1));
          there.push(plus(g, there[a], there[b]));
        } else {
          host.push(host[a].map((v) => v * 2));
          there.push(times(g, there[a], 2));
        }
      }
      // Half of the results are temporaries whose memory is taken again.
      const shown = there.flatMap((_, i) => (i && (i % 2 || i + 1 === there.length) ? [i] : []));
      for (const i of shown) g.output(`${i}`, there[i]);
      const p = await compile(g);
      await p.run({ inputs: { x } });
      await p.run();
      for (const i of shown) expect(await floats(p, `${i}`)).toEqual([...host[i]]);
      p.dispose();
    }),
    { numRuns: 25 },
  );
});

describe("inputs go by name", () => {
  test.for([
    ["an unknown name", { w: new Float32Array(6) }, "usage", /has no input "w"; give one of: x$/],
    ["a wrong length", { x: new Float32Array(8) }, "shape", /input x f32\[2,3\]: expects 6 numbers and got 8/],
    ["too few numbers", { x: new Float32Array(3) }, "shape", /expects 6 numbers and got 3/],
  ] as const)("%s throws", async ([, inputs, code, message]) => {
    const p = await doubler();
    c.reset();
    await expect(p.run({ inputs })).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(c.calls.submit).toBeUndefined();
    p.dispose();
  });

  test("an unknown output throws", async () => {
    const p = await doubler();
    await expect(p.read("w")).rejects.toThrow(/doubler\.read: has no output "w"; read one of: y, z/);
    p.dispose();
  });

  test("a partial input may have fewer rows, whole ones; the others stay", async () => {
    const g = graph();
    g.output("y", times(g, g.input("x", [3, 5], "f32", true), 2));
    const p = await compile(g);
    await p.run({ inputs: { x: new Float32Array(15).fill(1) } });
    await p.run({ inputs: { x: new Float32Array(5).fill(3) } });
    expect(await floats(p)).toEqual([...Array(5).fill(6), ...Array(10).fill(2)]);
    await expect(p.run({ inputs: { x: new Float32Array(7) } })).rejects.toThrow(/expects 15 numbers and got 7/);
    await expect(p.run({ inputs: { x: new Float32Array(20) } })).rejects.toThrow(/expects 15 numbers and got 20/);
    await p.run({ inputs: { x: new Float32Array(0) } });
    p.dispose();
  });

  test("integers, scalars and lists of any length arrive as they are", async () => {
    const g = graph();
    const ids = g.input("ids", [5], "i32");
    const s = g.input("s", [], "f32");
    const y = g.temp("y", [5]);
    const text =
      "@compute @workgroup_size(1) fn main() { for (var i = 0u; i < 5u; i++) { y[i] = f32(ids[i]) * s[0]; } }";
    const scalars = { ids: { ...read(ids), scalar: true }, s: { ...read(s), scalar: true } };
    const bindings = { ...scalars, y: { ...write(y), scalar: true } };
    g.dispatch({ shader: { name: "scale_ids", text }, bindings, groups: [1], flops: 5 });
    g.output("y", y);
    g.output("ids", ids);
    const p = await compile(g);
    await p.run({ inputs: { ids: Int32Array.of(-1, 0, 1, 70000, 5), s: Float32Array.of(0.5) } });
    expect(await floats(p)).toEqual([-0.5, 0, 0.5, 35000, 2.5]);
    expect([...(await p.read("ids", "i32"))]).toEqual([-1, 0, 1, 70000, 5]);
    p.dispose();
  });
});

describe("counts", () => {
  const rows = { name: "rows", capacity: 6 };
  const tables = async (): Promise<Program> => {
    const g = graph();
    const y = g.temp("y", [6, 4]);
    elementwise(g, "zero", "y[i] = y_t(0.0);", { y: write(y) }, y);
    rowsTimesTen(g, g.input("x", [6, 4]), y, rows);
    g.output("y", y);
    return compile(g, "tables");
  };
  const x = Float32Array.from({ length: 24 }, (_, i) => i);

  test.for([0, 1, 6])("%d rows are computed", async (n) => {
    const p = await tables();
    await p.run({ inputs: { x }, counts: { rows: n } });
    expect(await floats(p)).toEqual([...x.map((v, i) => (i < 4 * n ? 10 * v : 0))]);
    p.dispose();
  });

  test("over the capacity, negative, broken or missing ones throw before anything is changed", async () => {
    const p = await tables();
    c.reset();
    await expect(p.run({ inputs: { x } })).rejects.toThrow(/tables: needs the count "rows"; give it in run/);
    for (const n of [7, -1, 1.5, NaN]) {
      await expect(p.run({ inputs: { x }, counts: { rows: n } })).rejects.toMatchObject({ code: "shape" });
    }
    await expect(p.run({ counts: { rows: 7 } })).rejects.toThrow(/count "rows" is 7 where the program was made for 6/);
    expect(c.calls).toEqual({});
    await p.run({ inputs: { x }, counts: { rows: 2 } });
    await p.run();
    expect((await floats(p))[7]).toBe(70);
    p.dispose();
  });
});

test("sizes in a uniform and as pipeline constants give equal bits", async () => {
  const results: number[][] = [];
  for (const sizesAs of ["uniform", "override"] as const) {
    const g = new Graph({ ...c.device.target, sizesAs });
    const x = g.input("x", [7, 9]);
    g.output("y", plus(g, times(g, x, 0.3), x));
    const p = await compile(g, sizesAs);
    await p.run({ inputs: { x: noise(63, 5) } });
    results.push(await floats(p));
    p.dispose();
  }
  expect(results[1]).toEqual(results[0]);
});

test("on GPUs a dispatch's sizes are in a uniform, but for those that it names: one pipeline for all values of the others", async () => {
  const g = new Graph({ ...c.device.target, sizesAs: "mixed" });
  const text =
    "@compute @workgroup_size(1) fn main() { for (var i = 0u; i < $N; i++) { y[i] = y_t(vec4f(x[i]) * f32($M) + $ADD); } }";
  const scaled = (x: Tensor, n: number, m: number): Tensor => {
    const y = g.temp("y", x.shape);
    const sizes = { M: m, N: n, ADD: float(0.5) };
    const bindings = { x: read(x), y: write(y) };
    g.dispatch({ shader: { name: "scaled", text }, sizes, constantSizes: ["N"], bindings, groups: [1], flops: 0 });
    return y;
  };
  const x = g.input("x", [8]);
  g.output("y", scaled(scaled(x, 2, 3), 2, 5));
  g.output("half", scaled(x, 1, 3));
  const before = c.device.pipelines.size;
  const p = await compile(g);
  expect(c.device.pipelines.size - before).toBe(2);
  const values = noise(8, 3);
  await p.run({ inputs: { x: values } });
  const times = (v: number, m: number): number => Math.fround(Math.fround(v * m) + 0.5);
  expect(await floats(p)).toEqual(Array.from(values, (v) => expect.closeTo(times(times(v, 3), 5), 4)));
  expect((await floats(p, "half")).slice(0, 4)).toEqual(
    Array.from(values.slice(0, 4), (v) => expect.closeTo(times(v, 3), 4)),
  );
  p.dispose();
});

test("the pipelines with the longest texts, which take longest to compile, are asked for first", async () => {
  const g = graph();
  const x = g.input("x", [4]);
  const long = " ".repeat(300);
  const y = [g.temp("a", [4]), g.temp("b", [4]), g.temp("c", [4])];
  y.forEach((to, i) => elementwise(g, `order ${i}`, `${long.repeat(i)}y[i] = x[i];`, { x: read(x), y: write(to) }, to));
  g.output("y", y[2]);
  const asked: string[] = [];
  c.instead.createComputePipelineAsync = (real, args) => {
    asked.push((args[0] as GPUComputePipelineDescriptor).label!);
    return (real as (...all: unknown[]) => unknown)(...args);
  };
  const p = await compile(g);
  delete c.instead.createComputePipelineAsync;
  expect(asked).toEqual(["order 2", "order 1", "order 0"]);
  p.dispose();
});

test("an output that a run copies in its submit is read without another; a run after it makes that copy stale", async () => {
  const g = graph();
  const x = g.input("x", [4]);
  g.output("y", times(g, x, 2));
  const p = await compile(g);
  const last = (encoder: GPUCommandEncoder): void => p.queueRead(encoder, "y");
  await p.run({ inputs: { x: Float32Array.of(1, 2, 3, 4) }, last });
  await p.read("y");
  c.reset();
  await p.run({ last });
  expect(await floats(p)).toEqual([2, 4, 6, 8]);
  expect(c.calls.submit).toBe(1);
  await p.run({ last });
  await p.run({ inputs: { x: Float32Array.of(5, 6, 7, 8) } });
  expect(await floats(p)).toEqual([10, 12, 14, 16]);
  // While a read waits for the buffer, a run leaves it alone.
  const first = floats(p);
  await p.run({ inputs: { x: Float32Array.of(0, 0, 0, 1) }, last });
  expect([await first, await floats(p)]).toEqual([
    [10, 12, 14, 16],
    [0, 0, 0, 2],
  ]);
  p.dispose();
});

test("halves go there and back, rounded once", async (context) => {
  if (!c.device.target.features.has("shader-f16")) return context.skip();
  const g = graph();
  const x = g.input("x", [3, 5], "f16");
  g.output("x", x);
  g.output("y", times(g, x, 2));
  const p = await compile(g);
  const values = Float32Array.from({ length: 15 }, (_, i) => (i - 7) * 1.0009765625);
  await p.run({ inputs: { x: values } });
  const back = await floats(p, "x");
  back.forEach((v, i) => expect(Math.abs(v - values[i])).toBeLessThanOrEqual(Math.abs(values[i]) * 2 ** -11));
  expect(await floats(p)).toEqual(back.map((v) => 2 * v));
  p.dispose();
});

test("a device without shader-f16 refuses half tensors by name", async () => {
  const { gpu, info } = await testDevice();
  const { Device } = await import("../../src/runtime/index.ts");
  const plain = new Proxy(gpu, {
    get: (t, k) => {
      if (k === "features") return new Set<string>();
      const v: unknown = Reflect.get(t, k, t);
      return typeof v === "function" ? (v.bind(t) as unknown) : v;
    },
  });
  const g = graph();
  g.output("y", times(g, g.input("x", [4], "f16"), 2));
  await expect(Program.compile(g, new Device(plain, info, false))).rejects.toMatchObject({
    code: "unsupported",
    message: expect.stringMatching(/x f16\[4\]: .* has no shader-f16; use f32 storage/),
  });
});

test("an input that nobody set throws; one that was set keeps its value", async () => {
  const g = graph();
  g.output("y", times(g, g.input("x", [2]), 3));
  const p = await compile(g, "program");
  await expect(p.run()).rejects.toMatchObject({
    code: "usage",
    message: expect.stringContaining('needs the input "x"'),
  });
  await p.run({ inputs: { x: Float32Array.of(1, 2) } });
  await p.run();
  expect(await floats(p)).toEqual([3, 6]);
  p.dispose();
});

describe("kept tensors", () => {
  test("are shared with other programs, and keep their values between runs", async () => {
    const first = graph();
    const table = first.keep("table", times(first, first.input("x", [6]), 3));
    const p = await compile(first, "first");
    const second = graph();
    const shared = second.import(table);
    increment(second, shared);
    second.output("y", times(second, shared, 1));
    const q = await compile(second, "second");
    await runPrograms([p, q], new Map([[p, { inputs: { x: Float32Array.of(1, 2, 3, 4, 5, 6) } }]]));
    expect(await floats(q)).toEqual([4, 7, 10, 13, 16, 19]);
    await q.run();
    expect(await floats(q)).toEqual([5, 8, 11, 14, 17, 20]);
    q.dispose();
    p.dispose();
    const late = graph();
    late.output("y", times(late, late.import(table), 1));
    await expect(compile(late, "late")).rejects.toThrow(
      /late, product f32\[6\]: is not allocated; compile the graph that keeps it first/,
    );
  });

  test("are imported before their graph is compiled, and bound when it is", async () => {
    const first = graph();
    const table = first.keep("table", times(first, first.input("x", [4]), 3));
    const second = graph();
    second.output("y", times(second, second.import(table), 2));
    const p = await compile(first, "first");
    const q = await compile(second, "second");
    await runPrograms([p, q], new Map([[p, { inputs: { x: Float32Array.of(1, 2, 3, 4) } }]]));
    expect(await floats(q)).toEqual([6, 12, 18, 24]);
    q.dispose();
    p.dispose();
  });

  test("belong to one program: a second one of the same graph is refused while the first lives", async () => {
    const g = graph();
    g.keep("table", times(g, g.input("x", [4]), 3));
    const p = await compile(g);
    await expect(compile(g)).rejects.toThrow(/is kept by a program of this graph already/);
    p.dispose();
    (await compile(g)).dispose();
  });
});

test("a graph without kept tensors may be compiled twice; the programs share nothing", async () => {
  const g = graph();
  g.output("y", times(g, g.input("x", [4]), 2));
  const [p, q] = [await compile(g), await compile(g)];
  await p.run({ inputs: { x: new Float32Array(4).fill(1) } });
  await q.run({ inputs: { x: new Float32Array(4).fill(5) } });
  expect([await floats(p), await floats(q)]).toEqual([Array(4).fill(2), Array(4).fill(10)]);
  p.dispose();
  q.dispose();
});

test("reads of one output may overlap, and each sees the runs called before it", async () => {
  const p = await doubler();
  const reads: Promise<number[]>[] = [];
  for (let i = 1; i <= 3; i++) {
    void p.run({ inputs: { x: new Float32Array(6).fill(i) } });
    reads.push(floats(p));
  }
  expect((await Promise.all(reads)).map((r) => r[0])).toEqual([2, 4, 6]);
  p.dispose();
});

test("progress counts distinct pipelines to their end; a listener that throws fails the compile", async () => {
  const g = graph();
  let x = g.input("x", [4]);
  for (const f of [2, 3, 2, 3]) x = times(g, x, f);
  g.output("y", x);
  const seen: [number, number][] = [];
  const p = await Program.compile(g, c.device, { onProgress: (done, total) => seen.push([done, total]) });
  expect(seen).toEqual([
    [1, 2],
    [2, 2],
  ]);
  const throws = () => {
    throw new Error("listener");
  };
  await expect(Program.compile(g, c.device, { onProgress: throws })).rejects.toThrow("listener");
  p.dispose();
});
