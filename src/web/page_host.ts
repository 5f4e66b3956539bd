// A page as a host: its GPU, its downloads, and files that this package wrote.

import { openPlain, plainReader } from "../formats/plain_checkpoint.ts";
import type { BareHost } from "../session/host.ts";
import { openHead } from "./head.ts";
import { openWeights } from "./open_weights.ts";
import { openPageDevice, SOFTWARE_FIX } from "./page_gpu.ts";
import { readPagePhoto } from "./page_photo.ts";

const sizesAs = "uniform";

/** @param more that it does with files */
export const pageHost = <F extends object>(more: F): BareHost & { format: F } => ({
  sizesAs,
  format: { readers: [plainReader], open: openPlain, ...more },
  softwareFix: SOFTWARE_FIX,
  openDevice: (options) => openPageDevice({ sizesAs, ...options }),
  readPhoto: readPagePhoto,
  head: openHead,
  open: openWeights,
});
