// npm run conformance -- [--lines] DIR...: every reference case of the folders; case, quantity, error, tolerance, verdict. Exits 1 if one fails.
// CASE=A,B takes those whose names contain A or B; --lines prints a line of JSON for each case, and nothing else.

import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { openNodeDevice } from "../../src/node/dawn.ts";
import { runCase } from "./cases.ts";

const folders = process.argv.slice(2).filter((a) => !a.startsWith("-"));
if (!folders.length) {
  console.error("usage: npm run conformance -- DIR [DIR ...]   folders of reference cases (.safetensors)");
  process.exit(1);
}
const lines = process.argv.includes("--lines");
const say = (text: string): void => {
  if (!lines) console.log(text);
};
const device = await openNodeDevice();
say(`adapter: ${device.name}`);
const counts = { pass: 0, FAIL: 0, "ill-posed": 0, "not run": 0 };
const only = process.env.CASE?.split(",");
for (const folder of folders) {
  const files = (await readdir(folder))
    .filter((f) => f.endsWith(".safetensors") && (!only || only.some((part) => f.includes(part))))
    .sort();
  if (!files.length) {
    console.error(`${folder}: holds no .safetensors; give a folder made by make_goldens.py`);
    process.exit(1);
  }
  for (const file of files) {
    const start = performance.now();
    const { kind, verdicts } = await runCase(join(folder, file), device);
    const seconds = (performance.now() - start) / 1e3;
    if (lines) console.log(JSON.stringify({ file: basename(file, ".safetensors"), kind, seconds, verdicts }));
    say(`\n${basename(file)}  (${kind}, ${seconds.toFixed(1)} s)`);
    for (const v of verdicts) {
      counts[v.verdict]++;
      const figures = Number.isNaN(v.error)
        ? v.quantity
        : `${v.quantity.padEnd(26)} ${v.error.toExponential(2)} <= ${v.tolerance.toExponential(0)}`;
      say(`  ${v.verdict.padEnd(9)} ${v.name.padEnd(34)} ${figures}`);
    }
  }
}
if (counts["ill-posed"])
  say(
    "\nill-posed: rounding the case's weights and statistics once more moves the reference by more than its tolerance",
  );
say(`\n${counts.pass} passed, ${counts.FAIL} failed, ${counts["ill-posed"]} ill-posed, ${counts["not run"]} not run`);
device.dispose();
process.exit(counts.FAIL ? 1 : 0);
