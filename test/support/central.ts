// How a hand-written backward is tested: its float64 reference against central differences, and the GPU against the reference.

import { gradients } from "../../kernels/gradients.ts";
import type { Graph, Tensor } from "../../src/runtime/index.ts";
import { evaluate, type Inputs } from "./device.ts";
import { CENTRAL_STEP } from "../tolerances.ts";

/** d f / d x by central differences, in float64. */
export function centralDifferences(
  f: (x: Float64Array) => number,
  x: ArrayLike<number>,
  step = CENTRAL_STEP,
): Float64Array {
  const at = Float64Array.from(x);
  return Float64Array.from(at, (value, i) => {
    at[i] = value + step;
    const above = f(at);
    at[i] = value - step;
    const below = f(at);
    at[i] = value;
    return (above - below) / (2 * step);
  });
}

export const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
};

/**
 * Records `body`, then the gradients of its result `y` for the cotangent `dy`; runs it once.
 * @returns y, and the gradient of every tensor of `wrt` under its name
 */
export async function evaluateGradients(
  dy: Float32Array,
  body: (g: Graph, inputs: Inputs) => { y: Tensor; wrt: Record<string, Tensor> },
): Promise<Record<string, Float32Array>> {
  return evaluate((g, inputs) => {
    const { y, wrt } = body(g, inputs);
    const found = gradients(g, new Map([[y, inputs.tensor("dy", y.shape, dy)]]), Object.values(wrt));
    return { y, ...Object.fromEntries(Object.entries(wrt).map(([name, t]) => [name, found.get(t)!])) };
  });
}
