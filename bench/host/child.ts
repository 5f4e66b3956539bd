// The child of bench:host: opens COCO's net at 256x256 on the null device, and paints what it is told. A program of another checkout that
// answers the same messages can take turns with it.

import { seededGenerator } from "../../src/models/weights/seeded.ts";
import { memorySource } from "../../src/models/weights/source.ts";
import { normalValues } from "../../src/models/philox.ts";
import { openNodeDevice } from "../../src/node/dawn.ts";
import { openNet } from "../../src/painting/open_net.ts";
import { allMaps } from "../lib/maps.ts";
import { BENCH_CONFIG } from "../lib/ours.ts";
import { Calls } from "./bare.ts";

/**
 * What the parent asks for: a picture of map number `map`, or of a style alone, and calls alone: `before` it those of the picture before,
 * or `after` it its own. What comes second finds warm caches.
 */
export interface Request {
  map?: number;
  style: number;
  bare?: "before" | "after";
}

/** ms of CPU of all threads, and ms. */
export interface Cost {
  cpu: number;
  ms: number;
}

export interface Answer {
  ours: Cost;
  bare?: Cost;
  calls?: { launches: number; uploads: number; bytes: number; submits: number };
}

export interface Ready {
  adapter: string;
  maps: number;
  /** Compiled for a picture. */
  pipelines?: number;
  compileMs: number;
}

export async function cost(body: () => Promise<unknown>): Promise<Cost> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  await body();
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { cpu: (user + system) / 1e3, ms };
}

export async function answer(): Promise<void> {
  const maps = allMaps();
  const styles = Array.from({ length: 16 }, (_, i) => normalValues(i, BENCH_CONFIG.z_dim));
  const device = await openNodeDevice({ adapter: "hardware", variants: {} });
  const source = memorySource(seededGenerator(BENCH_CONFIG, 0, 1));
  const start = performance.now();
  const net = await openNet({ config: BENCH_CONFIG, source }, { device, dtype: "f16", warm: true });
  const compileMs = performance.now() - start;
  const { painter } = net;
  const calls = new Calls(device.gpu);
  const paint = async ({ map, style }: Request): Promise<void> => {
    if (map !== undefined) await net.setMap(maps[map].label, maps[map].instance);
    painter.setStyle(styles[style % styles.length]);
    await painter.run({ last: (encoder) => painter.output.queue(encoder, "rgba") });
    // Not output.bytes(): the null device gives zeros, which mean NaN there.
    await painter.stages.at(-1)!.program.read("rgba", "i32");
  };
  let made = calls.take();
  process.on("message", (request: Request) => {
    void (async () => {
      const alone = (when: Request["bare"]): Promise<Cost> | undefined =>
        request.bare === when ? cost(() => calls.make(made)) : undefined;
      const before = await alone("before");
      calls.take();
      const ours = await cost(() => paint(request));
      made = calls.take();
      const bare = before ?? (await alone("after"));
      const { launches, uploads, submits } = made;
      const bytes = uploads.reduce((sum, [, , data, , size]) => sum + (size ?? data.byteLength), 0);
      const counts = { launches: launches.length, uploads: uploads.length, bytes, submits };
      process.send!({ ours, bare, calls: counts } satisfies Answer);
    })();
  });
  const ready: Ready = { adapter: device.name, maps: maps.length, pipelines: device.pipelines.size, compileMs };
  process.send!(ready);
}
