// Whether all ranks have the same weights, bit for bit: each computes the same Adam step from the same gradients. Running statistics are left
// out: those of norms that are not synchronised differ.

import { sha256 } from "../../formats/manifest.ts";
import { SpadeError } from "../../runtime/errors.ts";
import type { Nets } from "../step/step.ts";
import { gather, type Peers } from "./peers.ts";

/**
 * Compares hashes of all ranks' weights.
 * @throws SpadeError integrity, on every rank: some differ from those of rank 0
 */
export async function checkSame(
  peers: Pick<Peers, "gatherBytes">,
  nets: Pick<Nets, "G" | "D" | "E">,
  step: number,
): Promise<void> {
  const hashes: string[] = [];
  for (const p of [nets.G, nets.D, nets.E])
    for (const key of p?.keys().filter((name) => !/\.running_(mean|var)$/.test(name)) ?? []) {
      const { buffer, byteOffset, byteLength } = await p!.read(key);
      hashes.push(await sha256(new Uint8Array(buffer, byteOffset, byteLength)));
    }
  const all = gather(peers, await sha256(new TextEncoder().encode(hashes.join(""))));
  const others = all.flatMap((hash, rank) => (hash === all[0] ? [] : [rank]));
  if (!others.length) return;
  throw new SpadeError(
    "integrity",
    `weights after step ${step}`,
    `differ on rank ${others.join(", ")} from those of rank 0`,
    "give all ranks adapters and drivers of one kind (npx spade-webgpu doctor --ranks under mpirun), and go on from the last state with --continue_train",
  );
}
