// The styles of the photographs that a net with VAE was trained on: the encoder's mu of the last ones, kept as training computes them (no
// photograph is read again), their mean, and a few presets: the centres of k-means (Lloyd 1982, started as k-means++ does, Arthur and
// Vassilvitskii 2007).

import { keyedSeed, uniformValues } from "../models/philox.ts";

/** Photographs whose style is kept. */
const CAPACITY = 2048;
const ROUNDS = 50;

export class Styles {
  /** Rows of `dim`; the oldest is overwritten first. */
  private readonly rows: Float32Array;
  /** Rows ever added. */
  private added = 0;

  constructor(readonly dim: number) {
    this.rows = new Float32Array(CAPACITY * dim);
  }

  /** @param mu rows of `dim` */
  add(mu: Float32Array): void {
    for (let at = 0; at < mu.length; at += this.dim) {
      this.rows.set(mu.subarray(at, at + this.dim), (this.added++ % CAPACITY) * this.dim);
    }
  }

  get count(): number {
    return Math.min(this.added, CAPACITY);
  }

  /** The rows for a checkpoint, oldest first; `add` restores them. */
  values(): Float32Array {
    const out = new Float32Array(this.count * this.dim);
    for (let i = 0; i < this.count; i++) {
      const row = (this.added - this.count + i) % CAPACITY;
      out.set(this.rows.subarray(row * this.dim, (row + 1) * this.dim), i * this.dim);
    }
    return out;
  }

  mean(): Float32Array {
    return centre(
      this.values(),
      this.dim,
      Array.from({ length: this.count }, (_, i) => i),
    );
  }

  /** `k` presets, the largest cluster first; fewer if there are fewer photographs. */
  presets(k: number, seed: number): Float32Array[] {
    return kMeans(this.values(), this.dim, Math.min(k, this.count), seed);
  }
}

function distance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return sum;
}

/** The mean of the given rows. */
function centre(values: Float32Array, dim: number, rows: readonly number[]): Float32Array {
  const sum = new Float64Array(dim);
  for (const r of rows) for (let i = 0; i < dim; i++) sum[i] += values[r * dim + i];
  return Float32Array.from(sum, (s) => s / Math.max(1, rows.length));
}

/** Centres of the clusters of rows of `dim`, the largest first. */
export function kMeans(values: Float32Array, dim: number, k: number, seed: number): Float32Array[] {
  const rows = Array.from({ length: values.length / dim }, (_, i) => values.subarray(i * dim, (i + 1) * dim));
  if (!rows.length || k < 1) return [];
  const draws = uniformValues(keyedSeed(seed, "k-means"), k);
  const centres = [rows[Math.floor(((draws[0] + 1) / 2) * (rows.length - 1))]];
  const nearest = rows.map((r) => distance(r, centres[0]));
  while (centres.length < k) {
    let left = ((draws[centres.length] + 1) / 2) * nearest.reduce((a, b) => a + b, 0);
    const next = nearest.findIndex((d) => (left -= d) < 0);
    centres.push(rows[next < 0 ? rows.length - 1 : next]);
    rows.forEach((r, i) => (nearest[i] = Math.min(nearest[i], distance(r, centres[centres.length - 1]))));
  }
  let members: number[][] = [];
  for (let round = 0, moved = true; round < ROUNDS && moved; round++) {
    members = centres.map(() => []);
    rows.forEach((r, i) => {
      const d = centres.map((c) => distance(r, c));
      members[d.indexOf(Math.min(...d))].push(i);
    });
    moved = false;
    members.forEach((m, c) => {
      if (!m.length) return;
      const to = centre(values, dim, m);
      moved ||= distance(to, centres[c]) > 0;
      centres[c] = to;
    });
  }
  return centres
    .map((c, i) => ({ c, size: members[i].length }))
    .sort((a, b) => b.size - a.size)
    .map(({ c }) => c);
}
