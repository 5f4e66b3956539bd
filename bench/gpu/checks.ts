// Parts of bench:gpu that tell whether results are right: doctor and conformance, each a program of dist/.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { openNodeDevice } from "../../src/node/dawn.ts";
import { root } from "../lib/maps.ts";
import { clockOf, machine } from "../lib/measure.ts";
import { linesOf } from "./lines.ts";
import type { Row } from "./schedule.ts";

/** What the driver's own tool says, where there is one: which of several equal GPUs computes can't be told by its name. */
function nvidiaSmi(): string[] | undefined {
  const wanted = "index,name,uuid,pci.bus_id,driver_version,clocks.max.sm,clocks.max.mem,power.limit";
  const { status, stdout } = spawnSync("nvidia-smi", [`--query-gpu=${wanted}`, "--format=csv,noheader"]);
  return status === 0 ? stdout.toString().trim().split("\n") : undefined;
}

/** The first row has `machine`: what the report begins with. */
export async function* doctor(): AsyncGenerator<Row> {
  const { stdout, stderr } = spawnSync(process.execPath, [join(root, "dist", "cli.js"), "doctor", "--json"], {
    encoding: "utf8",
  });
  if (!stdout.trim().startsWith("{")) throw new Error(stderr.trim().split("\n").pop() || "doctor printed nothing");
  const report = JSON.parse(stdout) as {
    error?: { message: string };
    kernel?: { name: string; worst: number; ms: number; verdict: string };
  };
  if (report.error) throw new Error(report.error.message);
  const device = await openNodeDevice();
  const about = { ...machine(device), clock: clockOf(device), nvidiaSmi: nvidiaSmi() };
  const what = `${device.name}${device.software ? ", software" : ""}`;
  device.dispose();
  const { name, worst, ms, verdict } = report.kernel!;
  yield { what, machine: about, doctor: report, note: `times by ${about.clock}` };
  yield { what: name, ms, ...(verdict !== "right" && { problem: `off by ${worst.toExponential(1)}` }) };
}

/** One case of each kind that is quick on the host too. */
const SHORT = ["spade_norm_spadebatch5x5", "generator_tiny", "discriminator_tiny", "encoder_tiny", "train_hinge"];

interface CaseLine {
  file: string;
  kind: string;
  seconds: number;
  verdicts: { name: string; quantity: string; error: number; tolerance: number; verdict: string }[];
}

/** A row for each case of the folder; one that fails is a problem. */
export async function* conformance(folder: string, short: boolean): AsyncGenerator<Row> {
  const args = [join(root, "dist", "conformance.js"), "--lines", folder];
  const env = { ...process.env, ...(short && { CASE: SHORT.join() }) };
  // 1 says that a case fails, as its row does.
  for await (const line of linesOf(process.execPath, args, { name: "conformance", fine: [0, 1], env })) {
    const { file, kind, seconds, verdicts } = JSON.parse(line) as CaseLine;
    const failed = verdicts.filter(({ verdict }) => verdict === "FAIL");
    const count = (wanted: string): string => {
      const n = verdicts.filter(({ verdict }) => verdict === wanted).length;
      return n ? `, ${n} ${wanted}` : "";
    };
    yield {
      what: `${file} (${kind}): ${verdicts.length} compared${count("ill-posed")}${count("not run")}`,
      ms: 1e3 * seconds,
      verdicts,
      ...(failed.length && { problem: failed.map(({ name, quantity }) => `${name} ${quantity}`).join(", ") }),
    };
  }
}
