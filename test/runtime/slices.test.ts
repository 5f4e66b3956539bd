import { afterAll, beforeAll, expect, test } from "vitest";
import { Graph, profileProgram, Program, runPrograms, type Tensor } from "../../src/runtime/index.ts";
import { noise } from "../support/device.ts";
import { countedDevice, type Counted } from "./counted.ts";
import { plus } from "./tiny.ts";

let c: Counted;
let p: Program;
const x = noise(4096, 1);
const CHAIN = 12;

beforeAll(async () => {
  c = await countedDevice({ sizesAs: "uniform" });
  const g = new Graph(c.device.target);
  let y: Tensor = g.input("x", [4096]);
  for (let i = 0; i < CHAIN; i++) y = plus(g, y, g.inputs.get("x")!);
  g.output("y", y);
  p = await Program.compile(g, c.device, { name: "chain" });
});
afterAll(() => {
  p.dispose();
  c.close();
});

/** So short that every dispatch is a slice. */
const slice = 1e-6;

test("a run in slices equals a run at once, with at most three slices in flight", async () => {
  await p.run({ inputs: { x } });
  const whole = [...(await p.read("y"))];
  let [flying, most] = [0, 0];
  c.instead.submit = (real, args) => {
    most = Math.max(most, ++flying);
    return real(...(args as never[]));
  };
  c.instead.onSubmittedWorkDone = async (real) => {
    await real();
    await new Promise((done) => setTimeout(done, 2));
    flying--;
  };
  try {
    c.reset();
    await p.run({ inputs: { x }, slice });
    expect(c.calls.submit).toBe(CHAIN);
    expect(most).toBe(3);
    expect(flying).toBe(0);
  } finally {
    c.instead = Object.assign(c.instead, { submit: undefined, onSubmittedWorkDone: undefined });
  }
  expect([...(await p.read("y"))]).toEqual(whole);
});

test("programs that fit share a slice, and give what they give one after the other", async () => {
  const g = new Graph(c.device.target);
  g.output("z", plus(g, g.input("x", [4096]), g.inputs.get("x")!));
  const other = await Program.compile(g, c.device, { name: "other" });
  for (const program of [p, other]) await program.run({ inputs: { x } });
  const whole = [await p.read("y"), await other.read("z")];
  const next = noise(4096, 2);
  for (const program of [p, other]) await program.run({ inputs: { x: next } });
  for (const program of [p, other]) program.setInput("x", x);
  c.reset();
  await runPrograms([p, other], undefined, { slice: 60_000 });
  expect(c.calls.submit).toBe(1);
  expect([await p.read("y"), await other.read("z")]).toEqual(whole);
  c.reset();
  await runPrograms([p, other], undefined, { slice });
  expect(c.calls.submit).toBe(CHAIN + 1);
  other.dispose();
});

test("a run that has to wait for others hardly shortens the slices of the next", async () => {
  const g = new Graph(c.device.target);
  let y: Tensor = g.input("x", [4096]);
  for (let i = 0; i < CHAIN; i++) y = plus(g, y, g.inputs.get("x")!);
  g.output("y", y);
  const chain = await Program.compile(g, c.device, { name: "fresh" });
  const submits = async (slice: number): Promise<number> => {
    c.reset();
    await chain.run({ inputs: { x }, slice });
    return c.calls.submit;
  };
  // It is measured: from now on the run is one slice of a second.
  await submits(1000);
  expect(await submits(1000)).toBe(1);
  c.instead.onSubmittedWorkDone = async (real) => {
    await real();
    await new Promise((done) => setTimeout(done, 2000));
  };
  try {
    await submits(1000);
  } finally {
    c.instead = Object.assign(c.instead, { onSubmittedWorkDone: undefined });
  }
  expect(await submits(1000)).toBe(1);
  chain.dispose();
});

test("slices follow the length asked for: a long one is the whole run", async () => {
  c.reset();
  await p.run({ inputs: { x }, slice: 60_000 });
  expect(c.calls.submit).toBe(1);
});

test("an abort between slices throws the signal's reason and sends nothing more; the next run is whole", async () => {
  const abort = new AbortController();
  const reason = new Error("enough");
  c.reset();
  c.instead.submit = (real, args) => {
    if (c.calls.submit === 3) abort.abort(reason);
    return real(...(args as never[]));
  };
  await expect(p.run({ inputs: { x }, slice, signal: abort.signal })).rejects.toBe(reason);
  expect(c.calls.submit).toBe(3);
  Object.assign(c.instead, { submit: undefined });
  await p.run({ inputs: { x } });
  const whole = [...(await p.read("y"))];
  await p.run({ slice });
  expect([...(await p.read("y"))]).toEqual(whole);
});

test("a signal that is aborted already stops a run before it begins", async () => {
  c.reset();
  await expect(p.run({ inputs: { x }, signal: AbortSignal.abort("no") })).rejects.toBe("no");
  expect(c.calls).toEqual({});
});

test("while slices run the program takes no other work", async () => {
  const running = p.run({ inputs: { x }, slice });
  for (const other of [() => p.run(), () => p.read("y"), () => profileProgram(p)]) {
    await expect(other()).rejects.toThrow(/chain: is still running; await that run first/);
  }
  expect(() => p.setInput("x", x)).toThrow(/is still running/);
  await running;
  await p.run();
});
