// Training steps of a small net on each rank, with a picture each; writes what came of them and what exchanges took to a folder, RANK.json. With
// "f16" after it: gradients in halves, and after them rank 1 changes a weight, which the check of equal weights must find.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openNodeDevice } from "../../../src/node/dawn.ts";
import { mpiLaunch } from "../../../src/node/mpi_launch.ts";
import { Ranks } from "../../../src/node/ranks.ts";
import { SpadeError } from "../../../src/runtime/errors.ts";
import { stepPeers } from "../../../src/training/peers/peers.ts";
import { checkSame } from "../../../src/training/peers/same_weights.ts";
import { open, STEPS, trained } from "../small.ts";

const halves = process.argv.includes("f16");
const ranks = await Ranks.open(mpiLaunch()!);
if (halves) ranks.dtype = "f16";
const device = await openNodeDevice();
const stepper = await open(device, 1, { exchange: ranks.exchange, peers: stepPeers(ranks) });
const found = await trained(stepper, ranks.rank);
if (halves && ranks.rank === 1) {
  const key = "fc.bias";
  stepper.nets.G.write(key, (await stepper.nets.G.read(key)).fill(0.5, 0, 1));
}
let drift = "";
try {
  await checkSame(ranks, stepper.nets, STEPS);
} catch (error) {
  if (!(error instanceof SpadeError)) throw error;
  drift = error.message;
}
const { few, gradients } = ranks.spent;
const spent = { few: [few.calls, few.bytes], gradients: [gradients.calls, gradients.bytes] };
// Not printed: mpirun mixes long lines of several ranks.
writeFileSync(
  join(process.argv[2], `${ranks.rank}.json`),
  JSON.stringify({ rank: ranks.rank, ...found, drift, spent }),
);
ranks.mpi.finalize();
// Dawn's threads would keep the process alive.
process.exit(0);
