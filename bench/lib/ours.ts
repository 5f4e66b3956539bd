// Runs our engine for the benches: a calibrated generator, a new label map, a new style.

import { openNet } from "../../src/painting/open_net.ts";
import { LevelsScratch } from "../../src/labels/levels.ts";
import type { LevelWindows } from "../../src/labels/windows.ts";
import { calibratedState } from "../../src/painting/calibrated.ts";
import { defaultConfig, type Config } from "../../src/models/config.ts";
import { normalValues } from "../../src/models/philox.ts";
import type { Painter } from "../../src/painting/painter.ts";
import type { HostState } from "../../src/models/weights/seeded.ts";
import { memorySource } from "../../src/models/weights/source.ts";
import { windowsOf } from "../../src/painting/windows.ts";
import type { Device } from "../../src/runtime/index.ts";
import type { BenchMap } from "./maps.ts";

export const BENCH_CONFIG: Config = { ...defaultConfig, use_vae: true };

export interface MapTimes {
  /** ms: dictionary on the host; tables; network with read-back; sum. */
  labels: number;
  tables: number;
  network: number;
  total: number;
}

export interface Ours {
  readonly runner: Painter;
  readonly state: HostState;
  readonly z: Float32Array;
  /** The last picture, [H,W,3]. */
  image: Float32Array;
  windows(map: BenchMap): LevelWindows[];
  newMap(map: BenchMap, z?: Float32Array): Promise<MapTimes>;
  /** ms of another style on the current map. */
  newStyle(seed: number): Promise<number>;
}

export async function openOurs(
  device: Device,
  config: Config,
  map: BenchMap,
  say: (line: string) => void,
): Promise<Ours> {
  const scratch = new LevelsScratch();
  const windows = (m: BenchMap): LevelWindows[] => windowsOf(config, [m.label], [m.instance], scratch);
  const z = normalValues(0, config.z_dim);
  const state = await calibratedState(device, config, 0, windows(map), z, say);
  const { painter: runner } = await openNet({ config, source: memorySource(state) }, { device, dtype: "f32" });
  const ours: Ours = {
    runner,
    state,
    z,
    image: new Float32Array(),
    windows,
    async newMap(m, style = z) {
      const t0 = performance.now();
      const w = windows(m);
      const t1 = performance.now();
      await runner.setMap(w);
      await runner.runTables();
      const t2 = performance.now();
      ours.image = await runner.paint(style);
      const t3 = performance.now();
      return { labels: t1 - t0, tables: t2 - t1, network: t3 - t2, total: t3 - t0 };
    },
    async newStyle(seed) {
      const t0 = performance.now();
      ours.image = await runner.paint(normalValues(seed, config.z_dim));
      return performance.now() - t0;
    },
  };
  return ours;
}
