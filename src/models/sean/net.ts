// The parameters of SEAN's generator (Zhu et al. 2020), with the published key names: SPADE's blocks with ACE in the place of each norm,
// and the style encoder.

import { SpadeError } from "../../runtime/errors.ts";
import {
  addConvs,
  addLabelConvs,
  blocks,
  normsOf,
  parseNormG,
  semanticNc,
  type BlockSpec,
  type Config,
} from "../config.ts";
import { blockedPacking, linearPacking, storedShapes, transposedPacking, type Net } from "../weights/packing.ts";

/** The key of an ACE layer, from the name of the norm in whose place it is. */
export const aceOf = (norm: string): string => norm.replace(".norm_", ".ace_");
/** The key of its SPADE branch. */
export const spadeOf = (norm: string): string => `${aceOf(norm)}.Spade`;

/** Whether styles reach a block's ACEs; the last block has SPADE's labels and noise alone. */
export const isStyled = ({ name }: Pick<BlockSpec, "name">): boolean => name !== "up_3";

/** Whether styles reach a resolution. */
export const isStyledLevel = (c: Config, { h, w }: Pick<BlockSpec, "h" | "w">): boolean =>
  blocks(c).some((b) => b.h === h && b.w === w && isStyled(b));

/** A conv of the style encoder. Its number is its index in the published Sequential. */
export interface EncoderConv {
  readonly name: string;
  readonly cin: number;
  readonly cout: number;
  readonly how: "mirrored" | "halving" | "doubling";
}

export const encoderConvs = ({ enc_ngf: e, style_length }: Config): EncoderConv[] => [
  { name: "Zencoder.model.1", cin: 3, cout: e, how: "mirrored" },
  { name: "Zencoder.model.4", cin: e, cout: 2 * e, how: "halving" },
  { name: "Zencoder.model.7", cin: 2 * e, cout: 4 * e, how: "halving" },
  { name: "Zencoder.model.10", cin: 4 * e, cout: 8 * e, how: "doubling" },
  { name: "Zencoder.model.14", cin: 8 * e, cout: style_length, how: "mirrored" },
];

/** Shapes of the style encoder's parameters. */
export const encoderShapes = (c: Config): Map<string, number[]> =>
  new Map(
    encoderConvs(c).flatMap(({ name, cin, cout, how }): [string, number[]][] => [
      [`${name}.weight`, how === "doubling" ? [cin, cout, 3, 3] : [cout, cin, 3, 3]],
      [`${name}.bias`, [cout]],
    ]),
  );

/** Shapes of an ACE layer's parameters. @param name its key */
export function aceShapes(c: Config, name: string, channels: number, styled: boolean): Map<string, number[]> {
  const { kind, k } = parseNormG(c.norm_G);
  const S = semanticNc(c);
  const L = c.style_length;
  const shapes = new Map<string, number[]>();
  shapes.set(`${name}.blending_gamma`, [1]).set(`${name}.blending_beta`, [1]).set(`${name}.noise_var`, [channels]);
  const statistics = (of: string): unknown =>
    shapes.set(`${of}.param_free_norm.running_mean`, [channels]).set(`${of}.param_free_norm.running_var`, [channels]);
  // Never used, and in published files.
  if (kind === "batch") statistics(`${name}.Spade`);
  addLabelConvs(shapes, S, k, `${name}.Spade`, channels);
  statistics(name);
  if (!styled) return shapes;
  for (let j = 0; j < S; j++) shapes.set(`${name}.fc_mu${j}.weight`, [L, L]).set(`${name}.fc_mu${j}.bias`, [L]);
  for (const conv of ["conv_gamma", "conv_beta"])
    shapes.set(`${name}.${conv}.weight`, [channels, L, 3, 3]).set(`${name}.${conv}.bias`, [channels]);
  return shapes;
}

/** Every key of the generator's state_dict with its shape, without num_batches_tracked. */
export function seanShapes(c: Config): Map<string, number[]> {
  const { spectral } = parseNormG(c.norm_G);
  const specs = blocks(c);
  const shapes = encoderShapes(c);
  shapes.set("fc.weight", [16 * c.ngf, semanticNc(c), 3, 3]).set("fc.bias", [16 * c.ngf]);
  for (const b of specs) {
    addConvs(shapes, b, spectral);
    for (const { name, channels } of normsOf(b))
      for (const [key, shape] of aceShapes(c, aceOf(name), channels, isStyled(b))) shapes.set(key, shape);
  }
  return shapes.set("conv_img.weight", [3, specs[specs.length - 1].fout, 3, 3]).set("conv_img.bias", [3]);
}

/** Layouts on the device that do not follow from shapes. */
const packing: Net["packing"] = (key, shape) => {
  if (/\.(mlp|conv)_(gamma|beta)\.weight$/.test(key)) return blockedPacking(shape);
  if (/\.fc_mu\d+\.weight$/.test(key)) return linearPacking(shape);
  return key === "Zencoder.model.10.weight" ? transposedPacking(shape[0], shape[1], 9).weight : undefined;
};

/** A net of these keys of SEAN's generator. */
export const seanParts = (shapes: Net["shapes"]): Net => ({ shapes, packing });

export function seanNet(c: Config, found?: Net["shapes"]): Net {
  const shapes = seanShapes(c);
  return seanParts(found ? storedShapes(shapes, found) : shapes);
}

/** Checks the options. @throws SpadeError usage: options that this net does not support */
export function checkSean(c: Config): void {
  parseNormG(c.norm_G);
  const refuse = (option: string, problem: string, fix: string): never => {
    throw new SpadeError("usage", `netG sean, ${option}`, problem, fix);
  };
  if (c.use_vae) refuse("use_vae", "SEAN's generator reads no z: its styles are those of regions", "leave use_vae out");
  if (c.add_noise) refuse("add_noise", "SEAN's norms have noise of their own", "leave add_noise out");
  if (c.num_upsampling_layers === "most")
    refuse("num_upsampling_layers most", "is published with layers that do not fit each other", "use normal or more");
}
