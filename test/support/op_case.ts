// What is tested of an op, as data. The cases are in test/kernels/cases/; test/kernels/ops.test.ts walks them.

import type { ops } from "../../kernels/index.ts";
import type { Lists } from "../../kernels/parts/segments.ts";
import type { VariantOp } from "../../kernels/parts/variants.ts";
import type { HostLists, ListShapes } from "../../src/labels/lists.ts";
import { product, type Graph, type notDifferentiable, type Tensor } from "../../src/runtime/index.ts";
import { noise } from "./device.ts";

export type OpName = keyof typeof ops;
export type ArgsOf<K extends OpName> = Parameters<(typeof ops)[K]>[1];
/** Numbers by the name of a tensor. A result that has no name of its own is `y`. */
export type Values = Readonly<Record<string, ArrayLike<number>>>;
export type Tensors = Readonly<Record<string, Tensor>>;

/** A tensor argument. */
export interface Data {
  /** As the op takes it. */
  readonly shape: readonly number[];
  /** As the reference takes them: dense, weights in published order. */
  readonly values: Float32Array | Int32Array;
  /** `stored`: f32, or f16 where the case is run with f16 storage. The others are always what they say. */
  readonly as: "stored" | "f32" | "f16" | "i32";
  /** Lies outside the program and may be updated in place; the reference's result under its name is the expected effect. */
  readonly external?: boolean;
  /** Its shape is a capacity: `values` may have fewer rows. */
  readonly partial?: boolean;
  /** From the reference's values to the op's, and back. */
  readonly pack?: (values: Float32Array) => Float32Array;
  readonly unpack?: (values: Float32Array) => Float32Array;
  /** What `pack` adds are zeros, which gradients have at the same places. */
  readonly zeroPadded?: boolean;
}

export interface Example<P> {
  readonly of: P;
  /** Instead of the values that `data` makes. */
  readonly values: Readonly<Record<string, readonly number[]>>;
  /** Results, and external tensors that are changed. */
  readonly gives: Readonly<Record<string, readonly number[]>>;
}

/** @typeParam P what a case of the op consists of: shapes and plain arguments */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- ops differ in their settings
export interface OpCase<K extends OpName, P = any> {
  /** Of round numbers, to be checked by eye. */
  readonly example: Example<P>;
  readonly settings: readonly P[];
  data(p: P): Readonly<Record<string, Data>>;
  args(t: Tensors, p: P, g: Graph): ArgsOf<K>;
  /**
   * Results and effects, in float64. NaN: anything may stand there. With `counts` a result may be shorter than the op's: the rows behind
   * it are not in use.
   */
  forward(v: Values, p: P): Values;
  /** Gradients by argument of the sum of result * d, in float64; notDifferentiable if the op is. */
  readonly backward: ((v: Values, p: P, d: Values) => Values) | typeof notDifferentiable;
  /**
   * Terms of the longest sum behind a number of the result or of a gradient: for all of them, or by name. 0: copies and sums that are
   * exact, which must come out as the reference rounded to the type in which they are stored.
   */
  terms(p: P): number | Readonly<Record<string, number>>;
  /** Size of what a gradient adds up, if much of it cancels: what its error is relative to, by name. */
  scale?(v: Values, p: P, grads: Values): Readonly<Record<string, number>>;
  /** False for settings at kinks, where central differences say nothing. */
  smooth?(p: P): boolean;
  counts?(p: P): Readonly<Record<string, number>>;
  /** Whether it reads or writes anything that f16 storage stores in f16; or of which settings that is tested. */
  readonly f16: boolean | ((p: P) => boolean);
  /** Entries of the variant table that it chooses from. */
  readonly variants?: readonly VariantOp[];
}

const maker =
  (as: Data["as"]) =>
  (shape: readonly number[], values: number | Float32Array, more: Partial<Data> = {}): Data => ({
    shape,
    values: typeof values === "number" ? noise(product(shape), values) : values,
    as,
    ...more,
  });

/** Activations, their gradients, weights as kernels read them. A number as values: the seed of noise. */
export const stored = maker("stored");
/** Statistics, biases, losses. */
export const f32 = maker("f32");
/** What is in f16 whatever the storage. */
export const f16 = maker("f16");
export const i32 = (shape: readonly number[], values: Int32Array, more: Partial<Data> = {}): Data => ({
  shape,
  values,
  as: "i32",
  ...more,
});

/** Rows of a table that holds `capacity` of them. What stands in the others must not matter. */
export function rowsOf(make: typeof stored, capacity: number, c: number, values: Float32Array): Data {
  return make([capacity, c], values, {
    pack(rows) {
      const out = new Float32Array(capacity * c).fill(7);
      out.set(rows);
      return out;
    },
    unpack: (all) => all.subarray(0, values.length),
  });
}

/** Lists as arguments `NAME order`, `NAME rows` and `NAME parts`; the tensors have room to spare. */
export function listData(name: string, lists: HostLists, shapes: ListShapes): Record<string, Data> {
  const one = (key: keyof HostLists): [string, Data] => [
    `${name} ${key}`,
    i32(shapes[key], lists[key].slice(), { partial: true }),
  ];
  return Object.fromEntries([one("order"), one("rows"), one("parts")]);
}

export const listsOf = (t: Tensors, name: string): Lists => ({
  order: t[`${name} order`],
  rows: t[`${name} rows`],
  parts: t[`${name} parts`],
});
