// createLabeler for Node and pages. A Host provides the GPU device and the bytes.

import { checkLoading } from "../session/checks.ts";
import type { BareHost } from "../session/host.ts";
import { openLasting } from "../session/opening/lasting.ts";
import { reporter } from "../session/opening/progress.ts";
import type { Labeler, LabelerOptions } from "./api.ts";
import { LabelerSession } from "./labeler.ts";
import { openLabeler, type OpenLabeler } from "./opened.ts";

/** @internal createLabeler on a host. */
export async function createLabelerOn(host: BareHost, options: LabelerOptions): Promise<Labeler> {
  checkLoading("createLabeler", options);
  const open = (): Promise<OpenLabeler> => openLabeler(host, options, (cached) => reporter(options.onProgress, cached));
  return new LabelerSession(host, options, await openLasting(options, open));
}
