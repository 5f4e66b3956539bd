// The options of createTrainer: types, names, and whether they fit the nets that the training begins with.

import { parseJson } from "../formats/budget.ts";
import { labelCount, storedForm } from "../models/config.ts";
import { parseLabels, type Label } from "../pictures/label_names.ts";
import { foreign, SpadeError, type SpadeErrorCode } from "../runtime/errors.ts";
import { checkShared, checkSource, isObject } from "../session/checks.ts";
import { RULES } from "../training/option_rules.ts";
import {
  checkCropSize,
  checkNets,
  infinite,
  ruled,
  typed,
  withDefaults,
  withOldScale,
} from "../training/option_values.ts";
import type { TrainOptions } from "../training/options.ts";
import { nearest } from "./nearest.ts";
import type { PublishedOptions, TrainerOptions } from "./api.ts";

const CALL = "createTrainer";
const OPTIONS = `${CALL}({ options })`;

const usage = (where: string, problem: string, fix: string): SpadeError => new SpadeError("usage", where, problem, fix);

/** Checks everything but the values in `options`. @throws SpadeError usage */
export function checkTrainerOptions(given: TrainerOptions): void {
  if (!isObject(given)) throw usage(CALL, `its options are ${String(given)}`, "give { options: ... }");
  const { options = {}, from, perceptual, labels } = given;
  if (!isObject(options)) throw usage(OPTIONS, `is ${String(options)}`, "give an object such as { label_nc: 12 }");
  if (from !== undefined) checkSource(`${CALL}({ from })`, from);
  if (perceptual !== undefined && perceptual !== false) checkSource(`${CALL}({ perceptual })`, perceptual);
  if (labels !== undefined && !Array.isArray(labels))
    throw usage(`${CALL}({ labels })`, "is no list", "give [{ id, name, color }], or leave it out");
  checkShared(CALL, given);
}

/** Values of options, typed and checked by the rules of the command. @throws SpadeError `code` */
function checkedValues(values: object, where: string, code: SpadeErrorCode): Partial<TrainOptions> {
  // A whole opt.json has isTrain, which the command sets.
  const given = Object.entries(values).filter(([name, value]) => value !== undefined && name !== "isTrain");
  for (const [name] of given) {
    if (Object.hasOwn(RULES, name)) continue;
    const meant = nearest(name, Object.keys(RULES));
    throw new SpadeError(
      code,
      where,
      `${foreign(name, 60)} is no option`,
      meant ? `perhaps ${meant} is meant` : "leave it out; names are those of opt.json: label_nc, crop_size, lr ...",
    );
  }
  return withOldScale(
    ruled(Object.fromEntries(given.map(([name, value]) => [name, typed(name, value, where, code)])), where, code),
  );
}

/** The options in a checkpoint's metadata; none in a state that the command wrote. @throws SpadeError file */
export function storedOptions(json: string | undefined): Partial<TrainOptions> {
  if (json === undefined) return {};
  const where = "from, metadata options";
  const values = parseJson(json, where);
  if (!isObject(values)) throw new SpadeError("file", where, "is no object", "go on from another checkpoint");
  return checkedValues(values, where, "file");
}

/** The metadata that storedOptions reads: the text of an opt.json. */
export const optionsText = (o: TrainOptions): string =>
  JSON.stringify(
    storedForm(Object.fromEntries(Object.keys(RULES).map((name) => [name, o[name as keyof TrainOptions]]))),
    infinite,
  );

/** Options that a generator keeps. */
const OF_GENERATOR = [
  ...["netG", "norm_G", "num_upsampling_layers", "resnet_n_downsample", "resnet_n_blocks", "resnet_kernel_size"],
  ...[
    "resnet_initial_kernel_size",
    "ngf",
    "use_vae",
    "z_dim",
    "label_nc",
    "contain_dontcare_label",
    "no_instance",
    "add_noise",
    "add_dist",
    "style_length",
    "enc_ngf",
  ],
];
/** Options that a checkpoint keeps. */
const OF_CHECKPOINT = [
  ...OF_GENERATOR,
  ...["crop_size", "aspect_ratio", "ndf", "num_D", "n_layers_D", "norm_D", "norm_E", "squeezenet_scale"],
];

/** What `from` says. */
export interface Begun {
  readonly options: Partial<TrainOptions>;
  readonly kind: "nothing" | "generator" | "checkpoint";
  /** Those of its options that are guesses, and may be corrected. */
  readonly guessed?: readonly string[];
}

/**
 * All options of the training.
 * @param perceptual undefined: whatever the options say
 * @throws SpadeError usage: no option, a value that it does not take, options that do not fit together or do not fit `from`
 */
export function resolveOptions(
  options: Partial<PublishedOptions> = {},
  begun: Begun,
  perceptual: TrainerOptions["perceptual"],
): TrainOptions {
  const named: Partial<Pick<TrainOptions, keyof PublishedOptions>> = options;
  const given = checkedValues(named, OPTIONS, "usage");
  const kept = { nothing: [], generator: OF_GENERATOR, checkpoint: OF_CHECKPOINT }[
    begun.kind
  ] as (keyof TrainOptions)[];
  for (const name of kept) {
    const [now, was] = [given[name], begun.options[name]];
    if (now !== undefined && was !== undefined && now !== was && !begun.guessed?.includes(name))
      throw usage(OPTIONS, `${name} is ${String(now)} where \`from\` has ${String(was)}`, "leave it out");
  }
  if (given.no_vgg_loss && perceptual)
    throw usage(OPTIONS, "no_vgg_loss is true, and `perceptual` is given", "leave one of them out");
  const without = perceptual === undefined ? {} : { no_vgg_loss: perceptual === false };
  const o = withDefaults({ ...begun.options, ...given, ...without });
  checkNets(o);
  checkCropSize(o, `${OPTIONS}, crop_size ${o.crop_size}`);
  return o;
}

/** The labels to store with the weights. @throws SpadeError usage: given ones that the nets do not have, or that are none */
export function labelsOf(
  { labels }: TrainerOptions,
  o: TrainOptions,
  stored: readonly Label[] | undefined,
): readonly Label[] | undefined {
  if (labels === undefined) return stored;
  try {
    return parseLabels(JSON.stringify(labels), `${CALL}({ labels })`, labelCount(o));
  } catch (error) {
    if (!(error instanceof SpadeError)) throw error;
    throw new SpadeError("usage", error.where, error.problem, error.fix, error);
  }
}
