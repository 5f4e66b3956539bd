// One training step as the published code makes it: a G step (generator and encoder learn), then a D step on a fake that the updated
// generator paints anew. Each is one program: forward, losses, backward, Adam. Every forward pass is in training mode, so running
// statistics and power iterations advance twice a batch in G and E, and twice in D (spec 3.3; traps 11 and 12).

import { concat, reparameterise } from "../../kernels/index.ts";
import { gradients } from "../../kernels/gradients.ts";
import { outputSize } from "../models/config.ts";
import { recordDiscriminator } from "../models/discriminator.ts";
import { recordEncoder } from "../models/encoder.ts";
import type { LevelPlan } from "../models/generator.ts";
import type { Parameters } from "../models/parameters.ts";
import { frozenConvs, type Perceptual } from "../models/perceptual.ts";
import { recordPix2PixHD } from "../models/pix2pixhd.ts";
import { recordTrainingPass } from "../models/training_pass.ts";
import type { Graph, Tensor } from "../runtime/index.ts";
import { recordDiscriminatorLosses, recordGeneratorLosses, type GeneratorTerms } from "./losses.ts";
import type { Moments } from "./moments.ts";
import type { TrainConfig } from "./options.ts";

export interface Nets {
  G: Parameters;
  D: Parameters;
  E?: Parameters;
  perceptual?: { net: Perceptual; parameters: Parameters };
}

export interface Step {
  /** Scalars, in the order of the published log. */
  losses: Map<string, Tensor>;
  /** [N,H,W,3] */
  fake: Tensor;
}

interface Forward extends Step {
  scales: Tensor[][];
  real: Tensor;
  style?: GeneratorTerms["style"];
}

/** Fake and real through D as one batch, fake first. Inputs: "image", "codes" at full size, "eps" with VAE, and the labels' windows. */
function recordForward(
  g: Graph,
  c: TrainConfig,
  nets: Nets,
  plans: readonly LevelPlan[],
  images: number,
  differentiated: boolean,
): Forward {
  const { h, w } = outputSize(c);
  const real = g.input("image", [images, h, w, 3]);
  const style = nets.E && g.scope("E", () => recordEncoder(g, c, nets.E!, real, true));
  const z = style && reparameterise(g, { ...style, eps: g.input("eps", [images, c.z_dim]) });
  const codes = g.input("codes", [images, h, w], "i32");
  const fake = g.scope("G", () => {
    if (c.netG === "pix2pixhd") return recordPix2PixHD(g, c, nets.G, codes, true);
    return recordTrainingPass(g, c, nets.G, plans, images, { z, gradients: differentiated }).image;
  });
  const pair = concat(g, { a: fake, b: real, axis: 0 });
  const scales = g.scope("D", () => recordDiscriminator(g, c, nets.D, { codes }, pair));
  return { fake, real, style, scales, losses: new Map() };
}

/** Seeds every loss with the input "seed" (1, or the loss scale) and records what follows from it. */
function learn(g: Graph, c: TrainConfig, losses: ReadonlyMap<string, Tensor>, moments: readonly Moments[]): void {
  const seed = g.input("seed", [1]);
  const factors = g.input("factors", [4]);
  const wrt = moments.flatMap((m) => m.keys.map((key) => m.parameters.tensor(g, key)));
  const grads = gradients(g, new Map([...losses.values()].map((t) => [t, seed])), wrt);
  for (const m of moments) m.record(g, grads, factors, c);
}

export function recordGeneratorStep(
  g: Graph,
  c: TrainConfig,
  nets: Nets,
  plans: readonly LevelPlan[],
  images: number,
  moments: readonly Moments[],
): Step {
  const { fake, real, style, scales } = recordForward(g, c, nets, plans, images, true);
  let perceptual: GeneratorTerms["perceptual"];
  if (nets.perceptual) {
    const { net, parameters } = nets.perceptual;
    const convs = frozenConvs(g, parameters);
    perceptual = g.scope(net.name, () => ({ net, fake: net.record(g, convs, fake), real: net.record(g, convs, real) }));
  }
  const losses = recordGeneratorLosses(g, c, { scales, images, perceptual, style });
  learn(g, c, losses, moments);
  return { losses, fake };
}

export function recordDiscriminatorStep(
  g: Graph,
  c: TrainConfig,
  nets: Nets,
  plans: readonly LevelPlan[],
  images: number,
  moments: readonly Moments[],
): Step {
  const { fake, scales } = recordForward(g, c, nets, plans, images, false);
  const losses = recordDiscriminatorLosses(g, c, scales, images);
  learn(g, c, losses, moments);
  return { losses, fake };
}
