// From the values that somebody gives for options to the options of a run: types, rules, defaults, and whether the nets take them. The command,
// opt files and createTrainer share it.

import { foreign, SpadeError, type SpadeErrorCode } from "../runtime/errors.ts";
import { parsePlainNorm } from "../models/config.ts";
import { checkNet, outputSize, strideOf } from "../models/kinds.ts";
import { InvalidValue, RULES } from "./option_rules.ts";
import { defaultOptions, defaultsOf, type TrainOptions } from "./options.ts";
import { OLD_SQUEEZENET_SCALE } from "./step/losses.ts";

export type OptionValue = boolean | number | string;
const TABLE = defaultOptions as unknown as Readonly<Record<string, OptionValue>>;

/** Converts a value to its option's type; in opt.txt everything is text. @param where in messages @throws SpadeError `code` */
export function typed(name: string, value: unknown, where: string, code: SpadeErrorCode = "file"): OptionValue {
  const want = typeof TABLE[name];
  if (typeof value === want) return value as OptionValue;
  if (want === "boolean" && (value === "True" || value === "False")) return value === "True";
  if (want === "number" && typeof value === "string") {
    if (/^[+]?inf(inity)?$/i.test(value)) return Infinity;
    if (value !== "" && Number.isFinite(Number(value))) return Number(value);
  }
  const kind = { boolean: "True or False", number: "a number" }[want as string] ?? "a text";
  throw new SpadeError(code, where, `${name} is ${shown(value)}`, `give ${kind}`);
}

/** For JSON.stringify, which has no Infinity: as Python prints it. */
export const infinite = (_: string, value: unknown): unknown => (value === Infinity ? "inf" : value);

function shown(value: unknown): string {
  if (typeof value === "object" && value !== null) return "a list or an object";
  return foreign(typeof value === "string" ? JSON.stringify(value) : String(value), 100);
}

/** A sentence as the end of a line. */
const inLine = (text: string): string => text[0].toLowerCase() + text.slice(1).replace(/\.$/, "");

/** Parses and checks values of the right types like those of the command line. @throws SpadeError `code` */
export function ruled(
  options: Partial<TrainOptions>,
  where: string,
  code: SpadeErrorCode = "file",
): Partial<TrainOptions> {
  const value = (name: keyof typeof RULES): unknown => {
    const given = String(options[name]);
    const { choices, parse } = RULES[name];
    const wrong = (fix: string): SpadeError => new SpadeError(code, where, `${name} is ${JSON.stringify(given)}`, fix);
    if (choices && !choices.includes(given)) throw wrong(`give one of ${choices.join(", ")}`);
    try {
      return parse ? parse(given) : options[name];
    } catch (error) {
      throw error instanceof InvalidValue ? wrong(inLine(error.message)) : error;
    }
  };
  const names = (Object.keys(RULES) as (keyof typeof RULES)[]).filter((name) => options[name] !== undefined);
  return Object.fromEntries(names.map((name) => [name, value(name)]));
}

/**
 * The options of an opt file. One of a version before 0.8, which has options that we added but no squeezenet_scale, means that of its time.
 */
export const withOldScale = (options: Partial<TrainOptions>): Partial<TrainOptions> =>
  options.vgg_weights === undefined ? options : { squeezenet_scale: OLD_SQUEEZENET_SCALE, ...options };

/** All options of a training of which only these are stated. */
export function withDefaults(stated: Partial<TrainOptions>): TrainOptions {
  return { ...defaultsOf({ ...defaultOptions, ...stated }), ...stated, isTrain: true };
}

/** Checks that the nets take their options. @throws SpadeError usage */
export function checkNets(o: TrainOptions): void {
  checkNet(o);
  parsePlainNorm(o.norm_D, "norm_D");
  if (o.use_vae) parsePlainNorm(o.norm_E, "norm_E");
}

/** Checks that the generator paints pictures of crop_size. @param where the option, for the message @throws SpadeError usage */
export function checkCropSize(o: TrainOptions, where: string): void {
  const { w } = outputSize(o);
  const stride = strideOf(o);
  if (w === o.crop_size) return;
  throw new SpadeError(
    "usage",
    where,
    `is no multiple of ${stride}, and the generator would paint ${w} pixels of it`,
    `give ${w} or ${w + stride}`,
  );
}
