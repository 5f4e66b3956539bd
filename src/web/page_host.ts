// A page as a host: its GPU, its downloads, and files that this package wrote.

import { openPlain, plainReader } from "../formats/plain_checkpoint.ts";
import type { BareHost } from "../session/host.ts";
import { openHead } from "./head.ts";
import { openWeights } from "./open_weights.ts";
import { openPageDevice, SOFTWARE_FIX } from "./page_gpu.ts";
import { readPagePhoto } from "./page_photo.ts";

const sizesAs = "uniform";
export const page: BareHost = {
  sizesAs,
  format: { readers: [plainReader], open: openPlain },
  softwareFix: SOFTWARE_FIX,
  openDevice: (options) => openPageDevice({ sizesAs, ...options }),
  readPhoto: readPagePhoto,
  head: openHead,
  open: openWeights,
};
