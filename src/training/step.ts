// One training step as the published code makes it: a G step (generator and encoder learn), then a D step on a fake that the updated
// generator paints anew. Each is one program: forward, losses, backward, Adam. Every forward pass is in training mode, so running
// statistics and power iterations advance twice a batch in G and E, and twice in D (spec 3.3; traps 11 and 12).

import { concat, overflow, reparameterise } from "../../kernels/index.ts";
import { gradients } from "../../kernels/gradients.ts";
import { outputSize } from "../models/config.ts";
import { recordDiscriminator } from "../models/discriminator.ts";
import { recordEncoder } from "../models/encoder.ts";
import type { LevelPlan } from "../models/generator.ts";
import type { Parameters } from "../models/parameters.ts";
import type { Frozen, Perceptual } from "../models/perceptual.ts";
import { recordTrainingPass } from "../models/training_pass.ts";
import type { DType, Graph, Tensor } from "../runtime/index.ts";
import { recordAverage, type Average } from "./average.ts";
import {
  recordDiscriminatorLosses,
  recordGeneratorLosses,
  recordPerceptualLoss,
  type GeneratorTerms,
} from "./losses.ts";
import type { Moments } from "./moments.ts";
import type { TrainConfig } from "./options.ts";

export interface Nets {
  G: Parameters;
  D: Parameters;
  E?: Parameters;
  perceptual?: { net: Perceptual; parameters: Parameters };
}

/** The nets as a step takes them. */
export interface StepNets extends Omit<Nets, "perceptual"> {
  perceptual?: Frozen;
}

export interface StepOptions {
  /** Storage of activations; of weights, the nets say. f16 steps are skipped where a gradient overflows. f32 by default. */
  dtype?: DType;
  /** Of G, moved with every step of its. */
  average?: Average;
}

export interface Step {
  /** Scalars, in the order of the published log. */
  losses: Map<string, Tensor>;
  /** [N,H,W,3] */
  fake: Tensor;
  /** What src/training/memory.ts tells apart. */
  tables: Tensor[];
  gradients: Tensor[];
  /** [1], f16 alone: other than 0, the step was skipped. */
  overflow?: Tensor;
  /** Dispatches recorded when the forward pass of each part was complete. */
  ends: Map<"E" | "G" | "perceptual" | "D", number>;
}

type Style = NonNullable<GeneratorTerms["style"]>;

interface Painted extends Pick<Step, "fake" | "tables" | "ends"> {
  real: Tensor;
  style?: Style;
}

/** Inputs: "image", "eps" with VAE, and the labels' windows. */
function recordFake(
  g: Graph,
  c: TrainConfig,
  nets: StepNets,
  plans: readonly LevelPlan[],
  images: number,
  differentiated: boolean,
  dtype: DType = "f32",
): Painted {
  const { h, w } = outputSize(c);
  const ends: Step["ends"] = new Map();
  const real = g.input("image", [images, h, w, 3], dtype);
  const style = nets.E && g.scope("E", () => recordEncoder(g, c, nets.E!, real, true));
  if (style) ends.set("E", g.dispatches.length);
  const z = style && reparameterise(g, { ...style, eps: g.input("eps", [images, c.z_dim]) });
  const { image: fake, tables } = g.scope("G", () =>
    recordTrainingPass(g, c, nets.G, plans, images, { z, gradients: differentiated }),
  );
  ends.set("G", g.dispatches.length);
  return { fake, real, style, tables, ends };
}

/** Fake and real through D as one batch, fake first. Input: "codes" at full size. */
function recordJudgement(g: Graph, c: TrainConfig, D: Parameters, { fake, real, ends }: Painted): Tensor[][] {
  const pair = concat(g, { a: fake, b: real, axis: 0 });
  const codes = g.input("codes", [...fake.shape.slice(0, 3)], "i32");
  const scales = g.scope("D", () => recordDiscriminator(g, c, D, { codes }, pair));
  ends.set("D", g.dispatches.length);
  return scales;
}

/** Records the gradients of seeded tensors and what follows from them. */
function learn(
  g: Graph,
  c: TrainConfig,
  seeds: ReadonlyMap<Tensor, Tensor>,
  moments: readonly Moments[],
  { dtype }: StepOptions,
): Pick<Step, "gradients" | "overflow"> {
  const factors = g.input("factors", [4]);
  const wrt = moments.flatMap((m) => m.keys.map((key) => m.parameters.tensor(g, key)));
  const grads = gradients(g, seeds, wrt);
  const made = [...grads.values()];
  const flag = dtype === "f16" ? overflow(g, { tensors: made }) : undefined;
  for (const m of moments) m.record(g, grads, factors, c, flag);
  return { gradients: made, overflow: flag };
}

/** Every loss with the input "seed": 1, or the loss scale. */
const seeded = (losses: ReadonlyMap<string, Tensor>, seed: Tensor): Map<Tensor, Tensor> =>
  new Map([...losses.values()].map((t) => [t, seed]));

/**
 * The perceptual net is differentiated to the fake as soon as it has seen it, D after that, G last: the activations of the nets that
 * judge are never in memory together.
 */
export function recordGeneratorStep(
  g: Graph,
  c: TrainConfig,
  nets: StepNets,
  plans: readonly LevelPlan[],
  images: number,
  moments: readonly Moments[],
  options: StepOptions = {},
): Step {
  const painted = recordFake(g, c, nets, plans, images, true, options.dtype);
  const { fake, real, style, tables, ends } = painted;
  const seed = g.input("seed", [1]);
  const perceptual = new Map<string, Tensor>();
  const toFake = new Map<Tensor, Tensor>();
  if (nets.perceptual) {
    const { net } = nets.perceptual;
    const convs = nets.perceptual.convs(g);
    // The real side first: of its maps only those that are compared wait for the fake's.
    const [b, a] = g.scope(net.name, () => [net.record(g, convs, real), net.record(g, convs, fake)]);
    perceptual.set("VGG", recordPerceptualLoss(g, c.lambda_vgg, net, a, b));
    ends.set("perceptual", g.dispatches.length);
    for (const [t, grad] of gradients(g, seeded(perceptual, seed), [fake])) toFake.set(t, grad);
  }
  const scales = recordJudgement(g, c, nets.D, painted);
  const judged = recordGeneratorLosses(g, c, { scales, images, style });
  const learnt = learn(g, c, new Map([...seeded(judged, seed), ...toFake]), moments, options);
  if (options.average) g.scope("average", () => recordAverage(g, nets.G, options.average!, learnt.overflow));
  return { losses: new Map([...judged, ...perceptual]), fake, tables, ends, ...learnt };
}

export function recordDiscriminatorStep(
  g: Graph,
  c: TrainConfig,
  nets: StepNets,
  plans: readonly LevelPlan[],
  images: number,
  moments: readonly Moments[],
  options: StepOptions = {},
): Step {
  const painted = recordFake(g, c, nets, plans, images, false, options.dtype);
  const { fake, tables, ends } = painted;
  const scales = recordJudgement(g, c, nets.D, painted);
  const losses = recordDiscriminatorLosses(g, c, scales, images);
  const learnt = learn(g, c, seeded(losses, g.input("seed", [1])), moments, options);
  return { losses, fake, tables, ends, ...learnt };
}
