// npm run bench [-- kernels|model|labels|edits|memory|segmenter|regions|lab ...] [--quick] [--json FOLDER]: each bench in a separate process; all
// if none is named. `tune`, which writes a plan file, runs only if it is named.

import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ALL = ["kernels", "model", "labels", "edits", "memory", "segmenter", "regions", "lab"];
const NAMED = ["tune"];
const argv = process.argv.slice(2);
const jsonAt = argv.indexOf("--json");
const folder = jsonAt >= 0 ? argv.splice(jsonAt, 2)[1] : undefined;
if (argv.includes("--help") || argv.includes("-h")) {
  console.log(
    "usage: npm run bench -- [kernels|model|labels|edits|memory|segmenter|regions|lab ...] [--quick] [--json FOLDER]   all if none is named\n       npm run bench -- tune [--out=FILE] [--workload=NAME] [--rounds=N]   writes a plan file of this adapter's fastest variants",
  );
  process.exit(0);
}
const names = argv.filter((a) => !a.startsWith("-"));
const unknown = names.find((n) => !ALL.includes(n) && !NAMED.includes(n));
if (unknown) {
  console.error(
    `bench ${unknown}: there is no such bench; use ${[...ALL, ...NAMED].join(", ")} (peers: npm run bench:peers)`,
  );
  process.exit(1);
}
if (folder) mkdirSync(folder, { recursive: true });
for (const name of names.length ? names : ALL) {
  console.log(`\n=== ${name}`);
  const file = join(dirname(fileURLToPath(import.meta.url)), `${name}.js`);
  const options = [
    ...argv.filter((a) => a.startsWith("-")),
    ...(folder ? ["--json", join(folder, `${name}.json`)] : []),
  ];
  const { status } = spawnSync(process.execPath, [file, ...options], { stdio: "inherit" });
  // A child killed by a signal has no status.
  if (status !== 0) process.exit(status ?? 1);
}
