// The published training losses, recorded on the outputs of discriminator, perceptual net and encoder. Each is a scalar f32 [1] that includes
// its weight: gradients() seeded with 1 (or the loss scale) at each of them gives the gradient of their sum.

import { add, ganLoss, kld, l1Mean } from "../../../kernels/index.ts";
import type { GanMode, GanSide } from "../../../kernels/loss/gan_loss.ts";
import type { Perceptual } from "../../models/nets/perceptual.ts";
import type { Graph, Tensor } from "../../runtime/index.ts";

export interface LossConfig {
  gan_mode: GanMode;
  lambda_feat: number;
  lambda_vgg: number;
  lambda_kld: number;
  no_ganFeat_loss: boolean;
  /** What SqueezeNet's distances are multiplied with; VGG19's are not. */
  squeezenet_scale: number;
}

/**
 * Brings SqueezeNet's distances to the size of VGG19's, so that the published lambda_vgg fits both. Measured at lambda_vgg 10 over the first
 * 4 to 12 steps of fresh nets (landscapes at 128x128 and 256x256, CamVid at 128x96, COCO-Stuff at 256x256): 362 to 698 unscaled, with means
 * of 498 to 656, hence 7 to 14 scaled. Of VGG19, NVlabs/SPADE's issue 38 says 7 to 15.
 */
const SQUEEZENET_SCALE = 0.02;
/** The scale of runs that were begun before there was one (up to version 0.7). */
export const OLD_SQUEEZENET_SCALE = 1;

export const defaultLosses: LossConfig = {
  gan_mode: "hinge",
  lambda_feat: 10,
  lambda_vgg: 10,
  lambda_kld: 0.05,
  no_ganFeat_loss: false,
  squeezenet_scale: SQUEEZENET_SCALE,
};

/** a + b + ..., of scalars. */
function total(g: Graph, terms: readonly Tensor[]): Tensor {
  return terms.reduce((a, b) => add(g, { a, b }));
}

/** The mean of the scales' GAN losses, over the batch's images from..from+images. */
function recordGan(
  g: Graph,
  mode: GanMode,
  scales: readonly Tensor[][],
  side: GanSide,
  from: number,
  images: number,
): Tensor {
  return g.scope(side, () =>
    total(
      g,
      scales.map((layers) =>
        ganLoss(g, { logits: layers[layers.length - 1], mode, side, from, images, scale: 1 / scales.length }),
      ),
    ),
  );
}

/** lambda / num_D times the mean distance of fake and real features, summed over scales and layers; the real side is a constant. */
function recordFeatureMatching(g: Graph, lambda: number, scales: readonly Tensor[][], images: number): Tensor {
  const terms = scales.flatMap((layers) =>
    layers
      .slice(0, -1)
      .map((x) => l1Mean(g, { a: x, b: x, scale: lambda / scales.length, images, aFrom: 0, bFrom: images })),
  );
  return g.scope("GAN_Feat", () => total(g, terms));
}

/** lambda times the weighted mean distances of a perceptual net's feature maps. */
export function recordPerceptualLoss(
  g: Graph,
  lambda: number,
  net: Pick<Perceptual, "weights">,
  fake: readonly Tensor[],
  real: readonly Tensor[],
): Tensor {
  return g.scope("VGG", () =>
    total(
      g,
      net.weights.map((weight, i) => l1Mean(g, { a: fake[i], b: real[i], scale: lambda * weight })),
    ),
  );
}

export interface GeneratorTerms {
  /** recordDiscriminator's result on [fake, real]. */
  scales: readonly Tensor[][];
  /** Number of fake pictures in that batch, and of real ones. */
  images: number;
  style?: { mu: Tensor; logvar: Tensor };
}

/** KLD (with `style`), GAN and GAN_Feat (if on), in the order of the published log (VGG follows). */
export function recordGeneratorLosses(
  g: Graph,
  c: LossConfig,
  { scales, images, style }: GeneratorTerms,
): Map<string, Tensor> {
  const losses = new Map<string, Tensor>();
  if (style) losses.set("KLD", kld(g, { ...style, scale: c.lambda_kld }));
  losses.set("GAN", recordGan(g, c.gan_mode, scales, "G", 0, images));
  if (!c.no_ganFeat_loss) losses.set("GAN_Feat", recordFeatureMatching(g, c.lambda_feat, scales, images));
  return losses;
}

/** D_Fake and D_real, like the published code without a factor 1/2. */
export function recordDiscriminatorLosses(
  g: Graph,
  c: LossConfig,
  scales: readonly Tensor[][],
  images: number,
): Map<string, Tensor> {
  return new Map([
    ["D_Fake", recordGan(g, c.gan_mode, scales, "D_fake", 0, images)],
    ["D_real", recordGan(g, c.gan_mode, scales, "D_real", images, images)],
  ]);
}
