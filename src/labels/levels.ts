// Computes the windows of every resolution level of a net from label maps.
//
//   labels, instance edges at full size -> nearest sample per level, like torch -> codes (label*2 + edge) -> windows
//
// F.interpolate(mode="nearest") reads src = min(floor(i * scale), in-1) with scale = in/out and the product both in float32.
// That equals floor(i*in/out) except at rare ratios (84 -> 20 at i = 15, 376 -> 40 at i = 25), where it is one more.

import { SpadeError } from "../runtime/errors.ts";
import { instanceEdges } from "./edges.ts";
import { checkedLabels, checkInstances, type LabelMap, type LabelSpace } from "./label_map.ts";
import { LiveWindows } from "./dictionary.ts";
import { room } from "./room.ts";
import { buildWindows, type LevelWindows, WindowScratch, WindowWork } from "./windows.ts";

/** One resolution of a net, and the kernel of its norm layers there (norm_G's 3x3, 5x5 ...); k = 0: the net reads only codes. */
export interface LevelSize {
  h: number;
  w: number;
  k: number;
}

/** `edges`: the net has the instance-edge channel (published option: not no_instance). */
export interface LabelConfig extends LabelSpace {
  edges: boolean;
}

/** Reusable memory for buildLevels: the arrays of a result lie in it, valid until the next call with the same scratch. */
export class LevelsScratch {
  readonly work = new WindowWork();
  readonly levels: { windows?: WindowScratch; codes?: Int32Array }[] = [];
  labels: Int32Array | undefined;
  edges: Int32Array | undefined;
  columns: Int32Array | undefined;
}

/** The source index that torch's nearest resize reads for output index i. */
export function torchNearest(i: number, size: number, outSize: number): number {
  const scale = Math.fround(size / outSize);
  return Math.min(Math.floor(Math.fround(i * scale)), size - 1);
}

/** Calls `make` with the codes and index of each level in turn, for a batch of label maps of one size. */
function eachLevel(
  maps: readonly LabelMap[],
  instances: readonly LabelMap[] | null,
  config: LabelConfig,
  levels: readonly LevelSize[],
  scratch: Omit<LevelsScratch, "work" | "levels"> & { levels: { codes?: Int32Array }[] },
  make: (level: { codes: Int32Array; images: number } & LevelSize, i: number) => LevelWindows,
): LevelWindows[] {
  const labels = (scratch.labels = checkedLabels(maps, config, scratch.labels));
  const images = maps.length;
  const { width, height } = maps[0];
  let edges: Int32Array | null = null;
  if (config.edges) {
    if (instances !== null) checkInstances(maps, instances);
    edges = scratch.edges = room(scratch.edges, images * width * height);
    for (let n = 0; n < images; n++) {
      const at = n * width * height;
      if (instances !== null) instanceEdges(instances[n].data, 0, width, height, edges, at);
      else instanceEdges(labels, at, width, height, edges, at);
    }
  }
  return levels.map(({ h, w, k }, i) => {
    if (![h, w].every((n) => Number.isInteger(n) && n >= 1)) {
      throw new SpadeError("shape", `level ${i}`, `its size is ${w} x ${h}`, "give whole sizes");
    }
    const own = (scratch.levels[i] ??= {});
    own.codes = room(own.codes, images * h * w);
    scratch.columns = room(scratch.columns, w);
    sampleCodes(labels, edges, images, height, width, h, w, scratch.columns, own.codes);
    if (k === 0) return withoutWindows(own.codes, images, h, w);
    return make({ codes: own.codes, images, h, w, k }, i);
  });
}

/**
 * The windows of each level, for a batch of label maps of one size. If `config.edges` is set and no instance maps are given,
 * edges are computed from the label maps; if it is not set, instance maps are ignored. Maps are not changed.
 * Without a scratch the result owns its memory; with one, its arrays are valid until the scratch's next use.
 */
export function buildLevels(
  maps: readonly LabelMap[],
  instances: readonly LabelMap[] | null,
  config: LabelConfig,
  levels: readonly LevelSize[],
  scratch: LevelsScratch = new LevelsScratch(),
): LevelWindows[] {
  return eachLevel(maps, instances, config, levels, scratch, (level, i) =>
    buildWindows(level, (scratch.levels[i].windows ??= new WindowScratch(scratch.work))),
  );
}

/** The windows of each level over a sequence of maps; known windows keep their numbers (dictionary.ts). */
export class LiveLevels {
  private readonly work = new WindowWork();
  private readonly dictionaries: LiveWindows[] = [];
  private readonly scratch = { levels: [], labels: undefined, edges: undefined, columns: undefined };

  /** Takes buildLevels' arguments. The arrays of the result are valid until the next call. */
  update(
    maps: readonly LabelMap[],
    instances: readonly LabelMap[] | null,
    config: LabelConfig,
    levels: readonly LevelSize[],
  ): LevelWindows[] {
    return eachLevel(maps, instances, config, levels, this.scratch, (level, i) =>
      (this.dictionaries[i] ??= new LiveWindows(this.work)).update(level),
    );
  }
}

function withoutWindows(codes: Int32Array, images: number, h: number, w: number): LevelWindows {
  const none = new Int32Array(0);
  const inner = { innerIds: none, innerCount: 0, innerWindows: none };
  const outer = { outerIds: none, outerCount: 0, outerWindows: none };
  return { h, w, k: 0, images, codes: codes.subarray(0, images * h * w), ...inner, ...outer };
}

/** codes[n, y, x] = label*2 + edge of the pixel that torch's nearest resize reads. `columns`: scratch for w indices. */
function sampleCodes(
  labels: Int32Array,
  edges: Int32Array | null,
  images: number,
  height: number,
  width: number,
  h: number,
  w: number,
  columns: Int32Array,
  codes: Int32Array,
): void {
  for (let x = 0; x < w; x++) columns[x] = torchNearest(x, width, w);
  let out = 0;
  for (let n = 0; n < images; n++) {
    for (let y = 0; y < h; y++) {
      const row = (n * height + torchNearest(y, height, h)) * width;
      if (edges === null) for (let x = 0; x < w; x++) codes[out++] = labels[row + columns[x]] * 2;
      else for (let x = 0; x < w; x++) codes[out++] = labels[row + columns[x]] * 2 + edges[row + columns[x]];
    }
  }
}
