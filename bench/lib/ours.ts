// Runs our engine for the benches: a calibrated generator, a new label map, a new style.

import { openNet, type NetWeights } from "../../src/painting/open_net.ts";
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

/** A net on a device that paints one or several maps at a time. */
export interface Painting {
  readonly runner: Painter;
  /** The last pictures, [N,H,W,3]. */
  image: Float32Array;
  windows(maps: readonly BenchMap[]): LevelWindows[];
  /** Dictionary, tables and pictures of maps, also if they are the same ones again. */
  newMaps(maps: readonly BenchMap[]): Promise<MapTimes>;
  /** ms of another style on the current maps, or, of a net without styles, of the same pictures. */
  newStyle(seed: number): Promise<number>;
}

export interface Ours extends Pick<Painting, "runner" | "image" | "newStyle"> {
  readonly state: HostState;
  readonly z: Float32Array;
  newMap(map: BenchMap): Promise<MapTimes>;
}

/** @param images maps at a time */
export async function openPainting(
  device: Device,
  net: NetWeights,
  images: number,
  dtype: "f16" | "f32",
): Promise<Painting> {
  const { config } = net;
  const { painter: runner } = await openNet(net, { device, dtype, images });
  const scratch = new LevelsScratch();
  const styles = (seed: number): Float32Array | undefined =>
    config.use_vae ? normalValues(seed, images * config.z_dim) : undefined;
  const painting: Painting = {
    runner,
    image: new Float32Array(),
    windows: (maps) =>
      windowsOf(
        config,
        maps.map((m) => m.label),
        maps.every((m) => m.instance) ? maps.map((m) => m.instance!) : null,
        scratch,
      ),
    async newMaps(maps) {
      const t0 = performance.now();
      const w = painting.windows(maps);
      const t1 = performance.now();
      await runner.setMap(w);
      await runner.runTables();
      const t2 = performance.now();
      painting.image = await runner.paint(styles(0));
      const t3 = performance.now();
      return { labels: t1 - t0, tables: t2 - t1, network: t3 - t2, total: t3 - t0 };
    },
    async newStyle(seed) {
      const z = styles(seed);
      const t0 = performance.now();
      painting.image = await runner.paint(z);
      return performance.now() - t0;
    },
  };
  return painting;
}

/** The weights of a seeded net, calibrated on a map. */
export function benchState(
  device: Device,
  config: Config,
  map: BenchMap,
  say: (line: string) => void,
): Promise<HostState> {
  const windows = windowsOf(config, [map.label], map.instance ? [map.instance] : null, new LevelsScratch());
  return calibratedState(device, config, 0, windows, normalValues(0, config.z_dim), say);
}

export async function openOurs(
  device: Device,
  config: Config,
  map: BenchMap,
  say: (line: string) => void,
): Promise<Ours> {
  const state = await benchState(device, config, map, say);
  const painting = await openPainting(device, { config, source: memorySource(state) }, 1, "f32");
  return {
    runner: painting.runner,
    state,
    z: normalValues(0, config.z_dim),
    get image() {
      return painting.image;
    },
    newMap: (m) => painting.newMaps([m]),
    newStyle: (seed) => painting.newStyle(seed),
  };
}
