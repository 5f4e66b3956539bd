// npm run conformance -- DIR...: every reference case of the folders; case, quantity, error, tolerance, verdict. Exits 1 if one fails.

import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { openNodeDevice } from "../../src/node/dawn.ts";
import { runCase } from "./cases.ts";

const folders = process.argv.slice(2).filter((a) => !a.startsWith("-"));
if (!folders.length) {
  console.error("usage: npm run conformance -- DIR [DIR ...]   folders of reference cases (.safetensors)");
  process.exit(1);
}
const device = await openNodeDevice();
console.log(`adapter: ${device.name}`);
const counts = { pass: 0, FAIL: 0, "ill-posed": 0, "not run": 0 };
const only = process.env.CASE;
for (const folder of folders) {
  const files = (await readdir(folder)).filter((f) => f.endsWith(".safetensors") && (!only || f.includes(only))).sort();
  if (!files.length) {
    console.error(`${folder}: holds no .safetensors; give a folder made by make_goldens.py`);
    process.exit(1);
  }
  for (const file of files) {
    const start = performance.now();
    const { kind, verdicts } = await runCase(join(folder, file), device);
    console.log(`\n${basename(file)}  (${kind}, ${((performance.now() - start) / 1e3).toFixed(1)} s)`);
    for (const v of verdicts) {
      counts[v.verdict]++;
      const figures = Number.isNaN(v.error)
        ? v.quantity
        : `${v.quantity.padEnd(26)} ${v.error.toExponential(2)} <= ${v.tolerance.toExponential(0)}`;
      console.log(`  ${v.verdict.padEnd(9)} ${v.name.padEnd(34)} ${figures}`);
    }
  }
}
if (counts["ill-posed"])
  console.log(
    "\nill-posed: rounding the case's weights and statistics once more moves the reference by more than its tolerance",
  );
console.log(
  `\n${counts.pass} passed, ${counts.FAIL} failed, ${counts["ill-posed"]} ill-posed, ${counts["not run"]} not run`,
);
device.dispose();
process.exit(counts.FAIL ? 1 : 0);
