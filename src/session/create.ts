// createSpade for Node and pages: opens a weights file and returns a session. A Host provides the GPU device and the bytes.

import type { Spade, SpadeOptions } from "./api.ts";
import { checkOptions } from "./checks.ts";
import type { Host } from "./host.ts";
import { openLasting } from "./opening/lasting.ts";
import { openOn, type Opened } from "./opening/opened.ts";
import { reporter } from "./opening/progress.ts";
import { SpadeSession } from "./spade.ts";

/** @internal createSpade on a host. */
export async function createSpadeOn(host: Host, options: SpadeOptions): Promise<Spade> {
  checkOptions(options);
  const open = (): Promise<Opened> => openOn(host, options, (cached) => reporter(options.onProgress, cached));
  return new SpadeSession(host, options, await openLasting(options, open));
}
