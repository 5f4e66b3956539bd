// Recognises by their keys the checkpoints that people give as generators by mistake, and names what to give instead.

import { cladeKeys } from "../clade/keys.ts";
import { SpadeError } from "../../runtime/errors.ts";
import { SEAN_KEY } from "../sean/guess.ts";

type Shapes = ReadonlyMap<string, readonly number[]>;

const GENERATOR = "latest_net_G.pth or .safetensors";

/** A pattern of a key that only such a file has, with a test of its shape; what the file is; what to do. */
const OTHERS: readonly [pattern: RegExp, is: string, fix: string, holds?: (shape: readonly number[]) => boolean][] = [
  [/\.adam_[mv]$/, "is a training state", `give the net that the run saved beside its state folder: ${GENERATOR}`],
  [/(^|\.)discriminator_\d+\.model\d+\.0\./, "is a discriminator (latest_net_D)", `give ${GENERATOR}`],
  [
    /^(scale\d+_)?layer\d+(\.\d+)?\.weight$/,
    "is pix2pixHD's discriminator (latest_net_D)",
    `give ${GENERATOR}`,
    (s) => s[2] === 4,
  ],
  [/(^|\.)fc_mu\.weight$/, "is an encoder (latest_net_E)", `give ${GENERATOR}, and this file with --encoder`],
  [
    /^model1_1\.\d+\./,
    "is pix2pixHD's LocalEnhancer (netG local), which is not supported",
    "give a net of netG global",
  ],
  [
    /^model\.2\.(running_mean|weight)$/,
    "is pix2pixHD's generator with a norm that has parameters (batch), which is not supported in this layout",
    "give one trained with norm instance, its default",
  ],
  // Of label maps, its keys have been read under SPADE's names.
  [
    /^model\.\d+\.conv_block\.5\.weight$/,
    "is pix2pixHD's generator from pictures (label_nc 0: 3 input channels, red, green and blue)",
    "give one that was trained on label maps",
  ],
  [
    /(^|\.)(weight_g|parametrizations\.weight\.original[01])$/,
    "has weight norm (weight_g), which no published SPADE net has",
    "remove it before saving: torch.nn.utils.remove_weight_norm, or parametrize.remove_parametrizations",
  ],
  [
    /(^|\.)parametrizations\.weight\.(original|0\.base)$/,
    "has a parametrization of its weights other than spectral norm, which is not supported",
    'remove it before saving: torch.nn.utils.parametrize.remove_parametrizations(layer, "weight")',
  ],
  [
    /^features\.\d+\.weight$/,
    "is a classifier (VGG19 or SqueezeNet)",
    `give ${GENERATOR}; VGG19 goes to train's --vgg_weights`,
  ],
  [/^aspp\.join_conv\.(weight|scale)$/, "is a segmenter of photos", `give ${GENERATOR}`],
  [/^(state|param_groups)\.\d+\./, "is an optimiser's state", `give ${GENERATOR}`],
];

/** @throws SpadeError unsupported: the keys are those of another net or file than a generator; the message says which */
export function refuseOthers(shapes: Shapes): void {
  const isGenerator = shapes.has("head_0.norm_0.mlp_shared.0.weight") || shapes.has(SEAN_KEY) || !!cladeKeys(shapes);
  for (const [pattern, is, fix, holds] of OTHERS) {
    for (const [key, shape] of shapes) {
      if (!pattern.test(key) || (holds && !holds(shape))) continue;
      // A generator may have other nets' keys beside its own, which are ignored; not other forms of its own.
      if (isGenerator && !/weight_g|parametrizations/.test(key)) break;
      throw new SpadeError("unsupported", "weights", is, fix);
    }
  }
}
