// npm run bench:static [-- FAMILY ...] [--kernel SHADER] [--workload NAME] [--sizes AS] [--all] [--check]: what AMD's compiler makes of every kernel, for GPUs that are not there
// (scripts/null/): registers, spills, waves, and the instructions of the loop where the time goes. Families are called as RADV calls them.
// Writes bench/results/static-FAMILY.json, unless it checks.
//   --kernel    compiles one shader's pipelines alone, and writes nothing
//   --workload  compiles what one workload runs (coco, "coco f32", street, landscape, training), and writes nothing
//   --sizes     compiles with sizes as constants (override), in uniforms (uniform), or as hardware does (mixed), and writes nothing
//   --all       a row for every different result of a kernel's sizes, not for the largest alone
//   --check     compares with the stored results; fails where a kernel starts to spill or loses a tenth of its multiply-adds for
//               each instruction

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { SizesAs } from "../src/runtime/wgsl.ts";
import { commit } from "./lib/measure.ts";
import { root } from "./lib/maps.ts";
import { compare } from "./static/check.ts";
import { compileAll, type Selection } from "./static/compile.ts";
import type { Compiled } from "./static/dump.ts";
import { kernelsOf, keyOf, type Kernel } from "./static/kernels.ts";
import { CHILD, compileOn, FAMILIES, isFamily, whyNot } from "./static/spawn.ts";
import { EXPLANATION, table } from "./static/table.ts";

/** A result file. */
interface Result {
  family: string;
  driver: string;
  commit: string | undefined;
  node: string;
  seconds: number;
  pipelines: number;
  kernels: Kernel[];
}

const fileOf = (family: string): string => join(root, "bench", "results", `static-${family}.json`);

/** JSON with one line for each different result of a kernel. */
function write(path: string, { kernels, ...about }: Result): void {
  const lines = kernels.map(({ made, ...kernel }) => {
    const rows = made.map((m) => `   ${JSON.stringify(m)}`).join(",\n");
    return `  ${JSON.stringify(kernel).slice(0, -1)},"made":[\n${rows}]}`;
  });
  const head = JSON.stringify(about, null, 1).slice(0, -2);
  writeFileSync(path, `${head},\n "kernels": [\n${lines.join(",\n")}\n ]\n}\n`);
}

async function measure(family: string, selection: Selection): Promise<Result> {
  const start = performance.now();
  const seconds = (): number => Math.round((performance.now() - start) / 1e3);
  const compiled: Compiled[] = [];
  let driver = "";
  let pipelines = 0;
  await compileOn(family, selection, {
    begin(name, count) {
      [driver, pipelines] = [name, count];
      console.error(`${family}: ${driver}, ${pipelines} pipelines`);
    },
    compiled(pipeline) {
      compiled.push(pipeline);
      if (compiled.length % 250 === 0)
        console.error(`[${String(seconds()).padStart(4)} s] ${compiled.length} of ${pipelines}`);
    },
  });
  const kernels = kernelsOf(compiled, family);
  return { family, driver, commit: commit(), node: process.version, seconds: seconds(), pipelines, kernels };
}

/** Prints how a result compares with the stored one. @param isPart it lacks kernels that the stored one has @returns whether it holds */
function check(result: Result, isPart: boolean): boolean {
  const path = fileOf(result.family);
  if (!existsSync(path)) {
    console.error(`${path} is missing; run bench:static without --check to write it`);
    return false;
  }
  const stored = JSON.parse(readFileSync(path, "utf8")) as Result;
  const { failures, notes } = compare(stored.kernels, result.kernels);
  if (stored.driver !== result.driver)
    console.log(`stored with ${stored.driver}, compiled with ${result.driver}: a difference may be the compiler's`);
  for (const note of isPart ? [] : notes) console.log(note);
  for (const failure of failures) console.log(`FAILED: ${failure}`);
  if (!failures.length) console.log(`all hold, compared with ${stored.commit ?? "the stored results"}`);
  return !failures.length;
}

const isSizesAs = (text: string): text is SizesAs => ["override", "uniform", "mixed"].includes(text);

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      kernel: { type: "string" },
      workload: { type: "string" },
      sizes: { type: "string" },
      all: { type: "boolean", default: false },
      check: { type: "boolean", default: false },
    },
  });
  const { kernel: shader, workload, sizes } = values;
  const isPart = [shader, workload, sizes].some((wish) => wish !== undefined);
  const unknown = positionals.find((name) => !isFamily(name));
  const problem = unknown
    ? `"${unknown}" is no family of GPUs; use such as ${FAMILIES.join(", ")}`
    : sizes !== undefined && !isSizesAs(sizes)
      ? `--sizes ${sizes}: use mixed, override or uniform`
      : whyNot();
  if (problem) {
    console.error(`bench:static: ${problem}`);
    return 1;
  }
  if (values.check && workload) {
    console.error("bench:static: what one workload runs can't be checked alone; leave --workload out");
    return 1;
  }
  let holds = true;
  for (const family of positionals.length ? positionals : FAMILIES) {
    const result = await measure(family, { shader, workload, sizesAs: sizes as SizesAs | undefined });
    if (!result.pipelines)
      throw new Error("bench:static: there is nothing to compile: no pipeline is of this kernel and workload");
    console.log(
      `\n${family}: ${result.pipelines} pipelines of ${result.kernels.length} kernels in ${result.seconds} s`,
    );
    for (const line of table(result.kernels, values.all)) console.log(line);
    for (const { made, ...kernel } of result.kernels) {
      const bad = made.filter((m) => m.spills || m.scratch);
      if (bad.length)
        console.log(`${keyOf(kernel)}: spills or uses scratch in ${bad.length} of ${made.length} results`);
    }
    if (values.check) holds = check(result, isPart) && holds;
    else if (!isPart) write(fileOf(family), result);
  }
  console.log(`\n${EXPLANATION}`);
  return holds ? 0 : 1;
}

const [mode, selection] = process.argv.slice(2);
if (mode === CHILD) {
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  await compileAll(JSON.parse(selection) as Selection);
  process.exit(0);
}
try {
  process.exit(await main());
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}
