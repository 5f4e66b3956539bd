// Options of commands that share their work among the ranks of an mpirun (docs/train.md): what each rank sets in its environment before it
// opens a device, and how ranks exchange. They are of a start, not of a run: no opt file keeps them.

import type { Command } from "commander";
import type { Launch } from "../../node/mpi_launch.ts";
import { SpadeError } from "../../runtime/errors.ts";
import { addTable, choice, text, whole, type Table } from "./option_table.ts";

const DEVICES = {
  gpu_ids: text(
    "<ids>",
    "of each machine, by commas: the n-th rank of a machine takes the n-th. Parts of adapters' names, or what --rank_env puts in place of {gpu}",
  ),
  rank_env: text(
    "<name=value,...>",
    "variables that each rank sets before it opens its device; {rank}, {local_rank} and {gpu} are replaced",
  ),
} satisfies Table;

const EXCHANGE = {
  sync_check: whole(0, "steps between two checks that all ranks have the same weights; 0: none"),
  exchange_dtype: choice(["f32", "f16"], "how gradients travel: f16 halves the bytes and rounds them"),
} satisfies Table;

const DEFAULTS: Readonly<Record<string, string>> = { sync_check: "1000", exchange_dtype: "f32", gpu_ids: "local rank" };

export interface RankOptions {
  sync_check?: number;
  exchange_dtype?: "f32" | "f16";
  gpu_ids?: string;
  rank_env?: string;
}

/** @param trains the command exchanges gradients too */
export function addRankOptions(command: Command, trains = false): Command {
  return addTable(command, "Under mpirun", { ...DEVICES, ...(trains ? EXCHANGE : {}) }, (name) => DEFAULTS[name]);
}

export const syncCheck = ({ sync_check = Number(DEFAULTS.sync_check) }: RankOptions): number => sync_check;

/**
 * The variables that a rank sets.
 * @throws SpadeError usage: too few GPUs, or no variable
 */
export function rankEnvironment(
  { rank, local }: Pick<Launch, "rank" | "local">,
  { gpu_ids, rank_env }: RankOptions,
): Record<string, string> {
  const out: Record<string, string> = {};
  const ids = gpu_ids?.split(",").map((id) => id.trim());
  // One is everybody's, as in the published code's default.
  const gpu = ids?.length === 1 ? ids[0] : ids ? ids[local] : String(local);
  if (!gpu)
    throw new SpadeError(
      "usage",
      `--gpu_ids ${gpu_ids}`,
      `has none for rank ${local + 1} of this machine`,
      "give one for each rank of a machine, or start fewer",
    );
  if (ids && !/^-?\d+$/.test(gpu) && !rank_env) out.SPADE_ADAPTER = gpu;
  for (const setting of rank_env?.split(",") ?? []) {
    const [, name, value] = /^\s*([A-Za-z_]\w*)=(.*)$/.exec(setting) ?? [];
    if (name === undefined)
      throw new SpadeError(
        "usage",
        `--rank_env ${rank_env}`,
        `has "${setting}", which sets no variable`,
        "write NAME=VALUE, several with commas, for example DRI_PRIME=pci-{gpu}",
      );
    const of: Readonly<Record<string, string>> = { rank: String(rank), local_rank: String(local), gpu };
    out[name] = value.replace(/\{(rank|local_rank|gpu)\}/g, (_, key: string) => of[key]);
  }
  return out;
}
