// How an MPI started this process: what its mpirun says in the environment, and which library belongs to it.

import { fstatSync, writeSync } from "node:fs";
import { SpadeError } from "../runtime/errors.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** A process among those that one mpirun has started. */
export interface Launch {
  /** Undefined: it may be either. */
  readonly kind: "openmpi" | "mpich" | undefined;
  /** Of all. */
  readonly ranks: number;
  readonly rank: number;
  /** Among those of its machine. */
  readonly local: number;
  /** The library to load, if the user names it (SPADE_MPI). */
  readonly library?: string;
}

/** [kind, size, rank, local rank]: Open MPI's mpirun, MPICH's (Hydra) and Slurm's PMI, Slurm's PMIx. */
const VARIABLES = [
  ["openmpi", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_LOCAL_RANK"],
  ["mpich", "PMI_SIZE", "PMI_RANK", "MPI_LOCALRANKID"],
  [undefined, "SLURM_NTASKS", "PMIX_RANK", "SLURM_LOCALID"],
] as const;

/** @returns undefined where no mpirun has started this process, or this one alone */
export function mpiLaunch(env: Environment = process.env): Launch | undefined {
  for (const [kind, size, rank, local] of VARIABLES) {
    const [ranks, own] = [Number(env[size]), Number(env[rank])];
    if (!env[size] || !env[rank] || !Number.isInteger(ranks) || !Number.isInteger(own)) continue;
    if (ranks < 2) return undefined;
    const here = Number(env[local] ?? env.SLURM_LOCALID ?? own);
    return { kind, ranks, rank: own, local: here, library: env.SPADE_MPI || undefined };
  }
  return undefined;
}

const LINUX = { openmpi: ["libmpi.so.40", "libmpi.so"], mpich: ["libmpich.so.12", "libmpi.so.12", "libmpi.so"] };
const MAC = { openmpi: ["libmpi.40.dylib", "libmpi.dylib"], mpich: ["libmpi.12.dylib", "libmpi.dylib"] };

/** The libraries to try, in this order. */
export function candidates({ kind, library }: Launch, platform: string = process.platform): string[] {
  if (library) return [library];
  const names = platform === "darwin" ? MAC : LINUX;
  return kind ? names[kind] : [...new Set([...names.openmpi, ...names.mpich])];
}

/** The pipe to MPICH's mpirun, which a child process has to inherit; undefined where there is none. */
export function mpiPipe(env: Environment = process.env): number | undefined {
  const pipe = Number(env.PMI_FD);
  return env.PMI_FD && Number.isInteger(pipe) && pipe > 2 ? pipe : undefined;
}

/** @throws SpadeError unsupported: a program in between, as npx is, has closed the pipe */
export function checkPipe(env: Environment = process.env): void {
  const pipe = mpiPipe(env);
  if (pipe === undefined) return;
  try {
    if (fstatSync(pipe).isSocket()) return;
  } catch {
    // Closed.
  }
  throw new SpadeError(
    "unsupported",
    "MPICH's mpirun",
    "can't be reached: a program between it and this one (npx) has closed its pipe",
    "start the program itself (mpirun ... node_modules/.bin/spade-webgpu ...), or give mpirun -pmi-port",
  );
}

/**
 * Has MPICH's mpirun end all ranks where MPI itself can't be called (PMI 1, wire protocol): the others would wait for this one in MPI_Init. That of
 * Open MPI does so by itself when a process ends with an error.
 */
export function endLaunch(env: Environment = process.env): void {
  const pipe = mpiPipe(env);
  if (pipe === undefined) return;
  try {
    writeSync(pipe, "cmd=abort exitcode=1\n");
  } catch {
    // Closed: then no rank can have joined.
  }
}
