// The formats of torch.save, as readers of checkpoints: zip, legacy pickles, tar.

import { looksLikePickle, type Reader } from "../checkpoint.ts";
import type { RandomAccess } from "../tensors.ts";
import { torchSource, type TorchFile } from "./pth.ts";
import { looksLegacy, readLegacy } from "./pth_legacy.ts";
import { looksLikeTar, readTar } from "./pth_tar.ts";
import { readZip } from "./pth_zip.ts";
import { looksLikeZip } from "./zip_entry.ts";

const reader = (
  format: string,
  looks: Reader["looks"],
  read: (access: RandomAccess) => Promise<TorchFile>,
): Reader => ({
  looks,
  open: async (access, key) => ({ ...torchSource(access, await read(access), key), format }),
});

export const torchReaders: readonly Reader[] = [
  reader("torch zip", looksLikeZip, readZip),
  {
    ...reader("torch legacy pickle", looksLegacy, readLegacy),
    hint: (head) =>
      looksLikePickle(head)
        ? [
            "is a Python pickle without torch's magic number, or cut off within it",
            "save it with torch.save(model.state_dict(), path)",
          ]
        : undefined,
  },
  reader("torch 0.1 tar", looksLikeTar, readTar),
];
