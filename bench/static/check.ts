// Compares the kernels of a run with those of an earlier one.

import { keyOf, type Kernel } from "./kernels.ts";

/** Multiply-adds for each instruction may fall to this part of what they were. */
const LEAST = 0.9;

export interface Comparison {
  /** What became worse, one line each. */
  readonly failures: string[];
  /** What can't be compared: kernels that are new or gone. */
  readonly notes: string[];
}

/** Registers that did not fit, and private memory. */
const most = (kernel: Kernel, what: "spills" | "scratch"): number => Math.max(...kernel.made.map((m) => m[what]));

const rounded = (rate: number): string => rate.toPrecision(2);

function* worse(before: Kernel, now: Kernel): Generator<string> {
  for (const [what, name] of [
    ["spills", "spilled registers"],
    ["scratch", "bytes of scratch"],
  ] as const)
    if (most(now, what) > 0 && most(before, what) === 0)
      yield `has ${most(now, what)} ${name} (${now.made.find((m) => m[what] === most(now, what))!.sizes})`;
  for (const which of ["mean", "least"] as const) {
    const [from, to] = [before.rate[which], now.rate[which]];
    if (to < LEAST * from)
      yield `its ${which} number of multiply-adds for each instruction of the hot loop fell from ${rounded(from)} to ${rounded(to)}`;
  }
}

/** @param before the stored kernels  @param now those of this run, of the same family */
export function compare(before: readonly Kernel[], now: readonly Kernel[]): Comparison {
  const old = new Map(before.map((kernel) => [keyOf(kernel), kernel]));
  const found = new Map(now.map((kernel) => [keyOf(kernel), kernel]));
  const both = [...found].flatMap(([key, kernel]) => (old.has(key) ? [[key, old.get(key)!, kernel] as const] : []));
  const only = (some: ReadonlyMap<string, Kernel>, others: ReadonlyMap<string, Kernel>, what: string): string[] =>
    [...some.keys()].filter((key) => !others.has(key)).map((key) => `${key}: ${what}`);
  return {
    failures: both.flatMap(([key, a, b]) => [...worse(a, b)].map((line) => `${key}: ${line}`)),
    notes: [...only(found, old, "is new"), ...only(old, found, "is gone")],
  };
}
