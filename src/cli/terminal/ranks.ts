// The ranks of an mpirun, for commands that share their work: they join, each in its environment, and end together. Without an mpirun nothing
// is loaded.

import { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { endLaunch, mpiLaunch } from "../../node/mpi_launch.ts";
import type { Ranks } from "../../node/ranks.ts";
import { ElsewhereError, isShared, ofRank, together, type Peers } from "../../training/peers/peers.ts";
import { rankEnvironment, syncCheck, type RankOptions } from "../options/rank_options.ts";
import { Progress } from "./progress.ts";

/** The ranks, as a training sees them and as they are. */
export interface Joined extends Peers {
  readonly all: Ranks;
}

/** The pipes through which a process that mpirun watches passes its last line on. */
const LAST_LINE_MS = 300;
/** So long after each other ranks of a machine fail for the same reason, at most. */
const ALIKE_MS = 2000;

/**
 * Runs `work` with the other ranks; undefined: there are none.
 * @param report prints an error that this rank alone has, before all ranks are ended
 */
export async function withRanks<T>(
  options: RankOptions,
  report: (error: unknown) => void,
  work: (peers: Joined | undefined) => Promise<T>,
): Promise<T> {
  const launch = mpiLaunch();
  if (!launch) return work(undefined);
  let all: Ranks;
  try {
    const { Ranks } = await import("../../node/ranks.ts");
    all = await Ranks.open(launch);
  } catch (error) {
    // Ranks of a machine fail alike: the first ends all, and another has a line of its own only where the first has joined.
    if (launch.local > 0) await sleep(ALIKE_MS);
    report(error);
    await sleep(LAST_LINE_MS);
    endLaunch();
    throw new ElsewhereError("said already");
  }
  all.dtype = options.exchange_dtype ?? "f32";
  const { rank, ranks, exchange, spent } = all;
  const peers: Joined = {
    ...{ all, rank, ranks, exchange, spent, sync_check: syncCheck(options) },
    max: (values) => all.max(values),
    gatherBytes: (own) => all.gatherBytes(own),
  };
  try {
    // Dawn starts later. By now all ranks have joined, so that an error of one ends all.
    await together(peers, async () => Object.assign(process.env, rankEnvironment(launch, options)));
    const result = await work(peers);
    all.mpi.finalize();
    return result;
  } catch (error) {
    if (isShared(error)) {
      all.mpi.finalize();
      throw error;
    }
    // The others wait for this rank in the middle of a step.
    report(ofRank(peers, error));
    await sleep(LAST_LINE_MS);
    all.mpi.abort(1);
    throw error;
  }
}

/** Rank 0 shows the progress of all. */
export function progressOf(peers: Pick<Peers, "rank"> | undefined): Progress {
  if (!peers?.rank) return new Progress();
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  return new Progress(nowhere as NodeJS.WriteStream, false);
}
