// createSpade for Node and pages: opens a weights file and returns a session. A Host provides the GPU device and the bytes.

import type { Spade, SpadeOptions } from "./api.ts";
import { checkOptions } from "./checks.ts";
import type { Host } from "./host.ts";
import { openOn } from "./opening/opened.ts";
import { reporter } from "./opening/progress.ts";
import { canOpenAgain } from "./opening/lasting.ts";
import { SpadeSession } from "./spade.ts";
import { SpadeError } from "../runtime/index.ts";

/** @internal createSpade on a host. */
export async function createSpadeOn(host: Host, options: SpadeOptions): Promise<Spade> {
  checkOptions(options);
  const open = (): ReturnType<typeof openOn> => openOn(host, options, (cached) => reporter(options.onProgress, cached));
  const opened = await open().catch((error: unknown) => {
    // The GPU was lost while it loaded: once more, as later.
    if (error instanceof SpadeError && error.code === "device-lost" && canOpenAgain(options)) return open();
    throw error;
  });
  return new SpadeSession(host, options, opened);
}
