// Runs an op's case on the device and on the host.

import { gradients } from "../../kernels/gradients.ts";
import { ops } from "../../kernels/index.ts";
import { fromHalf, toHalf } from "../../src/runtime/half.ts";
import {
  Graph,
  isTensor,
  notDifferentiable,
  product,
  type DType,
  type Op,
  type Tensor,
} from "../../src/runtime/index.ts";
import { F16_SMALLEST, f16Error, sumError } from "../tolerances.ts";
import { evaluate, Inputs, noise, testDevice, type EvaluateOptions } from "./device.ts";
import { gradcheck } from "./gradcheck.ts";
import type { Data, OpCase, OpName, Tensors, Values } from "./op_case.ts";

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- of any op
type AnyCase = OpCase<any>;

export interface RunOptions extends EvaluateOptions {
  /** f16 storage. */
  half?: boolean;
  /** Type of the cotangents; the results' own if left out. */
  seeds?: DType;
  /** Instead of what the case makes. */
  values?: Readonly<Record<string, readonly number[]>>;
}

interface Run {
  got: Values;
  expected: Values;
}

const known = new WeakMap<object, Map<string, unknown>>();

/** What `make` gives for a setting, computed once: a setting is run in many ways that share data and references. */
function once<T>(p: unknown, key: string, make: () => T): T {
  const made = known.get(p as object) ?? new Map<string, unknown>();
  known.set(p as object, made);
  if (!made.has(key)) made.set(key, make());
  return made.get(key) as T;
}

const rounded = (values: ArrayLike<number>): Float32Array => fromHalf(toHalf(Float32Array.from(values)));

/** Arguments, with an example's values and the storage type's rounding. */
function dataOf(c: AnyCase, p: unknown, { half, values }: RunOptions): Record<string, Data> {
  return Object.fromEntries(
    Object.entries(once(p, "data", () => c.data(p))).map(([name, d]): [string, Data] => {
      const own = values?.[name] ?? d.values;
      if (d.as === "i32") return [name, { ...d, values: Int32Array.from(own) }];
      const narrow = d.as === "f16" || (half && d.as === "stored");
      return [name, { ...d, values: narrow ? rounded(own) : Float32Array.from(own) }];
    }),
  );
}

const valuesOf = (data: Readonly<Record<string, Data>>): Record<string, Float32Array | Int32Array> =>
  Object.fromEntries(Object.entries(data).map(([name, d]) => [name, d.values]));

/** Weights of the results, of which sums are exact in f16 too: multiples of 1/64. */
const cotangent = (n: number, seed: number): Float32Array => noise(n, seed).map((v) => Math.round(v * 64) / 64);

/** What a case's op records: its results by name, and its arguments. */
function record(
  name: OpName,
  c: AnyCase,
  p: unknown,
  data: Readonly<Record<string, Data>>,
  g: Graph,
  inputs: Inputs,
  half?: boolean,
): { results: Tensors; args: Tensors } {
  const args: Record<string, Tensor> = {};
  for (const [key, d] of Object.entries(data)) {
    const dtype: DType = d.as === "stored" ? (half ? "f16" : "f32") : d.as;
    const values = d.pack ? d.pack(d.values as Float32Array) : d.values;
    if (d.external) args[key] = inputs.external(key, d.shape, values, dtype);
    else {
      args[key] = g.input(key, d.shape, dtype, d.partial);
      inputs.values[key] = values;
    }
  }
  const made: unknown = (ops[name] as unknown as Op<unknown, unknown>)(g, c.args(args, p, g));
  if (made === undefined) return { results: {}, args };
  return { results: isTensor(made) ? { y: made } : (made as Tensors), args };
}

/** Runs forward and gradients in one program. Names of gradients are those of the arguments with a `d` before them. */
export async function runCase(name: OpName, c: AnyCase, p: unknown, options: RunOptions = {}): Promise<Run> {
  const data = dataOf(c, p, options);
  const v = valuesOf(data);
  const way = options.values ? "" : options.half ? "half" : "full";
  const reference = <T>(key: string, make: () => T): T => (way ? once(p, `${key} ${way}`, make) : make());
  const forward = reference("forward", () => c.forward(v, p));
  const d: Record<string, Float32Array> = {};
  let grads: Values = {};
  let results: Tensors = {};
  const read = await evaluate(
    (g, inputs) => {
      const recorded = record(name, c, p, data, g, inputs, options.half);
      const { args } = recorded;
      results = recorded.results;
      const effects = Object.keys(data).filter((key) => data[key].external);
      const out: Record<string, Tensor> = { ...results, ...Object.fromEntries(effects.map((key) => [key, args[key]])) };
      const { backward } = c;
      if (backward === notDifferentiable) return out;
      for (const [i, key] of Object.keys(results).entries()) d[key] = cotangent(product(results[key].shape), 90 + i);
      grads = reference("gradients", () => backward(v, p, d));
      const seeds = Object.entries(results).map(([key, t]): [Tensor, Tensor] => [
        t,
        inputs.tensor(`seed ${key}`, t.shape, d[key], options.seeds ?? t.dtype),
      ]);
      const wrt = Object.keys(grads);
      const found = gradients(
        g,
        new Map(seeds),
        wrt.map((key) => args[key]),
      );
      for (const key of wrt) {
        const grad = found.get(args[key]);
        if (!grad) throw new Error(`${name} gives no gradient of ${key}`);
        if (grad.shape.join() !== args[key].shape.join())
          throw new Error(`${name}: ${key} [${args[key].shape.join()}] has a gradient [${grad.shape.join()}]`);
        if (options.seeds && grad.dtype !== options.seeds)
          throw new Error(`${name}: ${key} has a gradient ${grad.dtype}`);
        out[`d${key}`] = grad;
      }
      return out;
    },
    { ...options, counts: { ...c.counts?.(p) } },
  );
  const got: Record<string, ArrayLike<number>> = {};
  for (const [key, values] of Object.entries(read)) {
    const of = key in results ? undefined : (data[key] ?? data[key.slice(1)]);
    got[key] = of?.unpack ? of.unpack(values) : values;
    if (of?.zeroPadded && of.pack!(got[key] as Float32Array).some((v, i) => v !== values[i]))
      throw new Error(`${name}: ${key} has numbers other than 0 where weights are only padded`);
  }
  // An external tensor of which the reference says nothing stays as it is.
  const kept = Object.entries(v).filter(([key]) => data[key].external);
  const named = Object.entries(grads).map(([key, values]): [string, ArrayLike<number>] => [`d${key}`, values]);
  return { got, expected: { ...Object.fromEntries(kept), ...forward, ...Object.fromEntries(named) } };
}

/** Throws an Error that names quantity, index, got and expected where a run is not what the reference says. */
export function compare(c: AnyCase, p: unknown, { got, expected }: Run, { half, values }: RunOptions = {}): void {
  const data = dataOf(c, p, { half, values });
  const scales = c.scale?.(valuesOf(data), p, Object.fromEntries(gradsOf(expected))) ?? {};
  const terms = c.terms(p);
  if (Object.keys(got).sort().join() !== Object.keys(expected).sort().join())
    throw new Error(`there are ${Object.keys(got).sort().join()}, expected ${Object.keys(expected).sort().join()}`);
  for (const [key, ref] of Object.entries(expected)) {
    const values = got[key];
    if (c.counts ? values.length < ref.length : values.length !== ref.length)
      throw new Error(`${key}: ${values.length} numbers, expected ${ref.length}`);
    const argument = key.replace(/^d/, "");
    const n = typeof terms === "number" ? terms : (terms[key] ?? terms[argument]);
    if (n === undefined) throw new Error(`terms says nothing of ${key}`);
    const scale = scales[argument] ?? Array.from(ref).reduce((most, v) => Math.max(most, Math.abs(v) || 0), 0);
    const narrow = half || data[key]?.as === "f16";
    const allowed = narrow ? f16Error(n) * scale + F16_SMALLEST : sumError(n) * scale;
    for (let i = 0; i < ref.length; i++) {
      if (Number.isNaN(ref[i])) continue;
      // Exact: as the reference, rounded as it is stored.
      const near =
        n === 0
          ? values[i] === Math.fround(ref[i]) || (narrow && values[i] === rounded([ref[i]])[0])
          : Math.abs(values[i] - ref[i]) <= allowed;
      if (!near)
        throw new Error(
          `${JSON.stringify(p)}, ${key}[${i}]: got ${values[i]}, expected ${ref[i]} (within ${n === 0 ? 0 : allowed})`,
        );
    }
  }
}

const gradsOf = (expected: Values): [string, ArrayLike<number>][] =>
  Object.entries(expected).flatMap(([key, values]) => (key.startsWith("d") ? [[key.slice(1), values]] : []));

/** Products that a check by central differences may take. */
const CENTRAL_LIMIT = 5e7;

/** The reference's gradient against central differences. False where that is too much to compute or says nothing. */
export function checkReference(name: string, c: AnyCase, p: unknown): boolean {
  if (c.backward === notDifferentiable || !(c.smooth?.(p) ?? true)) return false;
  const v = valuesOf(c.data(p));
  const results = c.forward(v, p);
  const names = Object.keys(results);
  const d = Object.fromEntries(names.map((key, i) => [key, cotangent(results[key].length, 90 + i)]));
  const grads = c.backward(v, p, d);
  const size = (all: Values): number => Object.values(all).reduce((sum, x) => sum + x.length, 0);
  const terms = c.terms(p);
  const most = typeof terms === "number" ? terms : Math.max(...Object.values(terms));
  const cost = Math.max(size(v), size(results) * Math.max(1, most));
  if (!size(grads) || size(grads) * cost > CENTRAL_LIMIT) return false;
  const flat = (all: Values): number[] => names.flatMap((key) => Array.from(all[key]));
  const args = Object.fromEntries(Object.keys(grads).map((key) => [key, v[key]]));
  gradcheck(name, (a) => flat(c.forward({ ...v, ...a }, p)), args, grads, flat(d));
  return true;
}

/** What a setting records, as text: two ways that record the same need one run. */
export async function recording(name: OpName, c: AnyCase, p: unknown, options: RunOptions = {}): Promise<string> {
  const { target } = await testDevice();
  const g = new Graph({ ...target, ...options, sizesAs: "uniform", variants: { ...options.variants } as never });
  const data = dataOf(c, p, options);
  const { results, args } = record(name, c, p, data, g, new Inputs(g, await testDevice()), options.half);
  const { backward } = c;
  if (backward !== notDifferentiable) {
    const d = Object.fromEntries(Object.entries(results).map(([key, t]) => [key, cotangent(product(t.shape), 90)]));
    const seeds = Object.entries(results).map(([key, t]): [Tensor, Tensor] => [t, g.input(`seed ${key}`, t.shape)]);
    const names = once(p, "names", () => Object.keys(backward(valuesOf(data), p, d)));
    gradients(
      g,
      new Map(seeds),
      names.map((key) => args[key]),
    );
  }
  return JSON.stringify(g.dispatches.map((s) => [s.shader.name, s.constants, s.sizes, s.groups]));
}
