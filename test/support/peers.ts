// Peers inside one process, for tests of exchanges.

import type { Exchange, Reduction } from "../../src/runtime/index.ts";
import { stepPeers, type Peers } from "../../src/training/peers/peers.ts";
import type { StepPeers } from "../../src/training/step/step.ts";

type Join = (reduction: Reduction, all: readonly Float32Array[]) => Float32Array;

/**
 * Where `n` peers meet: each of these calls waits for the same call of all others. Different calls are an error.
 * @param join what all of them get
 */
function meetings<T, R>(
  n: number,
  join: (name: string, all: readonly T[]) => R,
): ((name: string, own: T) => Promise<R>)[] {
  const rounds: { name: string; given: T[]; answer: Promise<R>; resolve: () => void }[] = [];
  return Array.from({ length: n }, (_, rank) => {
    let round = 0;
    return (name: string, own: T): Promise<R> => {
      if (!rounds[round]) {
        const given: T[] = [];
        let resolve!: () => void;
        const answer = new Promise<R>((done) => (resolve = () => done(join(name, given))));
        rounds.push({ name, given, answer, resolve });
      }
      const r = rounds[round++];
      if (r.name !== name) return Promise.reject(new Error(`peer ${rank} asks for ${name}, another one for ${r.name}`));
      r.given[rank] = own;
      if (Object.keys(r.given).length === n) r.resolve();
      return r.answer;
    };
  });
}

/** The exchanges of `n` peers. */
export function peers(n: number, join: Join): Exchange[] {
  const met = meetings<{ reduction: Reduction; values: Float32Array }, Float32Array>(n, (_, all) =>
    join(
      all[0].reduction,
      all.map(({ values }) => values),
    ),
  );
  return met.map(
    (meet): Exchange =>
      ({ name, reduction }, values) =>
        meet(name, { reduction, values }),
  );
}

/** What steps of `n` peers ask of each other, as with MPI but for the waiting. */
export function stepsOfPeers(n: number): StepPeers[] {
  const met = meetings<Uint8Array, Uint8Array[]>(n, (_, all) => [...all]);
  return met.map((meet, rank): StepPeers => {
    // Those of MPI wait where they are called; here what all say is asked for first.
    const after = async <T>(own: Uint8Array, use: (peers: StepPeers) => T | Promise<T>): Promise<T> => {
      const all = await meet("question", own);
      const gathered: Pick<Peers, "max" | "gatherBytes"> = {
        max: () => {
          const numbers = all.map((bytes) => new Float64Array(bytes.slice().buffer));
          return Array.from(numbers[0], (_, i) => Math.max(...numbers.map((values) => values[i])));
        },
        gatherBytes: () => all,
      };
      return use(stepPeers({ rank, ...gathered }));
    };
    const bytesOf = (values: Float64Array | Float32Array): Uint8Array => new Uint8Array(values.slice().buffer);
    return {
      rank,
      largest: (windows) =>
        after(bytesOf(Float64Array.from(windows.flatMap((w) => [w.innerCount, w.outerCount]))), (p) =>
          p.largest(windows),
        ),
      union: (keys) => after(new TextEncoder().encode(JSON.stringify(keys)), (p) => p.union(keys)),
      gatherRows: (rows) => after(bytesOf(rows), (p) => p.gatherRows(rows)),
    };
  });
}

/** What a reduction says, in float64. */
export const join: Join = (reduction, all) => {
  const sum = (i: number): number => all.reduce((s, v) => s + v[i], 0);
  if (reduction === "sum") return all[0].map((_, i) => sum(i));
  if (reduction === "mean") return all[0].map((_, i) => sum(i) / all.length);
  const out = new Float32Array(all[0].length);
  const c = out.length / 3;
  for (let i = 0; i < c; i++) {
    const n = sum(i);
    const mean = all.reduce((s, v) => s + v[i] * v[c + i], 0) / n;
    out[i] = n;
    out[c + i] = mean;
    out[2 * c + i] = all.reduce((s, v) => s + v[2 * c + i] + v[i] * (v[c + i] - mean) ** 2, 0);
  }
  return out;
};
