// npm run fuzz -- [READER|all] [N] [--seed S]: N mutants and the hostile files of a reader. Each reader runs in a child of its own with a
// cap on its memory and a limit of time for each file; prints a table, and exits 1 if one failed in any way but one line.
// npm run fuzz -- --replay READER SEED INDEX [OUT]: that file again, in this process; also written to OUT.

import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { Files, type Outcome } from "./run.ts";
import { READERS } from "./readers.ts";

/** Of the child's memory. */
const CAP_MB = 400;
const HEAP_MB = 300;
/** For one file. */
const LIMIT_MS = 10_000;
const DEFAULT_COUNT = 10_000;

type Ending = Outcome | "hang" | "cap" | "crash";
const BAD: readonly Ending[] = ["raw", "hang", "cap", "crash"];

interface Report {
  index: number;
  /** Absent when the file is about to be read. */
  outcome?: Outcome;
  message?: string;
}

/** The child: reads files from `first` on and reports each before and after. */
async function work(name: string, seed: number, first: number, count: number): Promise<void> {
  const files = await Files.of(name, seed);
  const send = (report: Report): Promise<void> => new Promise((done) => process.send!(report, () => done()));
  const end = files.hostileCount + count;
  for (let index = first; index < end; index++) {
    const bytes = files.at(index);
    await send({ index });
    const { outcome, message } = await files.run(bytes);
    await send({ index, outcome, message: outcome === "raw" ? message : "" });
  }
  process.disconnect();
}

function residentMb(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

interface Tally {
  counts: Record<Ending, number>;
  peakMb: number;
  slowestMs: number;
  /** Indices of failures. */
  bad: { index: number; ending: Ending; message: string }[];
}

/** Runs a child from `first` on, until it is done or a file ends it. Gives the next index, or undefined when done. */
function runChild(name: string, seed: number, first: number, count: number, tally: Tally): Promise<number | undefined> {
  const child = spawn(
    process.execPath,
    [`--max-old-space-size=${HEAP_MB}`, process.argv[1], "--child", name, String(seed), String(first), String(count)],
    { stdio: ["ignore", "ignore", "ignore", "ipc"] },
  );
  let at = first;
  let since = performance.now();
  let busy = false;
  let done = false;
  let killedFor: Ending | undefined;
  const watch = setInterval(() => {
    const mb = residentMb(child.pid!);
    tally.peakMb = Math.max(tally.peakMb, mb);
    if (mb > CAP_MB) killedFor = "cap";
    else if (busy && performance.now() - since > LIMIT_MS) killedFor = "hang";
    if (killedFor) child.kill("SIGKILL");
  }, 20);
  child.on("message", ({ index, outcome, message = "" }: Report) => {
    at = index;
    busy = outcome === undefined;
    if (outcome === undefined) return void (since = performance.now());
    tally.slowestMs = Math.max(tally.slowestMs, performance.now() - since);
    tally.counts[outcome]++;
    if (outcome === "raw") tally.bad.push({ index, ending: "raw", message });
  });
  child.on("disconnect", () => (done = !busy));
  return new Promise((resolve) => {
    child.on("close", (code, signal) => {
      clearInterval(watch);
      if (done && code === 0 && !killedFor) return resolve(undefined);
      const ending = killedFor ?? "crash";
      tally.counts[ending]++;
      tally.bad.push({ index: at, ending, message: `exit ${code ?? signal}` });
      resolve(at + 1);
    });
  });
}

async function fuzz(name: string, seed: number, count: number): Promise<Tally> {
  const tally: Tally = {
    counts: { read: 0, refused: 0, raw: 0, hang: 0, cap: 0, crash: 0 },
    peakMb: 0,
    slowestMs: 0,
    bad: [],
  };
  for (let first: number | undefined = 0; first !== undefined && tally.bad.length < 50;)
    first = await runChild(name, seed, first, count, tally);
  return tally;
}

async function main(args: string[]): Promise<number> {
  if (args[0] === "--child") {
    await work(args[1], Number(args[2]), Number(args[3]), Number(args[4]));
    return 0;
  }
  if (args[0] === "--replay") {
    const files = await Files.of(args[1], Number(args[2]));
    const bytes = files.at(Number(args[3]));
    if (args[4]) writeFileSync(args[4], bytes);
    const { outcome, message } = await files.run(bytes);
    console.log(`${bytes.length} bytes: ${outcome} ${message}`);
    return outcome === "raw" ? 1 : 0;
  }
  const seedAt = args.indexOf("--seed");
  const seed = seedAt < 0 ? 1 : Number(args.splice(seedAt, 2)[1]);
  const [which = "all", number = String(DEFAULT_COUNT)] = args;
  const names = which === "all" ? Object.keys(READERS) : [which];
  if (!names.every((name) => Object.hasOwn(READERS, name)) || !Number.isInteger(Number(number))) {
    console.error(`usage: npm run fuzz -- [all|${Object.keys(READERS).join("|")}] [N] [--seed S]`);
    return 1;
  }
  const heads: readonly Ending[] = ["read", "refused", "raw", "hang", "cap", "crash"];
  console.log(`${"reader".padEnd(14)}${heads.map((h) => h.padStart(9)).join("")}  peak MB  slowest ms`);
  let failed = 0;
  for (const name of names) {
    const { counts, peakMb, slowestMs, bad } = await fuzz(name, seed, Number(number));
    failed += BAD.reduce((n, ending) => n + counts[ending], 0);
    const row = heads.map((h) => String(counts[h]).padStart(9)).join("");
    console.log(`${name.padEnd(14)}${row}${peakMb.toFixed(0).padStart(9)}${slowestMs.toFixed(0).padStart(12)}`);
    for (const { index, ending, message } of bad)
      console.log(
        `  ${ending}: npm run fuzz -- --replay ${name} ${seed} ${index}   ${message.split("\n").slice(0, 3).join(" | ")}`,
      );
  }
  return failed ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
