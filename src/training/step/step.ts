// One training step like the published code's: a G step (generator and encoder learn), then a D step on a fake that the updated generator
// paints anew. Each is one program: forward, losses, backward, exchange with peers (if there are any), Adam. Every forward pass is in
// training mode, so running statistics and power iterations advance twice a batch in G and E, and twice in D (docs/upstream.md, Training step).

import { trainingKindOf } from "../../models/training_kinds.ts";
import { concat, overflow, reparameterise } from "../../../kernels/index.ts";
import { gradients } from "../../../kernels/gradients.ts";
import { outputSize } from "../../models/kinds.ts";
import { recordDiscriminator } from "../../models/nets/discriminator.ts";
import { recordEncoder } from "../../models/nets/encoder.ts";
import type { LevelWindows } from "../../labels/windows.ts";
import type { TableRoom } from "../../models/nets/table_room.ts";
import type { ParameterStore } from "../../models/weights/parameters.ts";
import type { Frozen, Perceptual } from "../../models/nets/perceptual.ts";
import type { DType, Exchange, Graph, Tensor } from "../../runtime/index.ts";
import { recordAverage, type Average } from "./average.ts";
import {
  recordDiscriminatorLosses,
  recordGeneratorLosses,
  recordPerceptualLoss,
  type GeneratorTerms,
} from "./losses.ts";
import { exchangeGradients } from "./exchange.ts";
import type { Moments } from "./moments.ts";
import { adamBetas, type TrainConfig } from "../options.ts";

export interface Nets {
  G: ParameterStore;
  D: ParameterStore;
  E?: ParameterStore;
  perceptual?: { net: Perceptual; parameters: ParameterStore };
}

/** The nets of a step, the perceptual one with its derived weights. */
export interface StepNets extends Omit<Nets, "perceptual"> {
  perceptual?: Frozen;
}

export interface StepOptions {
  /** Storage of activations, f32 by default; the stores choose that of weights. f16 steps are skipped if a gradient overflows. */
  dtype?: DType;
  /** G's moving average, updated by every G step. */
  average?: Average;
  /** Exchanges gradients, and the statistics of synchronised norms, with peers that train the same nets. Left out: there are none. */
  exchange?: Exchange;
  /** Whom else a step asks, where there are peers with other pictures. */
  peers?: StepPeers;
  /** Where the noise of generators that always have it comes from: a batch's seeds, by default, or its planes. */
  planes?: "seed" | "given";
}

/** Answers of all peers, the same for each. They are asked in one order. */
export interface StepPeers {
  readonly rank: number;
  /** With the largest counts of all peers, so that all record one step. */
  largest(windows: readonly LevelWindows[]): readonly LevelWindows[] | Promise<readonly LevelWindows[]>;
  /** The keys that any of them names. */
  union(keys: readonly string[]): ReadonlySet<string> | Promise<ReadonlySet<string>>;
  /** The rows of all, in the order of ranks. */
  gatherRows(rows: Float32Array): Float32Array | Promise<Float32Array>;
}

export interface Step {
  /** Scalars, in the order of the published log. */
  losses: Map<string, Tensor>;
  /** [N,H,W,3] */
  fake: Tensor;
  /** The encoder's mu and logvar of the real pictures, [N, z_dim] each. */
  style?: Style;
  /** The codes of the real pictures' regions, [N*labels, style_length], of generators that take them. */
  regionCodes?: Tensor;
  /** Tensors that src/training/step/memory.ts counts separately. */
  tables: Tensor[];
  styleTables: Tensor[];
  gradients: Tensor[];
  /** [1]: not 0 if a gradient is not finite; then the step changed no parameter. */
  overflow: Tensor;
  /** What diagnose.ts checks: layers in order of computation, losses, then gradients, the last layer's first. */
  parts: Map<string, Tensor>;
  /** Number of dispatches recorded at the end of each part's forward pass. */
  ends: Map<"E" | "G" | "perceptual" | "D", number>;
}

type Style = NonNullable<GeneratorTerms["style"]>;

interface Painted extends Pick<Step, "fake" | "style" | "regionCodes" | "tables" | "styleTables" | "parts" | "ends"> {
  real: Tensor;
  codes: Tensor;
}

/** Inputs: "image", "codes" at full size, "eps" with VAE, and the labels' windows. */
function recordFake(
  g: Graph,
  c: TrainConfig,
  nets: StepNets,
  plans: readonly TableRoom[],
  images: number,
  differentiated: boolean,
  options: StepOptions,
): Painted {
  const { dtype = "f32" } = options;
  const { h, w } = outputSize(c);
  const ends: Step["ends"] = new Map();
  const real = g.input("image", [images, h, w, 3], dtype);
  const style = nets.E && g.scope("E", () => recordEncoder(g, c, nets.E!, real, true));
  if (style) ends.set("E", g.dispatches.length);
  const z = style && reparameterise(g, { ...style, eps: g.input("eps", [images, c.z_dim]) });
  const codes = g.input("codes", [images, h, w], "i32");
  const painted = g.scope("G", () =>
    trainingKindOf(c).recordTraining(g, c, nets.G, plans, images, {
      ...{ codes, photo: real, z, gradients: differentiated },
      planes: options.planes,
    }),
  );
  ends.set("G", g.dispatches.length);
  const { image: fake, tables, styleTables = [], codes: regionCodes } = painted;
  const parts = new Map<string, Tensor>(style && [["E, mu", style.mu] as const, ["E, logvar", style.logvar] as const]);
  for (const [name, t] of painted.blocks) parts.set(`G, ${name}`, t);
  parts.set("G, picture", fake);
  return { fake, real, codes, style, regionCodes, tables, styleTables, parts, ends };
}

/** Fake and real through D as one batch, fake first. */
function recordJudgement(
  g: Graph,
  c: TrainConfig,
  D: ParameterStore,
  { fake, real, codes, ends }: Painted,
): Tensor[][] {
  const pair = concat(g, { a: fake, b: real, axis: 0 });
  const scales = g.scope("D", () => recordDiscriminator(g, c, D, { codes }, pair));
  ends.set("D", g.dispatches.length);
  return scales;
}

/** The discriminator's layers by name. */
const layersOf = (scales: readonly (readonly Tensor[])[]): [string, Tensor][] =>
  scales.flatMap((layers, i) => layers.map((t, j): [string, Tensor] => [`D, discriminator_${i}, layer ${j}`, t]));

/** The gradients of all trained parameters of a step. */
function differentiate(
  g: Graph,
  seeds: ReadonlyMap<Tensor, Tensor>,
  moments: readonly Moments[],
): ReadonlyMap<Tensor, Tensor> {
  return gradients(
    g,
    seeds,
    moments.flatMap((m) => m.keys.map((key) => m.parameters.tensor(g, key))),
  );
}

/** Keys of a net that count their own steps, in the order of the input "late factors". */
export const lateKeys = (c: TrainConfig, { keys }: Pick<Moments, "keys">): string[] => {
  const { late } = trainingKindOf(c);
  return late ? keys.filter((key) => late.is(key)) : [];
};

/** The overflow check and Adam. */
function update(
  g: Graph,
  c: TrainConfig,
  grads: ReadonlyMap<Tensor, Tensor>,
  moments: readonly Moments[],
): Pick<Step, "gradients" | "overflow" | "parts"> {
  const factors = g.input("factors", [4]);
  const keys = moments.flatMap((m) => lateKeys(c, m));
  const late = keys.length ? { keys, factors: g.input("late factors", [keys.length, 4]) } : undefined;
  const made = [...grads.values()];
  const flag = overflow(g, { tensors: made });
  for (const m of moments) m.record(g, grads, factors, adamBetas(c), flag, late);
  const parts = new Map([...grads].reverse().map(([p, grad]) => [`gradient of ${p.name}`, grad]));
  return { gradients: made, overflow: flag, parts };
}

/**
 * Differentiates the seeded tensors, exchanges gradients and losses with the peers, if there are any, and updates the parameters.
 * @param losses f32 [1] each; they become the peers' means
 */
function learn(
  g: Graph,
  c: TrainConfig,
  seeds: ReadonlyMap<Tensor, Tensor>,
  moments: readonly Moments[],
  losses: ReadonlyMap<string, Tensor>,
): Pick<Step, "gradients" | "overflow" | "parts"> {
  const grads = differentiate(g, seeds, moments);
  exchangeGradients(g, grads.values());
  g.exchange({ name: "losses", reduction: "mean", tensors: [...losses.values()] });
  return update(g, c, grads, moments);
}

/** Maps every loss to the input "seed": 1, or the loss scale. */
const seeded = (losses: ReadonlyMap<string, Tensor>, seed: Tensor): Map<Tensor, Tensor> =>
  new Map([...losses.values()].map((t) => [t, seed]));

/**
 * Differentiates the perceptual net right after its forward pass, then runs and differentiates D, and G last: the activations of the
 * perceptual net and D are never in memory together.
 */
export function recordGeneratorStep(
  g: Graph,
  c: TrainConfig,
  nets: StepNets,
  plans: readonly TableRoom[],
  images: number,
  moments: readonly Moments[],
  options: StepOptions = {},
): Step {
  const painted = recordFake(g, c, nets, plans, images, true, options);
  const { fake, real, style, regionCodes, tables, styleTables, ends, parts } = painted;
  const seed = g.input("seed", [1]);
  const perceptual = new Map<string, Tensor>();
  const toFake = new Map<Tensor, Tensor>();
  const taps = new Map<string, Tensor>();
  if (nets.perceptual) {
    const { net } = nets.perceptual;
    const convs = nets.perceptual.convs(g);
    // The real pictures first: only their compared maps stay in memory during the fake's pass.
    const [b, a] = g.scope(net.name, () => [net.record(g, convs, real), net.record(g, convs, fake)]);
    const lambda = net.scaled ? c.lambda_vgg * c.squeezenet_scale : c.lambda_vgg;
    perceptual.set("VGG", recordPerceptualLoss(g, lambda, net, a, b));
    a.forEach((t, i) => taps.set(`${net.name}, map ${i}`, t));
    ends.set("perceptual", g.dispatches.length);
    for (const [t, grad] of gradients(g, seeded(perceptual, seed), [fake])) toFake.set(t, grad);
  }
  const scales = recordJudgement(g, c, nets.D, painted);
  const judged = recordGeneratorLosses(g, c, { scales, images, style });
  const losses = new Map([...judged, ...perceptual]);
  const learnt = learn(g, c, new Map([...seeded(judged, seed), ...toFake]), moments, losses);
  if (options.average) g.scope("average", () => recordAverage(g, nets.G, options.average!.parameters, learnt.overflow));
  const seen = new Map([...parts, ...taps, ...layersOf(scales), ...losses, ...learnt.parts]);
  return { losses, fake, style, regionCodes, tables, styleTables, ends, ...learnt, parts: seen };
}

export function recordDiscriminatorStep(
  g: Graph,
  c: TrainConfig,
  nets: StepNets,
  plans: readonly TableRoom[],
  images: number,
  moments: readonly Moments[],
  options: StepOptions = {},
): Step {
  const painted = recordFake(g, c, nets, plans, images, false, options);
  const { fake, tables, styleTables, ends, parts } = painted;
  const scales = recordJudgement(g, c, nets.D, painted);
  const losses = recordDiscriminatorLosses(g, c, scales, images);
  const learnt = learn(g, c, seeded(losses, g.input("seed", [1])), moments, losses);
  return {
    losses,
    fake,
    tables,
    styleTables,
    ends,
    ...learnt,
    parts: new Map([...parts, ...layersOf(scales), ...losses, ...learnt.parts]),
  };
}
