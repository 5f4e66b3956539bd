// The options that determine a net's shape, under their published names. They override the config derived from the weights.

import { Option, type Command } from "commander";
import { defaultConfig, type Config } from "../../models/config.ts";
import { aspect, flag, labelNc, netG, number } from "../../training/option_rules.ts";
import { netOfMode, NORM_MODES } from "../../models/clade/norm_mode.ts";
import { argument } from "./option_table.ts";

export function addConfigOptions(command: Command): Command {
  const add = (flags: string, help: string, parse: (text: string) => unknown): Command =>
    command.addOption(
      new Option(flags, help)
        .argParser(argument(parse))
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
  add("--netG <net>", "the generator: spade, clade, sean or pix2pixhd", netG);
  command.addOption(
    new Option("--norm_mode <which>", "the published way to say netG spade or clade")
      .choices(NORM_MODES)
      .helpGroup("The net, where the weights do not say it (names as published):"),
  );
  add("--add_dist [bool]", "clade: two factors a pixel, by its place in its region (ICPE)", flag);
  add("--norm_G <norm>", "for example spectralspadesyncbatch3x3; of pix2pixhd spectralinstance", String);
  add("--resnet_n_downsample <n>", "pix2pixhd: halvings", number(1, true));
  add("--resnet_n_blocks <n>", "pix2pixhd: residual blocks", number(1, true));
  add("--resnet_kernel_size <k>", "pix2pixhd: kernel of the residual blocks", number(1, true));
  add("--resnet_initial_kernel_size <k>", "pix2pixhd: kernel of the first conv", number(1, true));
  add("--style_length <n>", "sean: numbers of a region's style", number(1, true));
  add("--enc_ngf <n>", "sean: width of the style encoder", number(1, true));
  return command;
}

/** Adds --noise_seed. */
export const addNoiseSeed = (command: Command): Command =>
  command.option(
    "--noise_seed <n>",
    "of nets with add_noise: another seed, another texture (default: 0)",
    argument(number(0, true, Number.MAX_SAFE_INTEGER)),
  );

/** Adds --style_map and --style_of. */
export const addRegionStyles = (command: Command): Command =>
  command
    .option("--style_map <png>", "of SEAN: the label map of the photo that --style names")
    .option(
      "--style_of <label=photo...>",
      "of SEAN: the style of one label, from another photo: LABEL=PHOTO,MAP.png, or from a file of codes: LABEL=CODES.json, LABEL=CODE.npy",
    );

/** Those of a command's options that override the config. */
export function configOverrides(options: Readonly<Record<string, unknown>>): Partial<Config> {
  const netG = netOfMode(options.netG as string | undefined, options.norm_mode, "--norm_mode");
  const values: Readonly<Record<string, unknown>> = { ...options, netG };
  return Object.fromEntries(
    (Object.keys(defaultConfig) as (keyof Config)[])
      .filter((name) => values[name] !== undefined)
      .map((name) => [name, values[name]]),
  );
}
