// The styles of the photographs that a net with VAE was trained on: the encoder's mu of the last ones, kept as training computes them (no
// photograph is read again), their mean, and a few presets that differ as much as possible: farthest points (Gonzalez 1985). Centres of
// clusters were tried: most of a set's photographs resemble each other, and so did most presets.

import { encodePresets } from "../models/presets.ts";

/** Presets that are stored with a net. */
const PRESETS = 8;
/** Photographs whose style is kept. */
const CAPACITY = 2048;
/** Share of the styles that lie farthest from the middle and become no presets: those of damaged or odd photographs. */
const ODD = 0.02;

/** The styles of a training's photographs, which its nets are saved with. */
export interface TrainedStyles {
  /** @param rows what the encoder gives for the pictures of a step */
  add(rows: Float32Array): void;
  /** [count, dim], for a state; `restore` takes them. */
  values(): Float32Array;
  restore(values: Float32Array): void;
  readonly count: number;
  readonly dim: number;
  metadata(): Record<string, string>;
}

export class Styles implements TrainedStyles {
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

  restore(values: Float32Array): void {
    this.add(values);
  }

  /** What weights' metadata say of styles. */
  metadata(): Record<string, string> {
    return this.count ? { styles: encodePresets(this.mean(), this.presets(PRESETS)) } : {};
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

  /** `k` presets, the most usual first; fewer if fewer styles differ. */
  presets(k: number): Float32Array[] {
    const values = this.values();
    const middle = medians(values, this.dim);
    const rows = Array.from({ length: this.count }, (_, i) => values.subarray(i * this.dim, (i + 1) * this.dim))
      .map((row) => ({ row, away: distance(row, middle) }))
      .sort((a, b) => a.away - b.away)
      .slice(0, Math.ceil(this.count * (1 - ODD)))
      .map(({ row }) => row);
    return farthestPoints(rows, k);
  }
}

/** The median of each column, which odd rows hardly move. */
function medians(values: Float32Array, dim: number): Float32Array {
  const count = values.length / dim;
  return Float32Array.from(
    { length: dim },
    (_, i) => Float32Array.from({ length: count }, (_row, r) => values[r * dim + i]).sort()[count >> 1],
  );
}

/** The first row, and again and again the one that is farthest from all those taken; no two are equal. */
function farthestPoints(rows: readonly Float32Array[], k: number): Float32Array[] {
  const taken = rows.slice(0, Math.min(k, 1));
  const nearest = rows.map((row) => distance(row, rows[0]));
  while (taken.length < k) {
    const most = Math.max(...nearest);
    if (!(most > 0)) break;
    const next = rows[nearest.indexOf(most)];
    taken.push(next);
    rows.forEach((row, i) => (nearest[i] = Math.min(nearest[i], distance(row, next))));
  }
  return taken;
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
