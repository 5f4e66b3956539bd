// Runs vitest and ends with the line "N passed, N failed". A file that does not load, an error outside a test, a crash and a run over
// the time limit count as failures. Arguments are passed to vitest.

import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const LIMIT_MINUTES = 38;
const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const report = join(root, ".setup", `test-${process.pid}.json`);
mkdirSync(dirname(report), { recursive: true });

const args = [
  "node_modules/vitest/vitest.mjs",
  "run",
  "--reporter=default",
  "--reporter=json",
  `--outputFile.json=${report}`,
  ...process.argv.slice(2),
];
const child = spawn(process.execPath, args, { cwd: root, stdio: "inherit" });
let late = false;
const timer = setTimeout(() => {
  late = true;
  child.kill("SIGKILL");
}, LIMIT_MINUTES * 60_000);
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
const code = await new Promise((resolve) => child.on("close", (status) => resolve(status ?? 1)));
clearTimeout(timer);

let passed = 0;
let failed = 0;
let skipped = 0;
try {
  for (const file of JSON.parse(readFileSync(report, "utf8")).testResults) {
    const count = (status) => file.assertionResults.filter((t) => t.status === status).length;
    passed += count("passed");
    failed += count("failed");
    skipped += file.assertionResults.length - count("passed") - count("failed");
    if (file.status === "failed" && count("failed") === 0) failed++;
  }
} catch {
  console.error("vitest left no report");
}
rmSync(report, { force: true });
if (late) console.error(`stopped after ${LIMIT_MINUTES} minutes`);
if (code !== 0 && failed === 0) failed = 1;
if (skipped && !args.includes("-t"))
  console.log(`${skipped} not run (they need files, an adapter, a Chromium or an MPI that are not here)`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
