// The SPADE generator (Park et al. 2019, sections 3 and A) as ops, with upstream's key names. There are three
// recordings:
//   prepare   depends only on weights: spectral norm's sigma, 1/std of the running statistics, Winograd copies
//   tables    depends on the label map: gamma and beta of every norm, per distinct window
//   image     depends on z: the picture
// In training mode all three are one recording, with batch statistics and one power iteration per layer.

import {
  activation,
  concat,
  conv2d,
  gatherRows,
  inverseStd,
  labelTable,
  labelTablePair,
  linear,
  modulate,
  spectralSigma,
  unblockColumns,
  windowGather,
} from "../../../kernels/index.ts";
import { blocksOf } from "../../../kernels/parts/gemm.ts";
import { deriveWeights } from "../../../kernels/conv/conv2d.ts";
import type { ConvArgs } from "../../../kernels/conv/conv_args.ts";
import type { Extent } from "../../../kernels/parts/extent.ts";
import type { ModulateArgs } from "../../../kernels/norm/modulate.ts";
import type { Lists } from "../../../kernels/parts/segments.ts";
import type { Graph, Tensor } from "../../runtime/index.ts";
import { blocks, latentSize, normsOf, parseNormG, type BlockSpec, type Config } from "../config.ts";
import type { LevelInputs } from "./level_inputs.ts";
import { edgeRow, levelKey, type TableRoom } from "./table_room.ts";
import type { ParameterStore } from "../weights/parameters.ts";

const LEAK = 0.2;

/** The distinct resolutions at which the net modulates, in order. */
export function resolutions(c: Config): { h: number; w: number }[] {
  const seen = new Map<string, { h: number; w: number }>();
  for (const { h, w } of blocks(c)) seen.set(levelKey(h, w), { h, w });
  return [...seen.values()];
}

/** Gives a block its inputs, which are computed in this graph or imported from another program. */
export interface Layers {
  /** The weights of a conv, ready for conv2d. */
  conv(name: string): Pick<ConvArgs, "w" | "bias" | "sigma" | "winograd" | "blocked" | "moments">;
  /** Mean and 1/std of a norm on x. `up`: x is used upsampled, so each value stands for up*up pixels. */
  normalise(name: string, x: Tensor, up: number): { mean: Tensor; rstd: Tensor };
  /** Of nets with add_noise: x, upsampled `up` times, with the noise that a norm is to see. */
  noise?: (norm: string, x: Tensor, up: 1 | 2) => Tensor;
  /** Tables [rows, channels] or, in dense mode, [N,h,w,channels] with a row per pixel. Called once per name, like conv. */
  table(name: string): Pick<ModulateArgs, "gamma" | "beta" | "whole" | "factors">;
  /** Of nets whose convs read the edges: the result of a norm and its activation of that slope, with one more channel. */
  edges?: (norm: string, y: Tensor, slope: number) => Tensor;
  /** Row in the tables of that resolution for each pixel, i32 [N,h,w]. */
  ids(h: number, w: number): Tensor;
  /** What of a layer's result to compute: by the names of convs and norms, and "conv_img.input". With it, layers are kept. */
  extents?: ReadonlyMap<string, Extent>;
  /** For gradients: the lists that modulate's backward pass needs at that resolution. */
  lists?(h: number, w: number): Pick<ModulateArgs, "lists" | "count">;
}

const K: Record<string, number> = { conv_0: 3, conv_1: 3, conv_s: 1 };

function block(g: Graph, layers: Layers, b: BlockSpec, x: Tensor): Tensor {
  const up = b.up ? 2 : 1;
  const ids = layers.ids(b.h, b.w);
  const norm = (part: string, x: Tensor, up: 1 | 2, slope: number): Tensor => {
    const name = `${b.name}.${part}`;
    const noisy = layers.noise?.(name, x, up);
    const input = noisy ?? x;
    const table = layers.table(name);
    const y = g.scope(name, () =>
      modulate(g, {
        x: input,
        ...layers.normalise(name, input, noisy ? 1 : up),
        ...table,
        ids,
        slope,
        extent: layers.extents?.get(name),
        ...layers.lists?.(b.h, b.w),
      }),
    );
    return layers.edges?.(name, y, slope) ?? y;
  };
  const conv = (part: string, input: Tensor, residual?: Tensor): Tensor => {
    const name = `${b.name}.${part}`;
    const weights = layers.conv(name);
    const extent = layers.extents?.get(part === "conv_s" ? `${b.name}.conv_1` : name);
    const y = g.scope(name, () =>
      conv2d(g, { x: input, ...weights, kh: K[part], kw: K[part], pad: K[part] >> 1, residual, extent }),
    );
    // The shortcut's result is read where it is computed, and nowhere else.
    if (extent && part !== "conv_s") g.keep(name, y);
    return y;
  };

  // Without a learned shortcut the skip is x itself. If b.up, x has half the size; modulate and conv_1's sum upsample it.
  const hidden = conv("conv_0", norm("norm_0", x, up, LEAK));
  const main = norm("norm_1", hidden, 1, LEAK);
  const skip = b.learned ? conv("conv_s", norm("norm_s", x, up, 1)) : x;
  return conv("conv_1", main, skip);
}

/** Records the net from the first feature map to the picture [N,H,W,3] in [-1,1]. Calls `tap` with every block's output. */
export function recordImage(
  g: Graph,
  c: Config,
  layers: Layers,
  first: Tensor,
  tap: (block: string, y: Tensor) => void = () => undefined,
): Tensor {
  let x = first;
  for (const b of blocks(c)) {
    x = block(g, layers, b, x);
    tap(b.name, x);
  }
  const weights = layers.conv("conv_img");
  const [before, extent] = ["conv_img.input", "conv_img"].map((name) => layers.extents?.get(name));
  const image = g.scope("conv_img", () => {
    const input = activation(g, { x, kind: "leaky", extent: before });
    return conv2d(g, { x: input, ...weights, kh: 3, kw: 3, pad: 1, act: "tanh", extent });
  });
  if (extent) g.keep("conv_img", image);
  return image;
}

/** Records fc: a linear layer on z or, without VAE, a 3x3 conv on the label map at the smallest size, by lookup. */
export function recordFirst(
  g: Graph,
  c: Config,
  p: ParameterStore,
  input: { z?: Tensor; windows?: Tensor; lists?: Lists; images: number },
): Tensor {
  const { h, w } = latentSize(c);
  const shape = [input.images, h, w, 16 * c.ngf];
  return g.scope("fc", () =>
    c.use_vae
      ? linear(g, { x: input.z!, w: p.tensor(g, "fc.weight"), bias: p.tensor(g, "fc.bias"), shape })
      : windowGather(g, {
          windows: input.windows!,
          w: p.tensor(g, "fc.weight"),
          bias: p.tensor(g, "fc.bias"),
          edgeRow: edgeRow(c),
          relu: false,
          shape,
          lists: input.lists,
        }),
  );
}

/** Rearranged weights of the label path, computed once, which painting reads instead of the originals. */
export interface LabelWeights {
  /** mlp_shared of all norms of a level, concatenated: [k*k, S, norms * 128]. */
  shared(level: TableRoom): { w: Tensor; bias: Tensor };
  /** The column blocks of a norm's mlp_gamma, followed by those of its mlp_beta. */
  pair(norm: string): Tensor;
}

/** The key of a norm's label path, or of its statistics, by the norm's name. SPADE's keys are the names. */
export type KeyOf = (norm: string) => string;
const sameKey: KeyOf = (norm) => norm;

/** Records LabelWeights, under the names "WxH.shared", "WxH.shared_bias" and "NORM.pair". */
export function recordLabelWeights(g: Graph, c: Config, p: ParameterStore, key: KeyOf = sameKey): Map<string, Tensor> {
  const out = new Map<string, Tensor>();
  for (const size of resolutions(c)) {
    const norms = normsAt(c, size);
    const joined = (part: string, axis: number): Tensor =>
      norms.map((name) => p.tensor(g, `${key(name)}.mlp_shared.0.${part}`)).reduce((a, b) => concat(g, { a, b, axis }));
    const level = levelKey(size.h, size.w);
    out.set(`${level}.shared`, joined("weight", 2)).set(`${level}.shared_bias`, joined("bias", 0));
    for (const name of norms) {
      const [a, b] = ["mlp_gamma", "mlp_beta"].map((mlp) => p.tensor(g, `${key(name)}.${mlp}.weight`));
      out.set(`${name}.pair`, concat(g, { a, b, axis: 1 }));
    }
  }
  return out;
}

/** Records mlp_shared of one norm: [inner capacity, 128]. */
const gatherShared = (
  g: Graph,
  c: Config,
  p: ParameterStore,
  name: string,
  level: TableRoom,
  inputs: LevelInputs,
): Tensor =>
  g.scope("mlp_shared", () =>
    windowGather(g, {
      windows: inputs.innerWindows,
      w: p.tensor(g, `${name}.mlp_shared.0.weight`),
      bias: p.tensor(g, `${name}.mlp_shared.0.bias`),
      edgeRow: edgeRow(c),
      relu: true,
      count: level.inner,
      lists: inputs.lists?.labels,
    }),
  );

/**
 * Records gamma and beta of one norm by lookup, [rows, C]; for training.
 * @notInPages
 */
function lookUp(
  g: Graph,
  p: ParameterStore,
  name: string,
  a: Tensor,
  level: TableRoom,
  inputs: LevelInputs,
): NormTables {
  const mlp = (part: string): Tensor =>
    g.scope(part, () =>
      labelTable(g, {
        a,
        w: p.tensor(g, `${name}.${part}.weight`),
        bias: p.tensor(g, `${name}.${part}.bias`),
        windows: inputs.outerWindows!,
        inner: level.inner,
        outer: level.outer,
        lists: inputs.lists?.taps,
      }),
    );
  return { gamma: mlp("mlp_gamma"), beta: mlp("mlp_beta") };
}

/** Records gamma and beta of one norm by dense convolution, [N,h,w,C], a row per pixel. @param pair its LabelWeights.pair, if available */
function convolve(
  g: Graph,
  p: ParameterStore,
  name: string,
  a: Tensor,
  k: number,
  { h, w }: TableRoom,
  inputs: LevelInputs,
  pair?: Tensor,
): NormTables {
  const x = gatherRows(g, { table: a, ids: inputs.innerIds!, lists: inputs.lists?.innerPixels });
  const mlp = (part: string): Tensor =>
    g.scope(part, () => {
      const bias = p.tensor(g, `${name}.${part}.bias`);
      const cout = bias.shape[0];
      const blocked = pair ?? p.tensor(g, `${name}.${part}.weight`);
      const first = pair && part === "mlp_beta" ? blocksOf(cout) : 0;
      const plain = unblockColumns(g, { blocked, cout, first });
      return conv2d(g, { x, w: plain, ...deriveWeights(g, plain, { k, h, w }), bias, kh: k, kw: k, pad: k >> 1 });
    });
  return { gamma: mlp("mlp_gamma"), beta: mlp("mlp_beta") };
}

export interface NormTables {
  gamma: Tensor;
  beta: Tensor;
}

/** Records gamma and beta of one norm: [rows, C] or, in dense mode, [N,h,w,C] with a row per pixel. */
export function recordNormTables(
  g: Graph,
  c: Config,
  p: ParameterStore,
  name: string,
  level: TableRoom,
  inputs: LevelInputs,
  pair?: Tensor,
): NormTables {
  const { k } = parseNormG(c.norm_G);
  return g.scope(name, () => {
    const a = gatherShared(g, c, p, name, level, inputs);
    return level.mode === "dense"
      ? convolve(g, p, name, a, k, level, inputs, pair)
      : lookUp(g, p, name, a, level, inputs);
  });
}

/** Records gamma and beta of every norm at one resolution, for painting. With inputs.append, adds rows to existing tables. */
export function recordTables(
  g: Graph,
  c: Config,
  p: ParameterStore,
  level: TableRoom,
  inputs: LevelInputs,
  weights: LabelWeights,
  key: KeyOf = sameKey,
): Map<string, NormTables> {
  const norms = normsAt(c, level);
  const { append } = inputs;
  if (!append)
    return new Map(
      norms.map((name) => [name, recordNormTables(g, c, p, key(name), level, inputs, weights.pair(name))]),
    );
  const a = g.scope("mlp_shared", () =>
    windowGather(g, {
      ...{ windows: inputs.innerWindows, count: level.inner },
      ...{ ...weights.shared(level), edgeRow: edgeRow(c), relu: true },
    }),
  );
  return new Map(
    norms.map((name, part): [string, NormTables] => {
      const [gamma, beta] = ["mlp_gamma", "mlp_beta"].map((mlp) => p.tensor(g, `${key(name)}.${mlp}.bias`));
      const rows = { windows: inputs.outerWindows!, outer: level.outer, ...append };
      return [
        name,
        g.scope(name, () => labelTablePair(g, { a, part, w: weights.pair(name), bias: { gamma, beta }, ...rows })),
      ];
    }),
  );
}

/** Names of the norms at one resolution. */
export const normsAt = (c: Config, { h, w }: Pick<TableRoom, "h" | "w">): string[] =>
  blocks(c)
    .filter((b) => b.h === h && b.w === w)
    .flatMap(normsOf)
    .map(({ name }) => name);

/** All convs on features (not on labels), conv_img last, with the size at which they run. */
export function convLayers(
  c: Config,
): { name: string; k: number; h: number; w: number; spectral: boolean; bias: boolean }[] {
  const { spectral } = parseNormG(c.norm_G);
  const specs = blocks(c);
  const out = specs.flatMap((b) =>
    ["conv_0", "conv_1", ...(b.learned ? ["conv_s"] : [])].map((part) => ({
      name: `${b.name}.${part}`,
      k: K[part],
      h: b.h,
      w: b.w,
      spectral,
      bias: part !== "conv_s",
    })),
  );
  const last = specs[specs.length - 1];
  out.push({ name: "conv_img", k: 3, h: last.h, w: last.w, spectral: false, bias: true });
  return out;
}

/**
 * The weights of a conv, found by upstream's keys. sigma is computed from u and v, in training mode after one power
 * iteration.
 */
export function convWeights(
  g: Graph,
  p: ParameterStore,
  layer: { name: string; spectral: boolean; bias: boolean },
  train: boolean,
): Pick<ConvArgs, "w" | "bias" | "sigma"> {
  const bias = layer.bias ? p.tensor(g, `${layer.name}.bias`) : undefined;
  // Old checkpoints store W/sigma as `weight`.
  if (!layer.spectral || p.has(`${layer.name}.weight`)) return { w: p.tensor(g, `${layer.name}.weight`), bias };
  const w = p.tensor(g, `${layer.name}.weight_orig`);
  const v = p.tensor(g, `${layer.name}.weight_v`);
  const sigma = g.scope(layer.name, () =>
    spectralSigma(g, { w, cin: v.shape[1], u: p.tensor(g, `${layer.name}.weight_u`), v, train }),
  );
  return { w, bias, sigma };
}

/** Records and keeps the sigmas and, if there are running statistics, the 1/std that an eval-mode image recording imports. */
export function recordPrepare(
  g: Graph,
  c: Config,
  p: ParameterStore,
  running = parseNormG(c.norm_G).kind === "batch",
  key: KeyOf = sameKey,
): void {
  for (const layer of convLayers(c)) {
    const { sigma } = convWeights(g, p, layer, false);
    if (sigma) g.keep(`${layer.name}.sigma`, sigma);
  }
  if (!running) return;
  for (const b of blocks(c)) {
    for (const { name } of normsOf(b))
      g.keep(
        `${name}.rstd`,
        g.scope(name, () => inverseStd(g, { variance: p.tensor(g, `${key(name)}.param_free_norm.running_var`) })),
      );
  }
}
