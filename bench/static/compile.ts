// The child of bench:static: compiles every pipeline on the null device, one at a time, with marks between them on stderr, where the driver
// prints what it made.

import { writeSync } from "node:fs";
import { openNodeDevice } from "../../src/node/dawn.ts";
import type { SizesAs } from "../../src/runtime/wgsl.ts";
import { distinctPipelines } from "./distinct.ts";
import { MARK } from "./dump.ts";
import { workloads } from "./workloads.ts";

/** A line of its own, whatever the driver wrote before. */
const mark = (what: string, value: unknown = null): void =>
  void writeSync(2, `\n${MARK}${what} ${JSON.stringify(value)}\n`);

/** Which pipelines to compile: of one shader or of one workload alone, and no more than a number of them. */
export interface Selection {
  readonly shader?: string;
  readonly workload?: string;
  readonly most?: number;
  /** How sizes reach the pipelines; as on hardware by default. */
  readonly sizesAs?: SizesAs;
}

export async function compileAll({ shader, workload, most, sizesAs }: Selection): Promise<void> {
  const device = await openNodeDevice({ adapter: "hardware", sizesAs, variants: {} });
  mark("driver", device.info.description);
  const all = await workloads();
  const pipelines = distinctPipelines(
    all.filter(({ name }) => !workload || name === workload),
    device,
  );
  const wanted = pipelines.filter(({ info }) => !shader || info.shader === shader).slice(0, most);
  mark("count", wanted.length);
  for (const { info, request } of wanted) {
    mark("pipeline", info);
    try {
      await device.pipelines.get(request);
      mark("end");
    } catch (error) {
      mark("failed", (error as Error).message);
    }
  }
  mark("done");
}
