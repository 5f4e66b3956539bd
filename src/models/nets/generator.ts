// The SPADE generator (Park et al. 2019, sections 3 and A) as ops under the published key names. Three recordings:
//   prepare   what depends on weights alone: spectral norm's sigma, 1/std of the running statistics, Winograd copies
//   tables    what depends on the label map: gamma and beta of every norm, per distinct window
//   image     what depends on z: the picture
// In training mode all three are one recording, with batch statistics and one power iteration a layer.

import {
  activation,
  conv2d,
  gatherRows,
  inverseStd,
  labelTable,
  linear,
  modulate,
  runningStatistics,
  spectralSigma,
  statistics,
  unblockColumns,
  windowGather,
} from "../../../kernels/index.ts";
import { deriveWeights } from "../../../kernels/conv2d.ts";
import type { ConvArgs } from "../../../kernels/conv_args.ts";
import type { ModulateArgs } from "../../../kernels/modulate.ts";
import type { Lists } from "../../../kernels/segments.ts";
import { product, type Graph, type Tensor } from "../../runtime/index.ts";
import { blocks, latentSize, normsOf, parseNormG, type BlockSpec, type Config } from "../config.ts";
import type { LevelInputs } from "./level_inputs.ts";
import { edgeRow, levelKey, type TableRoom } from "./table_room.ts";
import type { ParameterStore } from "../weights/parameters.ts";

const LEAK = 0.2;

/** The resolutions at which the net modulates, in order, each once. */
export function resolutions(c: Config): { h: number; w: number }[] {
  const seen = new Map<string, { h: number; w: number }>();
  for (const { h, w } of blocks(c)) seen.set(levelKey(h, w), { h, w });
  return [...seen.values()];
}

/** What a block needs to know, however it comes: computed in this graph, or imported from another program. */
export interface Layers {
  /** The weights of a conv, ready for conv2d. */
  conv(name: string): Pick<ConvArgs, "w" | "bias" | "sigma" | "winograd" | "blocked">;
  /** Mean and 1/std of a norm over x; `up`: each value of x stands for up*up pixels. */
  normalise(name: string, x: Tensor, up: number): { mean: Tensor; rstd: Tensor };
  /** [rows, channels] each; made densely, [N,h,w,channels], a row a pixel. Asked for once, as conv is. */
  table(name: string): { gamma: Tensor; beta: Tensor };
  /** i32 [N,h,w]: rows of the tables of that resolution. */
  ids(h: number, w: number): Tensor;
  /** For gradients: what modulate's backward needs at that resolution. */
  lists?(h: number, w: number): Pick<ModulateArgs, "lists" | "count">;
}

const K: Record<string, number> = { conv_0: 3, conv_1: 3, conv_s: 1 };

function block(g: Graph, layers: Layers, b: BlockSpec, x: Tensor): Tensor {
  const up = b.up ? 2 : 1;
  const ids = layers.ids(b.h, b.w);
  const norm = (part: string, input: Tensor, factor: number, slope: number): Tensor => {
    const name = `${b.name}.${part}`;
    const table = layers.table(name);
    return g.scope(name, () =>
      modulate(g, {
        x: input,
        ...layers.normalise(name, input, factor),
        ...table,
        ids,
        slope,
        ...layers.lists?.(b.h, b.w),
      }),
    );
  };
  const conv = (part: string, input: Tensor, residual?: Tensor): Tensor => {
    const name = `${b.name}.${part}`;
    const weights = layers.conv(name);
    return g.scope(name, () =>
      conv2d(g, { x: input, ...weights, kh: K[part], kw: K[part], pad: K[part] >> 1, residual }),
    );
  };

  // Without a learned shortcut the skip is x itself, upsampled; the modulate reads x small, the sum needs it large.
  const hidden = conv("conv_0", norm("norm_0", x, up, LEAK));
  const main = norm("norm_1", hidden, 1, LEAK);
  const skip = b.learned ? conv("conv_s", norm("norm_s", x, up, 1)) : x;
  return conv("conv_1", main, skip);
}

/** From the first feature map to the picture [N,H,W,3] in [-1,1]. `tap` sees every block's output. */
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
  return g.scope("conv_img", () =>
    conv2d(g, { x: activation(g, { x, kind: "leaky" }), ...weights, kh: 3, kw: 3, pad: 1, act: "tanh" }),
  );
}

/** fc: z through a linear layer, or without VAE the label map at the smallest size through a 3x3 conv, by lookup. */
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

/** gamma and beta of one norm: [rows, C], or in dense mode [N,h,w,C], a row a pixel. */
export function recordNormTables(
  g: Graph,
  c: Config,
  p: ParameterStore,
  name: string,
  level: TableRoom,
  inputs: LevelInputs,
): { gamma: Tensor; beta: Tensor } {
  const { k } = parseNormG(c.norm_G);
  return g.scope(name, () => {
    const a = g.scope("mlp_shared", () =>
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
    const map =
      level.mode === "dense"
        ? gatherRows(g, { table: a, ids: inputs.innerIds!, lists: inputs.lists?.innerPixels })
        : undefined;
    const mlp = (part: string): Tensor =>
      g.scope(part, () => {
        const w = p.tensor(g, `${name}.${part}.weight`);
        const bias = p.tensor(g, `${name}.${part}.bias`);
        if (!map)
          return labelTable(g, {
            a,
            w,
            bias,
            windows: inputs.outerWindows!,
            inner: level.inner,
            outer: level.outer,
            ...inputs.append,
            lists: inputs.lists?.taps,
          });
        const plain = unblockColumns(g, { blocked: w, cout: bias.shape[0] });
        return conv2d(g, {
          x: map,
          w: plain,
          ...deriveWeights(g, plain, { k, h: level.h, w: level.w }),
          bias,
          kh: k,
          kw: k,
          pad: k >> 1,
        });
      });
    return { gamma: mlp("mlp_gamma"), beta: mlp("mlp_beta") };
  });
}

/** Names of the norms at one resolution. */
export const normsAt = (c: Config, { h, w }: Pick<TableRoom, "h" | "w">): string[] =>
  blocks(c)
    .filter((b) => b.h === h && b.w === w)
    .flatMap(normsOf)
    .map(({ name }) => name);

/** gamma and beta of every norm at one resolution. */
export function recordTables(
  g: Graph,
  c: Config,
  p: ParameterStore,
  level: TableRoom,
  inputs: LevelInputs,
): Map<string, { gamma: Tensor; beta: Tensor }> {
  return new Map(normsAt(c, level).map((name) => [name, recordNormTables(g, c, p, name, level, inputs)]));
}

/** Names of all convs that see features, conv_img last, with the size at which they run. */
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

/** The weights of a conv under its published keys. sigma comes from u and v; in training mode after one power iteration. */
export function convWeights(
  g: Graph,
  p: ParameterStore,
  layer: { name: string; spectral: boolean; bias: boolean },
  train: boolean,
): Pick<ConvArgs, "w" | "bias" | "sigma"> {
  const bias = layer.bias ? p.tensor(g, `${layer.name}.bias`) : undefined;
  // Old checkpoints hold W/sigma itself under `weight`.
  if (!layer.spectral || p.has(`${layer.name}.weight`)) return { w: p.tensor(g, `${layer.name}.weight`), bias };
  const w = p.tensor(g, `${layer.name}.weight_orig`);
  const v = p.tensor(g, `${layer.name}.weight_v`);
  const sigma = g.scope(layer.name, () =>
    spectralSigma(g, { w, cin: v.shape[1], u: p.tensor(g, `${layer.name}.weight_u`), v, train }),
  );
  return { w, bias, sigma };
}

/** The published momentum of the running statistics. */
const MOMENTUM = 0.1;

/**
 * Layers of a training-mode forward pass: batch statistics, running statistics updated, one power iteration a layer. Tables and weights'
 * copies are recorded where they are asked for, so that neither copies nor the tables' gradients wait for each other in memory.
 */
export function trainingLayers(
  g: Graph,
  c: Config,
  p: ParameterStore,
  table: Layers["table"],
  ids: (h: number, w: number) => Tensor,
  momentum = MOMENTUM,
  lists?: Layers["lists"],
): Layers {
  const { kind } = parseNormG(c.norm_G);
  const convs = new Map(convLayers(c).map((layer) => [layer.name, layer]));
  const known = new Map<Tensor, ReturnType<typeof statistics>>();
  return {
    conv(name) {
      const layer = convs.get(name)!;
      const weights = convWeights(g, p, layer, true);
      return { ...weights, ...g.scope(name, () => deriveWeights(g, weights.w, layer)) };
    },
    table,
    ids,
    lists,
    normalise(name, x, up) {
      // norm_0 and norm_s read the same x: one pass for both.
      let s = known.get(x);
      if (!s) known.set(x, (s = statistics(g, { x, per: kind })));
      if (kind === "batch") {
        const key = `${name}.param_free_norm`;
        runningStatistics(g, {
          running_mean: p.tensor(g, `${key}.running_mean`),
          running_var: p.tensor(g, `${key}.running_var`),
          mean: s.mean,
          variance: s.variance,
          count: product(x.shape.slice(0, 3)) * up * up,
          momentum,
        });
      }
      return s;
    },
  };
}

/** What an eval-mode image recording imports: sigmas and 1/std from `prepare`. */
export function recordPrepare(g: Graph, c: Config, p: ParameterStore): void {
  for (const layer of convLayers(c)) {
    const { sigma } = convWeights(g, p, layer, false);
    if (sigma) g.keep(`${layer.name}.sigma`, sigma);
  }
  if (parseNormG(c.norm_G).kind === "instance") return;
  for (const b of blocks(c)) {
    for (const { name } of normsOf(b))
      g.keep(
        `${name}.rstd`,
        g.scope(name, () => inverseStd(g, { variance: p.tensor(g, `${name}.param_free_norm.running_var`) })),
      );
  }
}
