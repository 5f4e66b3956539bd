// sharp, loaded when the first picture is read or written: it carries binaries, and much is done without it.

import { SpadeError } from "../../runtime/errors.ts";

/** Fails with `unsupported` where the package is not there or has no binary for this platform. */
export async function loadSharp(): Promise<(typeof import("sharp"))["default"]> {
  try {
    const { default: sharp } = await import("sharp");
    // One picture is milliseconds of work, and those who ask for pictures are many enough.
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
