// The processes that train one run together, as one of them sees the others. MPI gives them (src/node/ranks.ts); the trainer knows no MPI.
// Every function here is called by all ranks, in one order: who waits for the others would else wait for ever.

import type { LevelWindows } from "../../labels/windows.ts";
import type { Exchange } from "../../runtime/index.ts";
import { SpadeError } from "../../runtime/errors.ts";
import type { StepPeers } from "../step/step.ts";

export interface Peers {
  /** Of this process: 0 saves, prints and validates. */
  readonly rank: number;
  readonly ranks: number;
  /** For gradients and statistics of a step. */
  readonly exchange: Exchange;
  /** The largest of all ranks' numbers, place by place. */
  max(values: readonly number[]): number[];
  /** The bytes of every rank, of any lengths, in the order of ranks. */
  gather(own: Uint8Array): Uint8Array[];
}

/** A text of every rank, in the order of ranks. */
export const gatherTexts = (peers: Pick<Peers, "gather">, own: string): string[] =>
  peers.gather(new TextEncoder().encode(own)).map((bytes) => new TextDecoder().decode(bytes));

/** Another rank has failed, and says why; this one only ends. */
export class ElsewhereError extends Error {}

/**
 * Runs what every rank does by itself, and goes on when all have done it. Where some fail, all end: the first of those that fail throws
 * its error, all others ElsewhereError.
 * @param which 0: rank 0 alone runs it
 */
export async function together<T>(peers: Peers | undefined, work: () => Promise<T>, which?: 0): Promise<T | undefined> {
  if (!peers) return work();
  let result: T | undefined;
  let error: unknown;
  try {
    if (which === undefined || which === peers.rank) result = await work();
  } catch (failure) {
    error = failure;
  }
  failTogether(peers, error);
  return result;
}

/** Ends all ranks if one of them has an error, as `together` does. */
export function failTogether(peers: Peers, error: unknown): void {
  // The lowest rank that fails has the largest number.
  const [first] = peers.max([error === undefined ? 0 : peers.ranks - peers.rank]);
  if (first === 0) return;
  if (first === peers.ranks - peers.rank) throw withRank(peers, error);
  throw new ElsewhereError(`rank ${peers.ranks - first} has failed`);
}

/** An error of rank 0 is like that of a run by itself; of others the line says whose it is. */
function withRank({ rank }: Peers, error: unknown): unknown {
  if (rank === 0 || !(error instanceof SpadeError)) return error;
  return new SpadeError(error.code, `rank ${rank}, ${error.where}`, error.problem, error.fix, error);
}

/** What the steps of a net ask of the other ranks. */
export const stepPeers = (peers: Peers): StepPeers => ({
  rank: peers.rank,
  largest(windows) {
    const counts = peers.max(windows.flatMap(({ innerCount, outerCount }) => [innerCount, outerCount]));
    return windows.map((lw, i): LevelWindows => ({
      ...lw,
      innerCount: counts[2 * i],
      outerCount: counts[2 * i + 1],
    }));
  },
  union(keys) {
    const texts = gatherTexts(peers, JSON.stringify(keys));
    return new Set(texts.flatMap((text) => JSON.parse(text) as string[]));
  },
  gather(rows) {
    const parts = peers.gather(new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength));
    const out = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0) / 4);
    let at = 0;
    for (const part of parts) {
      out.set(new Float32Array(part.slice().buffer), at);
      at += part.length / 4;
    }
    return out;
  },
});
