// Loads sharp only when a picture is read or written: it needs native binaries, and many commands do not use it.

import { SpadeError } from "../../runtime/errors.ts";

/** Loads sharp. Fails with `unsupported` if the package is not installed or has no binary for this platform. */
export async function loadSharp(): Promise<(typeof import("sharp"))["default"]> {
  try {
    const { default: sharp } = await import("sharp");
    // One picture takes milliseconds, and the loader already decodes several in parallel.
    sharp.concurrency(1);
    sharp.cache(false);
    return sharp;
  } catch (cause) {
    throw new SpadeError(
      "unsupported",
      "npm package sharp",
      "can't be loaded",
      `install it for this platform (npm install sharp): ${(cause as Error).message.split("\n")[0]}`,
      cause,
    );
  }
}
