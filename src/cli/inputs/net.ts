// Opens a weights file and a device for the commands that paint.

import { openCheckpointFile } from "../../formats/file.ts";
import type { Config } from "../../models/config.ts";
import { openNodeDevice } from "../../node/dawn.ts";
import { describeNet, openNet, type NetWeights, type OpenNet, type StorageWish } from "../../painting/open_net.ts";
import type { Device } from "../../runtime/index.ts";
import type { Progress } from "../terminal/progress.ts";

export interface NetOptions {
  key?: string;
  dtype?: StorageWish;
  overrides?: Partial<Config>;
}

/** Opens a device and prints a note if it is a software adapter. */
export async function openDeviceFor(progress: Progress): Promise<Device> {
  return openNodeDevice({ onSoftware: (message, fix) => progress.say(`note: ${message}; ${fix}`) });
}

/** Opens the file, calls `use` with the net that it describes, and closes the file when `use` is done. */
export async function withNetFile<T>(
  weights: string,
  { key, overrides }: NetOptions,
  use: (net: NetWeights) => Promise<T>,
): Promise<T> {
  const checkpoint = await openCheckpointFile(weights, { key });
  try {
    return await use(describeNet(checkpoint, { weights, overrides }));
  } finally {
    await checkpoint.close();
  }
}

/** Opens a net whose weights are already described, with progress bars. */
export async function openNetFor(
  net: NetWeights,
  progress: Progress,
  { dtype, device = () => openDeviceFor(progress) }: { dtype?: StorageWish; device?: Device | (() => Promise<Device>) },
): Promise<OpenNet> {
  const opened = await openNet(net, {
    device,
    dtype,
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
  first: (net: NetWeights) => Promise<void>,
): Promise<OpenNet> {
  return withNetFile(weights, options, async (net) => {
    await first(net);
    return openNetFor(net, progress, options);
  });
}
