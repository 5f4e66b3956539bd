// Loads a net from a weights file. The adapter comes first; then the device, the download and what is made of the file overlap.

import type { Checkpoint } from "../../formats/checkpoint.ts";
import type { Device } from "../../runtime/index.ts";
import type { Notice } from "../announcing.ts";
import type { SpadeOptions } from "../api.ts";
import type { BareHost, Weights } from "../host.ts";
import { memoryOnly } from "../notices.ts";
import { openDevice } from "./device.ts";
import type { Report } from "./progress.ts";

export type LoadingOptions = Pick<
  SpadeOptions,
  "weights" | "integrity" | "device" | "powerPreference" | "cache" | "fetch" | "signal"
>;

/** A file that arrives, and a device that is being opened. */
export interface Loading {
  /** Until `finished`, nothing may be done with what was read. */
  readonly weights: Weights;
  readonly checkpoint: Checkpoint;
  readonly opening: Promise<Device>;
  readonly tell: Report | undefined;
  /** What the net's users are to be told. */
  readonly notices: Notice[];
}

/**
 * Opens weights and a device, and gives them to `make`, after which the file is closed. If anything fails, frees the device; an abort throws
 * signal.reason.
 * @param report undefined: they were open before, and are opened again
 * @throws SpadeError as openPageDevice, openWeights and `make`
 */
export async function load<T>(
  host: BareHost,
  options: LoadingOptions,
  report: ((cached: () => boolean) => Report) | undefined,
  make: (loading: Loading) => Promise<T>,
): Promise<T> {
  const { signal, integrity, cache, fetch } = options;
  signal?.throwIfAborted();
  const notices: Notice[] = [];
  let weights: Weights | undefined;
  const tell = report?.(() => weights?.cached ?? false);
  const { found, opening } = openDevice(host, options);
  await found;
  try {
    signal?.throwIfAborted();
    weights = await host.open(options.weights, {
      ...{ integrity, cache, fetch, signal, readers: host.format.readers, reload: !report },
      report: (loaded, total) => tell?.("download", loaded, total),
      onMemoryOnly: (cause) => notices.push(memoryOnly(cause)),
    });
    const checkpoint = await host.format.open(weights);
    try {
      return await make({ weights, checkpoint, opening, tell, notices });
    } catch (error) {
      // A damaged header may have misled us.
      await weights.confirm?.();
      throw error;
    } finally {
      await checkpoint.close();
    }
  } catch (error) {
    if (!options.device) await opening.then((device) => device.dispose()).catch(() => undefined);
    throw error;
  }
}
