// Writes nets for use after training: <epoch>_net_{G,D,E,G_ema}.safetensors; on request also .pth files that the published code loads.

import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileError, fileSink, makeFolder } from "../../formats/file.ts";
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

const NUMBERED = /^(\d+)_net_(G|D|E|G_ema)\.(safetensors|pth)$/;

/**
 * Deletes the numbered nets of all epochs up to `newest` but the last `kept`. Fails with `file`.
 * @param newest the last epoch that has ended; numbers above it are of another run
 */
export async function dropOldNets(folder: string, newest: number, kept: number): Promise<void> {
  if (kept === Infinity) return;
  const files = (await readdir(folder)).flatMap((name) => {
    const epoch = Number(NUMBERED.exec(name)?.[1] ?? Infinity);
    return epoch <= newest ? [{ name, epoch }] : [];
  });
  const epochs = [...new Set(files.map(({ epoch }) => epoch))].sort((a, b) => b - a);
  const gone = new Set(epochs.slice(kept));
  for (const { name, epoch } of files) {
    if (!gone.has(epoch)) continue;
    const path = join(folder, name);
    await rm(path, { force: true }).catch((error: unknown) => {
      throw fileError(path, error);
    });
  }
}
