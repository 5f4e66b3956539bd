// The page's side: the interface of a labeler, by messages to a worker.

import type { Labeler, LabelerOptions, LabelOptions } from "../../labeler/api.ts";
import type { LabelMap } from "../../session/api.ts";
import { bitmapOf } from "../page_photo.ts";
import type { LabelerCalls } from "./messages.ts";
import { RemoteSession } from "./remote.ts";
import { absolute, startIn, streamIn } from "./start.ts";

/**
 * As LabelerOptions, without what only a page's thread can give: `device`, `fetch`, a cache of its own. Weights are an address, a Blob, bytes
 * or a stream.
 */
export interface WorkerLabelerOptions extends Omit<LabelerOptions, "device" | "fetch" | "cache"> {
  /** Keep downloaded weights for the next visit, in the browser's Cache storage; true. */
  cache?: boolean;
  /** Makes the worker, where the bundler or the page's CSP wants it so: its script is `spade-webgpu/labeler-engine`, a module. */
  worker?: () => Worker;
}

/** A Labeler in a worker, without a borrowed device. */
export type WorkerLabeler = Omit<Labeler, "restore">;

const KIND = { name: "Labeler", create: "createLabeler", script: "spade-webgpu/labeler-engine" };

export class LabelerClient extends RemoteSession<LabelerCalls> implements WorkerLabeler {
  classes: readonly string[] = [];

  /** @throws SpadeError as createLabeler; unsupported: the worker does not start */
  static start(
    make: () => Worker,
    { signal, onProgress, ...options }: Omit<WorkerLabelerOptions, "worker">,
  ): Promise<LabelerClient> {
    return startIn(KIND, make, signal, async (worker) => {
      const client = new LabelerClient(worker, KIND, onProgress);
      const { weights } = options;
      const plain = { ...options, weights: absolute(weights) };
      ({ classes: client.classes } = await client.call("create", [plain], { signal, transfer: streamIn(weights) }));
      client.begin();
      return client;
    });
  }

  async label(
    photo: Parameters<Labeler["label"]>[0],
    to: LabelOptions,
  ): Promise<LabelMap & { confidence: Float32Array }> {
    this.check();
    // Others of a Spade's info would be copied for nothing.
    const { labels, width, height, dontCare, mapping, minConfidence, signal } = to ?? {};
    signal?.throwIfAborted();
    const bitmap = await bitmapOf(photo, "label");
    const plain = { labels, width, height, dontCare, mapping, minConfidence };
    return this.call("label", [bitmap, plain], { signal, transfer: [bitmap] });
  }
}
