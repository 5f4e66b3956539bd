// What a session says that no call returns or throws.

import { softwareNotice, foreign, SpadeError, type Device } from "../runtime/index.ts";
import type { Notice } from "./announcing.ts";
import type { OpenNet } from "../painting/open_net.ts";

/** What a software adapter does a second, roughly: SwiftShader 4e9 on two cores, lavapipe more. */
const SOFTWARE_FLOPS = 8e9;

export function slow(device: Device, { painter }: OpenNet, fix: string): Notice {
  const seconds = painter.stages.reduce((sum, { program }) => sum + program.flops, 0) / SOFTWARE_FLOPS;
  const time = seconds < 1 ? "up to a second" : `about ${Math.round(seconds)} seconds`;
  return { code: "software-adapter", message: `${softwareNotice(device)}, ${time} a picture`, fix };
}

export const memoryOnly = (cause: unknown): Notice => ({
  code: "memory-only",
  message: `the browser keeps no copy of the weights (${foreign((cause as Error)?.message ?? String(cause))})`,
  fix: "they are downloaded again at the next visit, unless you free storage or give a cache of your own",
});

export const guessedConfig = (note: string): Notice => ({
  code: "guessed-config",
  message: `the net's options are ${note}`,
  fix: "convert the file with the options it was trained with (spade-webgpu convert --help)",
});

/** An error that no call can throw. */
export const failed = (error: unknown): Notice =>
  error instanceof SpadeError
    ? { code: error.code, message: `${error.where}: ${error.problem}`, fix: error.fix }
    : { code: "usage", message: foreign(String(error)), fix: "see the code that was called" };
