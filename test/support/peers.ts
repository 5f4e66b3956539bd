// Peers inside one process, for tests of exchanges.

import type { Exchange, Reduction } from "../../src/runtime/index.ts";

type Join = (reduction: Reduction, all: readonly Float32Array[]) => Float32Array;

/** The exchanges of `n` peers: each call waits for the same call of all others. Different calls are an error. */
export function peers(n: number, join: Join): Exchange[] {
  const rounds: { name: string; values: Float32Array[]; answer: Promise<Float32Array>; resolve: () => void }[] = [];
  return Array.from({ length: n }, (_, rank): Exchange => {
    let round = 0;
    return ({ name, reduction }, values) => {
      if (!rounds[round]) {
        const given: Float32Array[] = [];
        let resolve!: () => void;
        const answer = new Promise<Float32Array>((done) => (resolve = () => done(join(reduction, given))));
        rounds.push({ name, values: given, answer, resolve });
      }
      const r = rounds[round++];
      if (r.name !== name) return Promise.reject(new Error(`peer ${rank} exchanges ${name}, another one ${r.name}`));
      r.values[rank] = values;
      if (r.values.filter(Boolean).length === n) r.resolve();
      return r.answer;
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
