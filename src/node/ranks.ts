// The ranks of one training over MPI: how a step's tensors are exchanged, and what that took. Few numbers are reduced at once, on this
// thread (a call takes microseconds, on another thread milliseconds); gradients on another one, while the backward pass goes on.

import { hostname } from "node:os";
import type { Exchange } from "../runtime/program/exchange.ts";
import { fromHalf, toHalf } from "../runtime/half.ts";
import { Mpi } from "./mpi.ts";
import type { Launch } from "./mpi_launch.ts";

/** Numbers from which on another thread waits for the others. */
const MANY = 16_384;

/** What exchanges have taken since the last look. */
export interface Spent {
  calls: number;
  bytes: number;
  /** From the call until the result is there: with waiting for the other ranks. */
  ms: number;
}

const nothing = (): Spent => ({ calls: 0, bytes: 0, ms: 0 });

export class Ranks {
  /** Of few numbers, for which the step waits; of gradients, beside which it goes on. */
  spent = { few: nothing(), gradients: nothing() };
  /** How gradients travel. */
  dtype: "f32" | "f16" = "f32";
  readonly rank: number;
  readonly ranks: number;

  private constructor(
    readonly mpi: Mpi,
    /** Among the ranks of this machine, from 0. */
    readonly local: number,
  ) {
    ({ rank: this.rank, ranks: this.ranks } = mpi);
  }

  /** Joins the other ranks. @throws SpadeError unsupported: MPI can't be called */
  static async open(launch: Launch): Promise<Ranks> {
    return new Ranks(await Mpi.open(launch), launch.local);
  }

  /** The largest of all ranks' numbers, place by place. */
  max(values: readonly number[]): number[] {
    return [...this.mpi.allreduce(Float64Array.from(values), "max")];
  }

  /** The bytes of every rank, in the order of ranks. */
  gatherBytes(own: Uint8Array): Uint8Array[] {
    return this.mpi.gather(own);
  }

  /** For Program.run: called in one order on all ranks. */
  readonly exchange: Exchange = async ({ name, reduction }, values) => {
    const begun = performance.now();
    const gradients = reduction === "mean" && name.startsWith("gradients");
    const joined =
      reduction === "moments"
        ? this.moments(values)
        : reduction === "sum"
          ? Float32Array.from(this.mpi.allreduce(Float64Array.from(values)))
          : this.mean(values, gradients && this.dtype === "f16");
    const result = await joined;
    const spent = this.spent[gradients ? "gradients" : "few"];
    spent.calls++;
    spent.bytes += values.byteLength / (gradients && this.dtype === "f16" ? 2 : 1);
    spent.ms += performance.now() - begun;
    return result;
  };

  private async mean(values: Float32Array, halves: boolean): Promise<Float32Array> {
    if (halves) return this.meanOfHalves(values);
    if (values.length < MANY) this.mpi.allreduce(values);
    else await this.mpi.allreduceAside(values);
    for (let i = 0; i < values.length; i++) values[i] /= this.ranks;
    return values;
  }

  /**
   * The mean with half the bytes: each rank sums its part of all ranks' numbers in f32, and sends the mean to all. Both ways numbers are f16,
   * scaled by a power of two so that the largest of all just fits: those under 2^-29 of it lose digits. Inf and NaN stay.
   */
  private async meanOfHalves(values: Float32Array): Promise<Float32Array> {
    const { ranks } = this;
    let most = 0;
    for (const v of values) if (Math.abs(v) > most) most = Math.abs(v);
    [most] = this.max([most]);
    const scale = most > 0 && most < Infinity ? 2 ** (15 - Math.ceil(Math.log2(most))) : 1;
    const part = Math.ceil(values.length / ranks);
    const padded = new Float32Array(part * ranks);
    for (let i = 0; i < values.length; i++) padded[i] = values[i] * scale;
    const bytes = (a: Uint16Array): Uint8Array => new Uint8Array(a.buffer, a.byteOffset, a.byteLength);
    const mine = await this.mpi.alltoallAside(bytes(toHalf(padded)));
    const terms = fromHalf(new Uint16Array(mine.buffer));
    const sums = terms.slice(0, part);
    for (let r = 1; r < ranks; r++) for (let i = 0; i < part; i++) sums[i] += terms[r * part + i];
    const all = await this.mpi.allgatherAside(bytes(toHalf(sums.map((v) => v / ranks))));
    const means = fromHalf(new Uint16Array(all.buffer));
    for (let i = 0; i < values.length; i++) values[i] = means[i] / scale;
    return values;
  }

  /**
   * Joins (n, mean, M2) of all ranks as if one had seen all values (Chan, Golub and LeVeque 1983): first the common mean, then the squares
   * around it, never sums of squares. In f64, so that the number of ranks adds no error.
   */
  private moments(rows: Float32Array): Float32Array {
    const c = rows.length / 3;
    const firsts = new Float64Array(2 * c);
    for (let i = 0; i < c; i++) {
      firsts[i] = rows[i];
      firsts[c + i] = rows[i] * rows[c + i];
    }
    this.mpi.allreduce(firsts);
    const squares = new Float64Array(c);
    for (let i = 0; i < c; i++) squares[i] = rows[2 * c + i] + rows[i] * (rows[c + i] - firsts[c + i] / firsts[i]) ** 2;
    this.mpi.allreduce(squares);
    const out = new Float32Array(rows.length);
    for (let i = 0; i < c; i++) {
      out[i] = firsts[i];
      out[c + i] = firsts[c + i] / firsts[i];
      out[2 * c + i] = squares[i];
    }
    return out;
  }

  /** Milliseconds of an allreduce of so many f32, waited for as a step waits; all ranks measure together. */
  async measure(numbers: number, times: number): Promise<number> {
    const values = new Float32Array(numbers);
    this.mpi.barrier();
    const begun = performance.now();
    for (let i = 0; i < times; i++)
      if (numbers < MANY) this.mpi.allreduce(values);
      else await this.mpi.allreduceAside(values);
    return (performance.now() - begun) / times;
  }

  /** Name of this machine, for reports. */
  get host(): string {
    return hostname();
  }
}
