// Writes nets for use after training: <epoch>_net_{G,D,E,G_ema}.safetensors; on request also .pth files that the published code loads.

import { join } from "node:path";
import { fileSink, makeFolder } from "../../formats/file.ts";
import { writePth } from "../../formats/torch/pth_write.ts";
import { writeSafetensors, type TensorToWrite } from "../../formats/safetensors.ts";
import { tensorsToWrite, type StateTensors } from "../saved_net.ts";

/** Adds num_batches_tracked behind every running_var: torch's batch norms have it, and the published code leaves it at 0. */
function withCounters(tensors: TensorToWrite[]): TensorToWrite[] {
  return tensors.flatMap((t) =>
    t.name.endsWith(".running_var")
      ? [
          t,
          {
            name: t.name.replace(/running_var$/, "num_batches_tracked"),
            dtype: "I64",
            shape: [],
            data: () => new Uint8Array(8),
          },
        ]
      : [t],
  );
}

/** Writes <which>_net_<role>.safetensors and, if `pth`, the same as .pth. */
export async function writeNet(
  folder: string,
  which: string,
  role: string,
  net: StateTensors,
  metadata: Record<string, string>,
  pth: boolean,
): Promise<void> {
  await makeFolder(folder);
  const path = join(folder, `${which}_net_${role}`);
  const tensors = tensorsToWrite(net);
  await writeSafetensors(await fileSink(`${path}.safetensors`, { sync: true }), tensors, metadata);
  if (pth) await writePth(await fileSink(`${path}.pth`, { sync: true }), withCounters(tensors), metadata);
}
