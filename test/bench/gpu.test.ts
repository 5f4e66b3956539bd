// bench:gpu: parts in order within a time, rows of a child that is ended, a file that is whole, shares of peaks.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { partRunner } from "../../bench/gpu/part_process.ts";
import { holds, peaksOf, slug, table, writeReport } from "../../bench/gpu/report.ts";
import { runParts, type Outcome, type Part, type Row, type RunPart } from "../../bench/gpu/schedule.ts";
import { demoMap, demoMaps, varied } from "../../bench/lib/maps.ts";

const part = (name: string, least: number, most: number, why = ""): Part => ({
  name,
  title: name,
  least,
  most,
  whyNot: () => why,
});

test("a part that does not fit is named and a shorter one behind it runs; limits are a part's own or what is left", async () => {
  let clock = 0;
  const limits: [string, number][] = [];
  const run: RunPart = ({ name }, seconds, onRow) => {
    limits.push([name, seconds]);
    onRow({ what: name });
    clock += 1e3 * (name === "first" ? 20 : 5);
    return Promise.resolve({ status: "done" });
  };
  const seen: number[] = [];
  const outcomes = await runParts(
    [part("first", 5, 20), part("long", 15, 60), part("lacking", 1, 60, "no weights"), part("short", 5, 60)],
    30,
    run,
    (all) => void seen.push(all.length),
    () => clock,
  );
  expect(limits).toEqual([
    ["first", 20],
    ["short", 10],
  ]);
  expect(outcomes.map(({ name, status, why }) => [name, status, why])).toEqual([
    ["first", "done", undefined],
    ["long", "not run", "it takes 15 s and more, and 10 s are left"],
    ["lacking", "not run", "no weights"],
    ["short", "done", undefined],
  ]);
  expect(outcomes.map(({ seconds }) => seconds)).toEqual([20, 0, 0, 5]);
  expect(seen).toEqual([1, 1, 2, 3, 4, 4]);
});

test("rows of a child that is ended at its limit are kept, and one that crashes says how", async () => {
  const folder = mkdtempSync(join(tmpdir(), "spade-gpu-"));
  try {
    const script = join(folder, "part.mjs");
    writeFileSync(
      script,
      `process.send({ row: { what: process.argv[3], args: process.argv.slice(4) } }, () => {
        if (process.argv[3] === "crash") process.exit(7);
        if (process.argv[3] === "fine") process.send({ done: true }, () => process.exit(0));
      });
      setInterval(() => {}, 1000);`,
    );
    const run = partRunner(script, ["--quick"]);
    const rows: Row[] = [];
    const of = (name: string, seconds: number): ReturnType<RunPart> =>
      run(part(name, 1, 60), seconds, (row) => void rows.push(row));
    expect(await of("fine", 60)).toEqual({ status: "done" });
    expect(await of("crash", 60)).toEqual({ status: "failed", why: "its process ended (7)" });
    expect(await of("hang", 5)).toEqual({ status: "stopped", why: "after 5 s, its limit" });
    expect(rows).toEqual(["fine", "crash", "hang"].map((what) => ({ what, args: ["--quick"] })));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);

const outcome = (over: Partial<Outcome>): Outcome => ({
  name: "kernels",
  title: "kernels",
  status: "done",
  seconds: 1,
  rows: [],
  ...over,
});
const PEAKS = outcome({
  name: "peaks",
  title: "peaks",
  rows: [
    { what: "multiply-add", flops: 2e12, peak: "multiply-add" },
    { what: "a matrix", flops: 4e12, peak: "matrix" },
    { what: "another", flops: 8e12, peak: "matrix" },
  ],
});

test("the table has every row's share of both peaks, and says what did not run", () => {
  expect(peaksOf([PEAKS])).toEqual({ multiplyAdd: 2e12, matrix: 8e12 });
  const lines = table([
    PEAKS,
    outcome({ rows: [{ what: "gemm", ms: 0.25, flops: 1e12, note: "9 GB/s" }] }),
    outcome({ title: "street", status: "not run", why: "no weights", seconds: 0 }),
  ]);
  const gemm = lines.find((line) => line.includes("gemm"))!;
  expect(gemm.split(/\s{2,}/).filter(Boolean)).toEqual(["0.250", "1000", "50 %", "13 %", "gemm", "(9 GB/s)"]);
  expect(lines).toContain("street, 0 s: not run (no weights)");
  expect(peaksOf([outcome({})])).toEqual({});
});

test("a failed part or a wrong result is a failure; one that did not run or was stopped is none", () => {
  expect(holds([PEAKS, outcome({ status: "stopped" }), outcome({ status: "not run" })])).toBe(true);
  expect(holds([PEAKS, outcome({ status: "failed" })])).toBe(false);
  expect(holds([outcome({ rows: [{ what: "doctor", problem: "off by 1" }] })])).toBe(false);
});

test("a report replaces the one before, and leaves nothing beside it", () => {
  const folder = mkdtempSync(join(tmpdir(), "spade-gpu-"));
  try {
    const path = join(folder, "results", "gpu.json");
    const report = { quick: true, minutes: 8, began: "now", parts: [PEAKS] };
    writeReport(path, { ...report, parts: [] });
    writeReport(path, report);
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual(report);
    expect(readdirSync(join(folder, "results"))).toEqual(["gpu.json"]);
    expect(slug("NVIDIA H200 (driver 550)")).toBe("nvidia-h200-driver-550");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a batch's maps are all different, with instances that changed alike", () => {
  const maps = varied(
    demoMaps().map((name) => demoMap(name, 64)),
    12,
  );
  const texts = maps.map(({ label }) => Buffer.from(label.data).toString("base64"));
  expect(new Set(texts).size).toBe(12);
  const [first, , , turned] = maps;
  expect([...turned.instance!.data]).toEqual([...first.instance!.data].reverse());
  expect(() => varied(maps.slice(0, 1), 5)).toThrow("5 different");
});
