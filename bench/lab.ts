// npm run bench -- lab [--quick] [--json FILE]: kernels that were tried and lost, each beside the production kernel in one run. A lesson is a
// file of bench/lab/; its header says what was expected, what was measured and why it lost.

import { writeFileSync } from "node:fs";
import { openNodeDevice } from "../src/node/dawn.ts";
import { machine, median } from "./lib/measure.ts";
import { hold, type Outcome } from "./lab/contest.ts";
import { LESSONS } from "./lab/lessons.ts";

const rounds = process.argv.includes("--quick") ? 3 : 9;
const device = await openNodeDevice();
console.log(`${device.name}, medians of ${rounds} runs in turns\n`);
const outcomes: Outcome[] = [];
for (const lesson of LESSONS) {
  console.log(lesson.title);
  for await (const contest of lesson.contests(device)) {
    const o = await hold(lesson.title, contest, rounds);
    outcomes.push(o);
    const [lost, production] = [o.ms.lost, o.ms.production].map((ms) => `${median(ms).toFixed(2)} ms`);
    console.log(`  ${o.shape}`);
    console.log(`    ${o.lost} ${lost}, ${o.production} ${production}: ${o.ratio.toFixed(2)} x the time`);
    console.log(`    equal within ${o.error.toExponential(1)} of the largest value${o.note ? `; ${o.note}` : ""}`);
  }
}
const jsonAt = process.argv.indexOf("--json");
if (jsonAt >= 0) writeFileSync(process.argv[jsonAt + 1], JSON.stringify({ ...machine(device), outcomes }, null, 1));
device.dispose();
process.exit(0);
