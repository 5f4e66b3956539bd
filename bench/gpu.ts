// npm run bench:gpu [-- --quick] [--minutes N] [--parts A,B] [--json FILE]: everything worth knowing of a GPU, in order of worth, in eight minutes.
// Each part runs in a process of its own (gpu/part_process.ts), which is ended at the part's limit; one that would not fit is named. The JSON
// is written after every row. Times are medians; what runs on the device alone is timed by its timestamps where it has them.
//   --quick       small nets, few runs
//   --minutes     for all parts; 8 by default
//   --parts       these alone, by name
//   --json        where to; by default bench/results/gpu-ADAPTER.json
//   --torch-cpu   PyTorch on the CPU where there is no CUDA, to try that part
// Exit code 1: a part failed, or a result is wrong.

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { answer, CHILD, partRunner } from "./gpu/part_process.ts";
import { parts } from "./gpu/parts.ts";
import { holds, slug, table, writeReport, type Report } from "./gpu/report.ts";
import { runParts, type Outcome } from "./gpu/schedule.ts";
import { root } from "./lib/maps.ts";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    minutes: { type: "string", default: "8" },
    parts: { type: "string" },
    json: { type: "string" },
    "torch-cpu": { type: "boolean", default: false },
    [CHILD.slice(2)]: { type: "string" },
  },
});
const { quick, "torch-cpu": torchCpu } = values;
const all = parts({ quick, torchCpu });

async function main(): Promise<number> {
  const minutes = Number(values.minutes);
  const wanted = values.parts?.split(",");
  const unknown = wanted?.find((name) => !all.some((part) => part.name === name));
  if (!(minutes > 0) || unknown) {
    const names = all.map(({ name }) => name).join(", ");
    console.error(
      `bench:gpu: ${unknown ? `"${unknown}" is no part; use ${names}` : `--minutes ${values.minutes} is no time; give a number above 0`}`,
    );
    return 1;
  }
  const report: Report = { quick, minutes, began: new Date().toISOString(), parts: [] };
  let path = values.json;
  const options = [...(quick ? ["--quick"] : []), ...(torchCpu ? ["--torch-cpu"] : [])];
  const told = new Set<Outcome>();
  const began = performance.now();
  const say = (line: string): void =>
    console.error(`[${((performance.now() - began) / 1e3).toFixed(0).padStart(4)} s] ${line}`);
  const changed = (outcomes: readonly Outcome[]): void => {
    report.parts = outcomes;
    report.machine ??= outcomes[0].rows[0]?.machine as Report["machine"];
    const { device, adapter } = report.machine ?? {};
    path ??=
      report.machine &&
      join(root, "bench", "results", `gpu-${quick ? "quick-" : ""}${slug((device || adapter) as string)}.json`);
    if (path) writeReport(path, report);
    for (const outcome of outcomes) {
      if (outcome.status === "runs" || told.has(outcome)) continue;
      told.add(outcome);
      say(`${outcome.name}: ${outcome.status}${outcome.why ? ` (${outcome.why})` : ""}`);
    }
  };
  // The doctor finds the adapter, whose name the file has.
  const chosen = all.filter(({ name }, i) => i === 0 || !wanted || wanted.includes(name));
  const outcomes = await runParts(chosen, 60 * minutes, partRunner(fileURLToPath(import.meta.url), options), changed);
  const { adapter, driver, commit, clock } = report.machine ?? {};
  console.log(
    `\n${adapter ?? "no adapter"}; driver ${driver ?? "unknown"}; commit ${commit ?? "unknown"}${quick ? "; quick" : ""}`,
  );
  console.log(
    `medians; "new map", "new style" and "step" are the host's time with reading back, all else is of the device, by ${clock === "timestamps" ? "its timestamps" : "the host's clock: it has no timestamps"}`,
  );
  console.log(
    "GFLOP/s count the direct sum, also where a kernel computes less; a net's picture counts what its kernels do\n",
  );
  for (const line of table(outcomes)) console.log(line);
  if (path) console.log(`\n${path}`);
  return holds(outcomes) ? 0 : 1;
}

const name = values[CHILD.slice(2)] as string | undefined;
if (name !== undefined) await answer(all.find((part) => part.name === name)!.measure({ quick, torchCpu }));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
process.exit(await main());
