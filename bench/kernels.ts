// npm run bench -- kernels [--quick] [--json FILE]: every heavy kernel in every variant that this adapter runs (lib/kernels.ts): GFLOP/s of
// the direct sum, share of the measured multiply-add peak, and GB/s against a measured copy. Medians; times are of the device's timestamps, or
// of the host where the adapter has none.

import { writeFileSync } from "node:fs";
import { openNodeDevice } from "../src/node/dawn.ts";
import { timeKernels, type KernelRow } from "./lib/kernels.ts";
import { clockOf, machine, median } from "./lib/measure.ts";
import { probe } from "./lib/roofline.ts";

const quick = process.argv.includes("--quick");
const jsonAt = process.argv.indexOf("--json");
const device = await openNodeDevice();
const roofline = await probe(device);
console.log(
  `${device.name}\nmultiply-add peak ${(roofline.flops / 1e9).toFixed(1)} GFLOP/s, copy ${(roofline.bytes / 1e9).toFixed(1)} GB/s; times by ${clockOf(device)}\n`,
);
console.log("        ms    GFLOP/s  of peak      GB/s  of copy  kernel");
const rows: KernelRow[] = [];
for await (const row of timeKernels(device, { quick, runs: quick ? 3 : 7 })) {
  rows.push(row);
  const t = median(row.ms);
  const gflops = row.flops / t / 1e6;
  const gbytes = row.bytes / t / 1e6;
  console.log(
    `${t.toFixed(2).padStart(10)} ${gflops.toFixed(2).padStart(10)} ${((1e11 * gflops) / roofline.flops).toFixed(0).padStart(7)}% ${gbytes.toFixed(2).padStart(9)} ${((1e11 * gbytes) / roofline.bytes).toFixed(0).padStart(7)}%  ${row.name}`,
  );
}
if (jsonAt >= 0)
  writeFileSync(
    process.argv[jsonAt + 1],
    JSON.stringify({ ...machine(device), clock: clockOf(device), roofline, rows }, null, 1),
  );
device.dispose();
process.exit(0);
