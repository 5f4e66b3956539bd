// npm run bench -- tune [--out FILE] [--workload NAME] [--rounds N]: writes a plan file of the variants that are fastest on this adapter. Every
// choice that the workloads' recordings make is computed alone, in every variant that the adapter runs, products inside a convolution among
// them. Each candidate's result must be that of the plainest variant; then all take turns, and medians count. A plan names only what is at
// least 5 % faster than what the adapter runs without one, and faster in four turns of five: less is noise. Nothing else in the engine ever
// times anything.
//   --out       the plan file, plan.json by default; SPADE_VARIANTS=FILE or --variants FILE uses it
//   --workload  one of coco, "coco f32", street, landscape, training; all that paint by default
//   --rounds    turns of each candidate, 5 by default

import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { openNodeDevice } from "../src/node/dawn.ts";
import { largestError } from "./lab/contest.ts";
import { choose } from "../kernels/parts/variants.ts";
import { asked, candidates, choiceOf, openAlone, shapeOf, type Choice, type Plan, type Stored } from "./lib/choices.ts";
import { clockOf, machine, median, timeOnDevice } from "./lib/measure.ts";
import { workloads } from "./static/workloads.ts";

/** Most error of a value, relative to the largest of the plainest variant's: Winograd's rounding over the nets' longest sums. */
const TOLERANCE: Record<Stored, number> = { f32: 1e-4, f16: 2e-2 };
const LEAST_GAIN = 1.05;
/** The share of the turns in which it must be faster. */
const LEAST_WINS = 0.8;
/** A candidate that takes this many times as long as the best one is timed no more. */
const FAR_BEHIND = 3;

const { values } = parseArgs({
  options: {
    out: { type: "string", default: "plan.json" },
    workload: { type: "string" },
    rounds: { type: "string", default: "5" },
    quick: { type: "boolean", default: false },
    json: { type: "string" },
  },
});
const rounds = values.quick ? 1 : Number(values.rounds);
const all = await workloads();
const chosen = all.filter(({ name }) => (values.workload ? name === values.workload : name !== "training"));
if (!chosen.length || !(rounds >= 1)) {
  console.error(`bench tune: use --rounds 1 or more, and --workload ${all.map(({ name }) => `"${name}"`).join(", ")}`);
  process.exit(1);
}
const device = await openNodeDevice();
const dtype: Stored = !device.software && device.gpu.features.has("shader-f16") ? "f16" : "f32";
console.log(
  `${device.name}, ${dtype}, times by ${clockOf(device)}, for ${chosen.map(({ name }) => name).join(", ")}\n`,
);

const keys = new Set(chosen.flatMap(({ record }) => asked(device.target, (target) => void record(target))));
// A convolution settles the products inside it; what is left are products of their own.
const order = [...keys].map(choiceOf).sort((a, b) => Number(a.op === "gemm") - Number(b.op === "gemm"));
const settled: Record<string, string> = {};
const plan: Record<string, string> = {};
/** Products that some convolution's candidates have inside. */
const inside = new Set<string>();
const left: string[] = [];
let [before, after] = [0, 0];

/** ms of every candidate, a number for each turn; none for one whose result is wrong, or that is far behind. */
async function contest(choice: Choice, plans: readonly Plan[]): Promise<number[][]> {
  const open = await Promise.all(plans.map((p) => openAlone(device, choice, { ...settled, ...p }, dtype)));
  try {
    for (const { program, counts } of open) await program.run({ counts });
    const results = await Promise.all(open.map(({ program }) => program.read("y")));
    const errors = results.map((y) => largestError(y, results.at(-1)!));
    const running = new Set([...plans.keys()].filter((i) => errors[i] <= TOLERANCE[dtype]));
    for (const [i, p] of plans.entries())
      if (!running.has(i)) console.log(`  WRONG by ${errors[i].toExponential(1)}: ${JSON.stringify(p)}`);
    const ms = plans.map((): number[] => []);
    for (let round = 0; round < rounds; round++) {
      for (const turn of plans.keys()) {
        const i = (turn + round) % plans.length;
        if (running.has(i)) ms[i].push(median(await timeOnDevice(open[i].program, { counts: open[i].counts }, 3)));
      }
      const best = Math.min(...[...running].map((i) => median(ms[i])));
      for (const i of running) if (median(ms[i]) > FAR_BEHIND * best) running.delete(i);
    }
    return ms.map((times, i) => (running.has(i) ? times : []));
  } finally {
    for (const { dispose } of open) dispose();
  }
}

/** What the adapter runs without a plan. */
const usual = (key: string): string => {
  const choice = choiceOf(key);
  return choose(choice.op, device.target, shapeOf(choice));
};

for (const choice of order) {
  if (choice.key in settled) continue;
  const plans = candidates(device, choice, settled, dtype);
  if (!plans) {
    if (!inside.has(choice.key)) left.push(choice.key);
    continue;
  }
  for (const key of plans.flatMap((p) => Object.keys(p))) inside.add(key);
  if (plans.length < 2) continue;
  const ms = await contest(choice, plans);
  const middle = ms.map((times) => (times.length ? median(times) : Infinity));
  const own = plans.findIndex((p) => Object.entries(p).every(([key, name]) => usual(key) === name));
  const best = middle.indexOf(Math.min(...middle));
  const wins = ms[best].filter((t, round) => !(t >= ms[own][round])).length;
  const gains = middle[own] >= LEAST_GAIN * middle[best] && wins >= LEAST_WINS * rounds;
  const taken = gains ? best : own;
  Object.assign(settled, plans[taken]);
  for (const [key, name] of Object.entries(plans[taken])) if (usual(key) !== name) plan[key] = name;
  if (ms[own].length) [before, after] = [before + middle[own], after + middle[taken]];
  const names = (p: Plan): string => Object.values(p).join(" + ");
  const times = plans.flatMap((p, i) => (ms[i].length ? [`${names(p)} ${middle[i].toFixed(3)}`] : []));
  console.log(`${gains ? "*" : " "} ${choice.key}: ${names(plans[taken])}   (ms: ${times.join(", ")})`);
}
writeFileSync(values.out, `${JSON.stringify(plan, null, 1)}\n`);
if (left.length) console.log(`\nleft as they are, because nothing here computes them alone: ${left.join("; ")}`);
console.log(
  `\n${values.out}: ${Object.keys(plan).length} entries; each choice once, ${before.toFixed(1)} ms without it, ${after.toFixed(1)} ms with it`,
);
if (values.json)
  writeFileSync(values.json, JSON.stringify({ ...machine(device), dtype, plan, before, after, left }, null, 1));
device.dispose();
process.exit(0);
