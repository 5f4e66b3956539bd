// doctor --ranks: which machine and adapter each rank of an mpirun has, and how long ranks take to exchange.

import { openNodeDevice } from "../../node/dawn.ts";
import { foreign, SpadeError } from "../../runtime/errors.ts";
import { gather } from "../../training/peers/peers.ts";
import type { Joined } from "../terminal/ranks.ts";

interface Found {
  host: string;
  pid: number;
  local: number;
  adapter: string;
  /** Why it has none. */
  error?: string;
}

/** Numbers of the two measured exchanges: statistics of 1024 channels, a buffer of gradients. */
const SIZES = [
  [2048, 50],
  [6_553_600, 2],
] as const;

/**
 * The lines to print, none on ranks other than 0, and whether every rank has an adapter. All ranks call it.
 * @throws SpadeError usage: no mpirun has started this process
 */
export async function examineRanks(peers: Joined | undefined): Promise<{ lines: string[]; ok: boolean }> {
  if (!peers)
    throw new SpadeError(
      "usage",
      "doctor --ranks",
      "is one process alone",
      "start it under mpirun: mpirun -np 2 npx spade-webgpu doctor --ranks",
    );
  const { all } = peers;
  const own: Found = { host: all.host, pid: process.pid, local: all.local, adapter: "none" };
  try {
    const device = await openNodeDevice();
    own.adapter = `${device.name}${device.software ? " (software)" : ""}`;
    device.dispose();
  } catch (error) {
    if (!(error instanceof SpadeError)) throw error;
    own.error = error.message;
  }
  const found = gather<Found>(peers, own);
  const lines = [`${peers.ranks} ranks, ${all.mpi.version}`];
  for (const [rank, { host, pid, local, adapter, error }] of found.entries())
    lines.push(
      `rank ${rank}`.padEnd(10) +
        `${foreign(host, 60)}, its ${local}, process ${pid}: ${foreign(adapter, 100)}${error ? `, ${foreign(error, 300)}` : ""}`,
    );
  const times: string[] = [];
  for (const [numbers, count] of SIZES) {
    const ms = await all.measure(numbers, count);
    const size = numbers < 1e5 ? `${numbers * 4} bytes` : `${(numbers * 4) / 2 ** 20} MiB`;
    times.push(`${size} ${ms < 1 ? `${(1e3 * ms).toFixed(0)} us` : `${ms.toFixed(1)} ms`}`);
  }
  lines.push(`allreduce ${times.join(", ")}`);
  if (new Set(found.map(({ adapter }) => adapter)).size > 1)
    lines.push("note: adapters of several kinds round differently, and their ranks may not keep the same weights");
  return { lines: peers.rank ? [] : lines, ok: found.every(({ error }) => error === undefined) };
}
