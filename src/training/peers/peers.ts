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
  gatherBytes(own: Uint8Array): Uint8Array[];
  /** Steps between two checks that all have the same weights; 0: none. */
  readonly sync_check: number;
  /** What exchanges have taken so far. */
  readonly spent: Readonly<Record<"few" | "gradients", { calls: number; bytes: number; ms: number }>>;
}

/** What every rank gives, plain data as JSON has it, in the order of ranks. */
export const gather = <T>(peers: Pick<Peers, "gatherBytes">, own: T): T[] =>
  peers
    .gatherBytes(new TextEncoder().encode(JSON.stringify(own)))
    .map((bytes) => JSON.parse(new TextDecoder().decode(bytes)) as T);

/** Another rank has failed, and says why; this one only ends. */
export class ElsewhereError extends Error {}

/** Errors that all ranks have agreed on: each ends by itself. After any other one the ranks that wait have to be ended. */
const shared = new WeakSet<object>();

export const isShared = (error: unknown): boolean => typeof error === "object" && error !== null && shared.has(error);

/** An error of another rank than 0 says whose it is. */
export const ofRank = ({ rank }: Pick<Peers, "rank">, error: unknown): unknown =>
  rank > 0 && error instanceof SpadeError
    ? new SpadeError(error.code, `rank ${rank}, ${error.where}`, error.problem, error.fix, error)
    : error;

/** What a rank throws where the first of those that fail is `first`. */
function sharedError(peers: Pick<Peers, "rank">, first: number, error: unknown): unknown {
  const out = first === peers.rank ? ofRank(peers, error) : new ElsewhereError(`rank ${first} has failed`);
  if (typeof out === "object" && out !== null) shared.add(out);
  return out;
}

/** The first rank that has an error; undefined if none has. */
function firstOf(peers: Peers, error: unknown): number | undefined {
  // The lowest has the largest number.
  const [most] = peers.max([error === undefined ? 0 : peers.ranks - peers.rank]);
  return most === 0 ? undefined : peers.ranks - most;
}

/**
 * Runs what every rank does by itself, and goes on when all have done it. Where some fail, all end: the first of them throws its error, all
 * others ElsewhereError.
 */
export async function together<T>(peers: Peers | undefined, work: () => Promise<T>): Promise<T> {
  if (!peers) return work();
  let result: T | undefined;
  let error: unknown;
  try {
    result = await work();
  } catch (failure) {
    error = failure;
  }
  const first = firstOf(peers, error);
  if (first !== undefined) throw sharedError(peers, first, error);
  return result!;
}

/** The same of what rank 0 does for all; undefined on others. */
export const firstAlone = <T>(peers: Peers | undefined, work: () => Promise<T>): Promise<T | undefined> =>
  together<T | undefined>(peers, async () => (peers?.rank ? undefined : work()));

const REASONS = [undefined, "max_minutes", "max_steps", "signal"] as const;

/**
 * What all ranks do next, as soon as one of them has a reason to stop or an error: that of its next batch, after which the step that is done is
 * saved.
 */
export function agreed<R extends (typeof REASONS)[number]>(
  peers: Peers | undefined,
  reason: R | undefined,
  error?: Error,
): { reason?: R; error?: Error } {
  if (!peers) return { reason, error };
  const [why] = peers.max([REASONS.indexOf(reason)]);
  const first = firstOf(peers, error);
  return {
    reason: REASONS[why] as R | undefined,
    error: first === undefined ? undefined : (sharedError(peers, first, error) as Error),
  };
}

/** What the steps of a net ask of the other ranks. */
export const stepPeers = (peers: Pick<Peers, "rank" | "max" | "gatherBytes">): StepPeers => ({
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
    return new Set(gather(peers, [...keys]).flat());
  },
  gatherRows(rows) {
    const parts = peers.gatherBytes(new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength));
    const out = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0) / 4);
    let at = 0;
    for (const part of parts) {
      out.set(new Float32Array(part.slice().buffer), at);
      at += part.length / 4;
    }
    return out;
  },
});
