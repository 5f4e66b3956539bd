// Loads sharp only when a picture is read or written: it needs native binaries, and many commands do not use it.

import { missingPackage } from "../packaged.ts";

/** Loads sharp. Fails with `unsupported` if the package is not installed or has no binary for this platform. */
export async function loadSharp(): Promise<(typeof import("sharp"))["default"]> {
  try {
    const { default: sharp } = await import("sharp");
    // One picture takes milliseconds, and the loader already decodes several in parallel.
    sharp.concurrency(1);
    sharp.cache(false);
    return sharp;
  } catch (cause) {
    throw missingPackage("unsupported", "sharp", "and pictures are read and written with it", cause);
  }
}
