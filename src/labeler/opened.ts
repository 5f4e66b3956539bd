// A segmenter on its device.

import type { TensorSource } from "../formats/tensors.ts";
import { softwareNotice, type Device } from "../runtime/index.ts";
import { SegmenterRunner } from "../segmenting/segmenter_runner.ts";
import type { Notice } from "../session/announcing.ts";
import type { BareHost } from "../session/host.ts";
import { load } from "../session/opening/load.ts";
import type { Report } from "../session/opening/progress.ts";
import type { LabelerOptions } from "./api.ts";

export class OpenLabeler {
  constructor(
    readonly device: Device,
    readonly runner: SegmenterRunner,
    readonly notices: readonly Notice[],
  ) {}

  /** Frees everything; the device too, unless it is borrowed. */
  dispose(): void {
    this.runner.dispose();
    if (this.device.owned) this.device.dispose();
  }
}

/** The same tensors; reports how many of them were read, before they are uploaded. */
function watched(source: TensorSource, report: (done: number, total: number) => void): TensorSource {
  const names = source.names();
  let done = 0;
  return {
    ...source,
    async read(key, brief) {
      const tensor = await source.read(key, brief);
      report(Math.min(++done, names.length), names.length);
      return tensor;
    },
  };
}

/** Opens a segmenter. If anything fails, frees what it had opened; an abort throws signal.reason. @param report as of `load` */
export function openLabeler(
  host: BareHost,
  options: LabelerOptions,
  report?: (cached: () => boolean) => Report,
): Promise<OpenLabeler> {
  const { signal } = options;
  return load(host, options, report, async ({ weights, checkpoint, opening, tell, notices }) => {
    const device = await opening;
    const source = watched(checkpoint, (done, total) => {
      signal?.throwIfAborted();
      tell?.("upload", done, total);
    });
    const runner = await SegmenterRunner.open(source, device, "weights");
    try {
      await weights.finished;
      signal?.throwIfAborted();
    } catch (error) {
      runner.dispose();
      throw error;
    }
    if (device.software)
      notices.unshift({
        code: "software-adapter",
        message: `${softwareNotice(device)}, a second or more a photo`,
        fix: host.softwareFix,
      });
    tell?.("ready", 1, 1);
    return new OpenLabeler(device, runner, notices);
  });
}
