// A decoding thread: reads the samples that loader.ts requests and transfers their buffers.

import { parentPort, workerData } from "node:worker_threads";
import type { Label } from "../pictures/label_names.ts";
import { SpadeError } from "../runtime/errors.ts";
import type { Draw } from "./geometry.ts";
import type { Pair } from "./listing.ts";
import type { DataOptions } from "./options.ts";
import { readSample } from "./read_sample.ts";
import type { Ways } from "./readings.ts";
import type { Sample } from "./sample.ts";

export interface DecodeSetup {
  options: DataOptions;
  colors: readonly Label[] | undefined;
  ways: Ways;
}

export interface DecodeRequest {
  id: number;
  pair: Pair;
  draw: Draw;
}

/**
 * A sample, or the fields of a SpadeError (messages between threads lose classes). Other errors are thrown here and end
 * the thread.
 */
export type DecodeReply =
  { id: number; sample: Sample } | { id: number; error: Pick<SpadeError, "code" | "where" | "problem" | "fix"> };

const { options, colors, ways } = workerData as DecodeSetup;

async function answer({ id, pair, draw }: DecodeRequest): Promise<void> {
  try {
    const sample = await readSample(pair, options, draw, colors, ways);
    const { image, label, instance, positions } = sample;
    const arrays = [image, label.data, ...(instance ? [instance.data] : []), ...(positions ? [positions] : [])];
    parentPort!.postMessage({ id, sample } satisfies DecodeReply, [
      ...new Set(arrays.map((a) => a.buffer as ArrayBuffer)),
    ]);
  } catch (error) {
    if (!(error instanceof SpadeError)) throw error;
    const { code, where, problem, fix } = error;
    parentPort!.postMessage({ id, error: { code, where, problem, fix } } satisfies DecodeReply);
  }
}

// An unhandled rejection becomes the thread's "error" event.
parentPort!.on("message", (request: DecodeRequest) => void answer(request));
