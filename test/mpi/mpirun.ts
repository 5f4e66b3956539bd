// Runs programs under an mpirun, those of this folder or the built command.

import { spawn, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** The MPIs that are here, each with the start of its command. */
export const MPIS = (
  [
    // Any number of ranks, as root too (in a container), on all cores; no other machine is there.
    ["Open MPI", "mpirun.openmpi", ["--allow-run-as-root", "--oversubscribe", "--bind-to", "none"]],
    ["MPICH", "mpirun.mpich", ["-host", "localhost"]],
  ] as const
)
  .filter(([, command]) => spawnSync(command, ["--version"], { stdio: "ignore" }).status === 0)
  .map(([name, command, options]) => ({ name, command: [command, ...options] as readonly string[] }));

export const LONG = process.env.SPADE_LONG === "1";

/** Of a test, ms: in the long form up to four ranks of two cores share them with another file's. */
export const TIMEOUT = LONG ? 900_000 : 180_000;

/** Those under which longer tests run. */
export const USUAL = LONG ? MPIS : MPIS.slice(0, 1);

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Running {
  readonly pid: number;
  /** What it has printed so far, on both streams. */
  said(): string;
  readonly ended: Promise<Ran>;
}

/** Starts `ranks` processes of Node with these arguments. */
export function start(
  mpi: (typeof MPIS)[number],
  ranks: number,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  options: readonly string[] = [],
): Running {
  const [command, ...before] = mpi.command;
  const child = spawn(command, [...before, ...options, "-np", String(ranks), process.execPath, ...args], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1", ...env },
  });
  const out = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const)
    child[stream].setEncoding("utf8").on("data", (text: string) => (out[stream] += text));
  const ended = new Promise<Ran>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, ...out }));
  });
  return { pid: child.pid!, said: () => out.stdout + out.stderr, ended };
}

/** Bundles a program of this folder, so that Node runs it. @returns its path */
export async function program(name: string): Promise<string> {
  const outfile = join(root, ".setup", "mpi", `${basename(name, ".ts")}.mjs`);
  mkdirSync(join(root, ".setup", "mpi"), { recursive: true });
  await build({
    entryPoints: [join(root, "test", "mpi", "programs", name)],
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    loader: { ".wgsl": "text", ".html": "text" },
    packages: "external",
    logLevel: "warning",
    outfile,
  });
  return outfile;
}

/** Lines of a program that are JSON, by what `rank` they say. */
export const byRank = ({ stdout }: Pick<Ran, "stdout">): unknown[] =>
  stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as { rank: number })
    .sort((a, b) => a.rank - b.rank);
