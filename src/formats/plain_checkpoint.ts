// Weights that this package wrote: safetensors under the published names.

import type { Checkpoint, Reader } from "./checkpoint.ts";
import { looksLikeSafetensors, openSafetensors } from "./safetensors.ts";

export const plainReader: Reader = {
  looks: looksLikeSafetensors,
  open: async (access): Promise<Checkpoint> => ({
    ...(await openSafetensors(access)),
    format: "safetensors",
    notes: [],
  }),
};
