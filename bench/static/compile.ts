// The child of bench:static: compiles every pipeline on the null device, one at a time, with marks between them on stderr, where the driver
// prints what it made.

import { writeSync } from "node:fs";
import { openNodeDevice } from "../../src/node/dawn.ts";
import { distinctPipelines } from "./distinct.ts";
import { MARK } from "./dump.ts";
import { workloads } from "./workloads.ts";

/** A line of its own, whatever the driver wrote before. */
const mark = (what: string, value: unknown = null): void =>
  void writeSync(2, `\n${MARK}${what} ${JSON.stringify(value)}\n`);

/** @param shader compiles the pipelines of this shader only  @param most no more than this many */
export async function compileAll(shader?: string, most = Infinity): Promise<void> {
  const device = await openNodeDevice({ adapter: "hardware", sizesAs: "override", variants: {} });
  mark("driver", device.info.description);
  const all = distinctPipelines(await workloads(), device);
  const wanted = all.filter(({ info }) => !shader || info.shader === shader).slice(0, most);
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
