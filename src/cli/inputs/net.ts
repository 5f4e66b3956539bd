// Opens a weights file and a device for the commands that paint.

import { openCheckpointFile } from "../../formats/file.ts";
import type { Config } from "../../models/config.ts";
import { kindOf } from "../../models/kinds.ts";
import { decodeRegionStyles, type RegionStyles } from "../../models/sean/region_styles.ts";
import { explainGuess } from "../../models/weights/stored_config.ts";
import { openNodeDevice } from "../../node/dawn.ts";
import { variantsWish, type VariantPlan } from "../../node/variants.ts";
import { checkVariants } from "../../../kernels/parts/variants.ts";
import { describeNet } from "../../painting/describe_net.ts";
import { openNet, type NetWeights, type OpenNet, type StorageWish } from "../../painting/open_net.ts";
import { decodePresets, type Preset } from "../../models/presets.ts";
import type { Device } from "../../runtime/index.ts";
import { noteLines } from "../reports/checkpoint_report.ts";
import { once } from "../terminal/once.ts";
import { optionsBeside } from "../../training/records/opt_beside.ts";
import type { Progress } from "../terminal/progress.ts";

export interface NetOptions {
  key?: string;
  dtype?: StorageWish;
  /** Of a net with add_noise. */
  noiseSeed?: number;
  overrides?: Partial<Config>;
}

/**
 * Opens a device; a software adapter is noted the first time that this user meets it.
 * @param plan the variants to use if the user names no plan file
 * @throws SpadeError usage: the plan names what is not there, or what the adapter can't run
 */
export async function openDeviceFor(progress: Progress, plan?: VariantPlan): Promise<Device> {
  const wish = await variantsWish();
  const device = await openNodeDevice({
    variants: wish ?? plan,
    onSoftware: (message, fix) => once(`note: ${message}; ${fix}`, (line) => progress.say(line)),
  });
  try {
    checkVariants(
      device.target.variants,
      wish ? process.env.SPADE_VARIANTS! : "the variants of this run",
      device.target,
    );
    return device;
  } catch (error) {
    device.dispose();
    throw error;
  }
}

/** A net in a file, with the styles that are stored with it. */
export interface NetInFile extends NetWeights {
  readonly presets: readonly Preset[];
  /** Of a net with regions: the mean codes that are stored with it. */
  readonly regionMeans?: RegionStyles;
}

/**
 * Opens the file, calls `use` with the net that it describes, and closes the file when `use` is done. Options that the file leaves open
 * come from the opt file beside it; those that are guessed are named in a note.
 */
export async function withNetFile<T>(
  weights: string,
  { key, overrides = {} }: NetOptions,
  progress: Progress,
  use: (net: NetInFile) => Promise<T>,
): Promise<T> {
  const checkpoint = await openCheckpointFile(weights, { key });
  try {
    const say = (line: string): void => progress.say(line);
    const beside = await optionsBeside(weights, checkpoint, overrides, say);
    const net = describeNet(checkpoint, { weights, overrides: { ...beside, ...overrides } });
    for (const line of noteLines(checkpoint)) say(line);
    if (net.note) say(`note: ${net.note.message}; ${net.note.fix}`);
    const presets = net.config.use_vae ? decodePresets(checkpoint.metadata.styles, net.config.z_dim) : [];
    const regions = kindOf(net.config).regions?.(net.config);
    const where = `${weights}, metadata region_styles`;
    const regionMeans = regions && decodeRegionStyles(checkpoint.metadata.region_styles, regions, where);
    return await use({ ...net, presets, regionMeans }).catch((error: unknown) => {
      throw explainGuess(error, net);
    });
  } finally {
    await checkpoint.close();
  }
}

/** Opens a net whose weights are already described, with progress bars. */
export async function openNetFor(
  net: NetWeights,
  progress: Progress,
  {
    dtype,
    noiseSeed,
    device = () => openDeviceFor(progress),
  }: Pick<NetOptions, "dtype" | "noiseSeed"> & { device?: Device | (() => Promise<Device>) },
): Promise<OpenNet> {
  const opened = await openNet(net, {
    device,
    dtype,
    noiseSeed,
    onWeights: (done, total) => progress.update("loading weights", done, total),
    onProgress: (done, total) => progress.update("compiling", Math.floor(done), total),
  });
  progress.end();
  return opened;
}

/** Opens a net from its file. `first` gets the net's config before a device is opened and weights are read, so wrong input fails early. */
export function openNetFile(
  weights: string,
  options: NetOptions,
  progress: Progress,
  first: (net: NetInFile) => Promise<void>,
): Promise<OpenNet> {
  return withNetFile(weights, options, progress, async (net) => {
    await first(net);
    return openNetFor(net, progress, options);
  });
}
