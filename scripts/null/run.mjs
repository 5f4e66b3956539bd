// node scripts/null/run.mjs [FAMILY] COMMAND [ARGS ...]: runs a program on the null device (null_device.mjs), navi31 by default. RADV_DEBUG is
// passed on.

import { spawnSync } from "node:child_process";
import { FAMILIES, isFamily, nullEnvironment, whyNot } from "./null_device.mjs";

const argv = process.argv.slice(2);
const family = isFamily(argv[0] ?? "") ? argv.shift() : FAMILIES[0];
const [command, ...args] = argv;
const problem = command ? whyNot() : "usage: node scripts/null/run.mjs [FAMILY] COMMAND [ARGS ...]";
if (problem) {
  console.error(problem);
  process.exit(1);
}
const env = { ...process.env, ...nullEnvironment(family, process.env.RADV_DEBUG) };
const { status, error } = spawnSync(command, args, { stdio: "inherit", env });
if (error) console.error(error.message);
process.exit(status ?? 1);
