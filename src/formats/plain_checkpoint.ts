// Weights that this package wrote: safetensors under the published names.

import { checkHead, HEAD_BYTES, looksLikePickle, type Checkpoint, type Reader } from "./checkpoint.ts";
import { looksLikeSafetensors, openSafetensors } from "./safetensors.ts";
import type { RandomAccess } from "./tensors.ts";

export const plainReader: Reader = {
  looks: looksLikeSafetensors,
  open: async (access): Promise<Checkpoint> => ({
    ...(await openSafetensors(access)),
    format: "safetensors",
    notes: [],
  }),
  // A zip, or a pickle.
  hint: (head) =>
    (head[0] === 0x50 && head[1] === 0x4b) || looksLikePickle(head)
      ? [
          "is a .pth of PyTorch, which pages don't read as it is",
          "convert it: npx spade-webgpu convert FILE OUT.safetensors, or convertCheckpoint of spade-webgpu/pth in the page",
        ]
      : undefined,
};

/** Opens weights that this package wrote. Closes `access` on failure. @throws SpadeError file: anything else, by what it looks like */
export async function openPlain(access: RandomAccess): Promise<Checkpoint> {
  try {
    checkHead([plainReader], access.name, await access.read(0, Math.min(HEAD_BYTES, access.size)));
    return await plainReader.open(access);
  } catch (error) {
    try {
      await access.confirm?.();
    } finally {
      await access.close?.();
    }
    throw error;
  }
}
