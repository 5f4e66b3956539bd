// The generator's training-mode forward pass as one recording: tables, power iterations, batch statistics, picture. It
// updates the running statistics, u and v in place, as every training-mode forward pass in upstream does.

import { deriveWeights } from "../../../kernels/conv/conv2d.ts";
import { winogradMoments } from "../../../kernels/conv/winograd_moments.ts";
import { runningStatistics, statistics } from "../../../kernels/index.ts";
import type { ModulateArgs } from "../../../kernels/norm/modulate.ts";
import type { LevelWindows } from "../../labels/windows.ts";
import { product, type Graph, type Tensor } from "../../runtime/index.ts";
import { blocks, parseNormG, type Config, type NormG } from "../config.ts";
import type { ParameterStore } from "../weights/parameters.ts";
import {
  convLayers,
  convWeights,
  normsAt,
  recordFirst,
  recordImage,
  recordNormTables,
  type Layers,
} from "./generator.ts";
import {
  firstInputs,
  firstValues,
  idsInput,
  idsValue,
  levelInputs,
  levelValues,
  type LevelInputs,
  type LevelValues,
} from "./level_inputs.ts";
import { noiseLayer, noiseValue } from "./noise.ts";
import { firstListInputs, firstListValues, levelListInputs, levelListValues } from "./level_lists.ts";
import { levelKey, type TableRoom } from "./table_room.ts";

/** Upstream's momentum of the running statistics. */
const MOMENTUM = 0.1;

export interface TrainingPassOptions {
  /** Momentum of the running statistics. Default: upstream's. */
  momentum?: number;
  /** z [N, z_dim] from another part of the graph (the encoder). Default: an input "z". */
  z?: Tensor;
  /** Whether to declare inputs for the lists that the gradients of the label path need. */
  gradients?: boolean;
}

export interface TrainingPass {
  image: Tensor;
  /** Output of every block. */
  blocks: Map<string, Tensor>;
  /** gamma and beta of every norm. */
  tables: Tensor[];
  /** Of a generator with a style for each region: its tables of styles, and the rows that blend them with `tables`. */
  styleTables?: Tensor[];
  /** Of generators that take a style for each region: the codes, f32 [N*labels, style_length]. */
  codes?: Tensor;
}

/**
 * Records the pass. Its inputs are "z" [N, z_dim] and those of level_inputs.ts and noise.ts, whose values trainingInputs returns.
 */
export function recordTrainingPass(
  g: Graph,
  c: Config,
  p: ParameterStore,
  rooms: readonly TableRoom[],
  images: number,
  options: TrainingPassOptions = {},
): TrainingPass {
  const levels = new Map<string, [TableRoom, LevelInputs]>();
  const ids = new Map<string, Tensor>();
  const lists = new Map<string, Pick<ModulateArgs, "lists" | "count">>();
  for (const room of rooms) {
    const key = levelKey(room.h, room.w);
    const inputs = levelInputs(g, c, room, images);
    if (options.gradients) inputs.lists = levelListInputs(g, c, room, images);
    if (inputs.lists) lists.set(key, { lists: inputs.lists.pixels, count: room.outer });
    ids.set(key, idsInput(g, room, images));
    for (const name of normsAt(c, room)) levels.set(name, [room, inputs]);
  }
  const blocks = new Map<string, Tensor>();
  const tables: Tensor[] = [];
  const layers = trainingLayers(g, c, p, {
    noise: noiseLayer(g, c, p),
    table(name) {
      const made = recordNormTables(g, c, p, name, ...levels.get(name)!);
      tables.push(made.gamma, made.beta);
      return made;
    },
    ids: (h, w) => ids.get(levelKey(h, w))!,
    lists: (h, w) => lists.get(levelKey(h, w)) ?? {},
    norm: parseNormG(c.norm_G),
    momentum: options.momentum,
  });
  const image = recordImage(g, c, layers, recordStart(g, c, p, images, options), (name, y) => blocks.set(name, y));
  return { image, blocks, tables };
}

/** Declares the inputs of fc and records it. */
export function recordStart(
  g: Graph,
  c: Config,
  p: ParameterStore,
  images: number,
  { z, gradients }: TrainingPassOptions,
): Tensor {
  if (c.use_vae) return recordFirst(g, c, p, { z: z ?? g.input("z", [images, c.z_dim]), images });
  const lists = gradients ? firstListInputs(g, c, images) : undefined;
  return recordFirst(g, c, p, { ...firstInputs(g, c, images), lists, images });
}

/** Values of recordTrainingPass's inputs (except z) and counts, from a batch's dictionary of windows. `noise`: seed of its planes. */
export function trainingInputs(
  c: Config,
  rooms: readonly TableRoom[],
  windows: readonly LevelWindows[],
  { gradients = false, noise }: Pick<TrainingPassOptions, "gradients"> & { noise?: number } = {},
): LevelValues {
  const out: LevelValues = { inputs: noiseValue(c, noise), counts: {} };
  rooms.forEach((room, i) => {
    const { inputs, counts } = levelValues(room, windows[i]);
    Object.assign(out.inputs, inputs, idsValue(room, windows[i]));
    Object.assign(out.counts, counts);
    if (gradients) Object.assign(out.inputs, levelListValues(c, room, windows[i]));
  });
  if (c.use_vae) return out;
  const first = firstValues(windows[0]);
  Object.assign(out.inputs, first, gradients ? firstListValues(c, first.windows) : {});
  return out;
}

/** What trainingLayers does not record itself. */
interface TrainingLayers extends Pick<Layers, "table" | "ids" | "lists" | "noise"> {
  norm: Pick<NormG, "kind" | "synced">;
  /** The key of a norm, by its name in SPADE's generator; that name by default. */
  key?: (norm: string) => string;
  momentum?: number;
}

/** The convs whose result a norm reads as it is: the last block's goes to conv_img, a shortcut's into a sum. */
const normedConvs = (c: Config): Set<string> => {
  const all = blocks(c).flatMap(({ name }) => [`${name}.conv_0`, `${name}.conv_1`]);
  return new Set(all.slice(0, -1));
};

/**
 * Layers of a training-mode forward pass: uses batch statistics, updates the running statistics, and does one power
 * iteration per layer. Records tables and copies of weights only where they are used, so that not all copies and table
 * gradients are in memory together.
 */
export function trainingLayers(
  g: Graph,
  c: Config,
  p: ParameterStore,
  { norm, key = (name) => name, momentum = MOMENTUM, ...rest }: TrainingLayers,
): Layers {
  const { kind, synced } = norm;
  const convs = new Map(convLayers(c).map((layer) => [layer.name, layer]));
  const known = new Map<Tensor, ReturnType<typeof statistics>>();
  const normed = kind === "batch" && !rest.noise ? normedConvs(c) : new Set<string>();
  return {
    ...rest,
    conv(name) {
      const layer = convs.get(name)!;
      const weights = convWeights(g, p, layer, true);
      const derived = g.scope(name, () => deriveWeights(g, weights.w, layer));
      return { ...weights, ...derived, moments: normed.has(name) ? winogradMoments : undefined };
    },
    normalise(name, x, up) {
      // norm_0 and norm_s read the same x, so compute its statistics once.
      let s = known.get(x);
      const count = product(x.shape.slice(kind === "batch" ? 0 : 1, 3)) * up * up;
      if (!s) known.set(x, (s = statistics(g, { x, per: kind, count, synced })));
      if (kind === "batch") {
        const running = `${key(name)}.param_free_norm.running_`;
        runningStatistics(g, {
          running_mean: p.tensor(g, `${running}mean`),
          running_var: p.tensor(g, `${running}var`),
          mean: s.mean,
          variance: s.variance,
          joined: s.joined,
          count,
          momentum,
        });
      }
      return { mean: s.mean, rstd: s.rstd };
    },
  };
}
