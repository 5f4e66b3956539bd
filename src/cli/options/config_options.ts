// The options that determine a net's shape, under their published names. They override the config derived from the weights.

import { NET_G } from "../../models/kinds.ts";
import { InvalidArgumentError, Option, type Command } from "commander";
import { defaultConfig, type Config, type NetG } from "../../models/config.ts";

export const number =
  (least: number, whole: boolean) =>
  (text: string): number => {
    // Number("") is 0.
    const value = text.trim() === "" ? NaN : Number(text);
    if (!(value >= least && value < Infinity) || (whole && !Number.isInteger(value)))
      throw new InvalidArgumentError(`Give a ${whole ? "whole " : ""}number from ${least} on.`);
    return value;
  };

/** Parses label_nc. In pix2pixHD, 0 means RGB pictures in place of label maps. */
export const labelNc = (text: string): number => {
  if (text.trim() !== "" && Number(text) === 0)
    throw new InvalidArgumentError(
      "0 means RGB pictures as input (pix2pixHD), which this engine does not read; give the number of labels.",
    );
  return number(1, true)(text);
};

export const flag = (text: string): boolean => {
  if (/^(true|1|yes|on)$/i.test(text)) return true;
  if (/^(false|0|no|off)$/i.test(text)) return false;
  throw new InvalidArgumentError("Give true or false, or no value at all for true.");
};

export const aspect = (text: string): number => {
  const value = Number(text);
  if (!(value > 0 && value < 100)) throw new InvalidArgumentError("Give width / height, for example 2.");
  return value;
};

/** Ignores case and underscores, like the published code. */
export const netG = (text: string): NetG => {
  const name = text.toLowerCase().replaceAll("_", "");
  const known = NET_G.find((kind) => kind === name);
  if (known) return known;
  throw new InvalidArgumentError(`Give ${NET_G.join(" or ")}.`);
};

export function addConfigOptions(command: Command): Command {
  const add = (flags: string, help: string, parse: (text: string) => unknown): Command =>
    command.addOption(
      new Option(flags, help)
        .argParser(parse)
        .helpGroup("The net, where the weights do not say it (names as published):"),
    );
  add("--label_nc <n>", "labels, don't-care not counted", labelNc);
  add("--contain_dontcare_label [bool]", "one more label, for 255", flag);
  add("--no_instance [bool]", "no edge channel", flag);
  add("--ngf <n>", "width of the net", number(1, true));
  add("--z_dim <n>", "length of z", number(1, true));
  add("--use_vae [bool]", "the net takes z", flag);
  add("--crop_size <n>", "width of the picture", number(32, true));
  add("--aspect_ratio <x>", "width / height", aspect);
  command.addOption(
    new Option("--num_upsampling_layers <how>", "upsamplings between z and the picture")
      .choices(["normal", "more", "most"])
      .helpGroup("The net, where the weights do not say it (names as published):"),
  );
  add("--netG <net>", "the generator: spade or pix2pixhd", netG);
  add("--norm_G <norm>", "for example spectralspadesyncbatch3x3; of pix2pixhd spectralinstance", String);
  add("--resnet_n_downsample <n>", "pix2pixhd: halvings", number(1, true));
  add("--resnet_n_blocks <n>", "pix2pixhd: residual blocks", number(1, true));
  add("--resnet_kernel_size <k>", "pix2pixhd: kernel of the residual blocks", number(1, true));
  add("--resnet_initial_kernel_size <k>", "pix2pixhd: kernel of the first conv", number(1, true));
  return command;
}

/** Those of a command's options that override the config. */
export function configOverrides(options: Readonly<Record<string, unknown>>): Partial<Config> {
  return Object.fromEntries(
    (Object.keys(defaultConfig) as (keyof Config)[])
      .filter((name) => options[name] !== undefined)
      .map((name) => [name, options[name]]),
  );
}
