import { beforeAll, describe, expect, test } from "vitest";
import {
  chromeTrace,
  Device,
  Graph,
  profileProgram,
  Program,
  profileTable,
  type Profile,
} from "../../src/runtime/index.ts";
import { noise, testDevice } from "../support/device.ts";
import { plus, rowsTimesTen, times } from "./tiny.ts";
import { MILLISECONDS } from "../tolerances.ts";

describe("a profile", () => {
  let device: Device;
  let profile: Profile;

  beforeAll(async () => {
    device = await testDevice();
    if (!device.target.features.has("timestamp-query")) return;
    const g = new Graph(device.target);
    const x = g.input("x", [4096, 4]);
    const y = g.scope("up_0", () => g.scope("conv_0", () => times(g, x, 2)));
    rowsTimesTen(g, x, y, { name: "rows", capacity: 4096 });
    g.output("y", plus(g, y, y));
    const p = await Program.compile(g, device, { name: "image" });
    profile = await profileProgram(p, { inputs: { x: noise(16384) }, counts: { rows: 0 } });
    // A profiled run computes like any other.
    const profiled = await p.read("y");
    await p.run();
    expect([...profiled]).toEqual([...(await p.read("y"))]);
    p.dispose();
  });

  test("has a row a dispatch, in order, with its label, work and time", (context) => {
    if (!profile) return context.skip();
    expect(profile.rows.map((r) => [r.label, r.shader])).toEqual([
      ["up_0.conv_0/times", "times"],
      ["rows", "rows"],
      ["plus", "plus"],
    ]);
    for (const r of profile.rows) {
      expect(r.ms).toBeGreaterThanOrEqual(0);
      expect(r.start).toBeGreaterThanOrEqual(0);
      expect(r.start + r.ms).toBeLessThanOrEqual(profile.total + MILLISECONDS);
    }
    expect(profile.total).toBeGreaterThan(0);
    expect(profile.rows[0].flops).toBe(16384);
    expect(profile.rows[0].bytes).toBe(2 * 65536);
  });
});

test("programs of more dispatches than a query set holds are profiled whole", async (context) => {
  const device = await testDevice();
  if (!device.target.features.has("timestamp-query")) return context.skip();
  const g = new Graph({ ...device.target, sizesAs: "uniform" });
  let x = g.input("x", [4]);
  for (let i = 0; i < 2100; i++) x = times(g, x, 1);
  g.output("y", x);
  const p = await Program.compile(g, device, { name: "long" });
  const start = device.allocated;
  const { rows } = await profileProgram(p, { inputs: { x: Float32Array.of(1, 2, 3, 4) } });
  expect(rows).toHaveLength(2100);
  expect(rows.filter((r) => r.ms < 0 || r.start < 0)).toEqual([]);
  expect([...(await p.read("y"))]).toEqual([1, 2, 3, 4]);
  await profileProgram(p);
  p.dispose();
  expect(device.allocated).toBeLessThan(start);
});

test("a device without timestamps says so", async () => {
  const device = await testDevice();
  const plain = new Proxy(device.gpu, {
    get: (t, k) => {
      if (k === "features") return new Set<string>();
      const v: unknown = Reflect.get(t, k, t);
      return typeof v === "function" ? (v.bind(t) as unknown) : v;
    },
  });
  const borrowed = new Device(plain, device.info, false);
  const g = new Graph(device.target);
  g.output("y", times(g, g.input("x", [4]), 2));
  const p = await Program.compile(g, borrowed);
  await expect(profileProgram(p, { inputs: { x: new Float32Array(4) } })).rejects.toMatchObject({
    code: "unsupported",
    where: "profile",
  });
  borrowed.dispose();
});

const made: Profile = {
  name: "image",
  total: 4,
  rows: [
    { label: "up_0/conv2d", shader: "conv2d", start: 0, ms: 2, flops: 4e9, bytes: 8e6 },
    { label: "up_1/conv2d", shader: "conv2d", start: 2, ms: 1, flops: 2e9, bytes: 4e6 },
    { label: "up_1/add", shader: "add", start: 3, ms: 0, flops: 10, bytes: 80 },
  ],
};

test("the table sums by shader, longest first, with rates and shares", () => {
  const [title, head, ...rows] = profileTable(made).split("\n");
  expect(title).toBe("image: 4.0 ms, 3 dispatches");
  expect(head.trim().split(/\s{2,}/)).toEqual(["ms", "share", "dispatches", "GFLOP/s", "GB/s", "what"]);
  expect(rows.map((r) => r.trim().split(/\s+/))).toEqual([
    ["3.00", "100.0%", "2", "2000.00", "4.00", "conv2d"],
    ["0.00", "0.0%", "1", "0.00", "0.00", "add"],
  ]);
  expect(profileTable(made, (r) => r.label).split("\n")).toHaveLength(5);
  expect(profileTable({ name: "none", rows: [], total: 0 })).toContain("none: 0.0 ms, 0 dispatches");
});

test("the Chrome trace is JSON that Perfetto reads: complete events in microseconds, a named thread a program", () => {
  const trace = JSON.parse(chromeTrace([made, { ...made, name: "tables" }])) as {
    traceEvents: Record<string, unknown>[];
  };
  const threads = trace.traceEvents.filter((e) => e.ph === "M");
  expect(threads.map((e) => [e.name, e.tid, e.args])).toEqual([
    ["thread_name", 0, { name: "image" }],
    ["thread_name", 1, { name: "tables" }],
  ]);
  const events = trace.traceEvents.filter((e) => e.ph === "X");
  expect(events).toHaveLength(6);
  for (const e of events) {
    expect(e).toMatchObject({ pid: 1, name: expect.any(String), cat: expect.any(String) });
    for (const field of ["ts", "dur", "tid"]) expect(e[field]).toEqual(expect.any(Number));
    for (const v of Object.values(e.args as object)) expect(v).toEqual(expect.any(Number));
  }
  expect(events[1]).toMatchObject({ name: "up_1/conv2d", ts: 2000, dur: 1000, tid: 0 });
});
