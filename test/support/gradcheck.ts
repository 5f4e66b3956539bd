// How a derivative is told right from wrong: a host reference against central differences of the float64 forward, and a kernel's
// gradients, recorded by gradients(), against that reference.

import { gradients } from "../../kernels/gradients.ts";
import type { Graph, Tensor } from "../../src/runtime/index.ts";
import { evaluate, type EvaluateOptions, type Inputs } from "./device.ts";
import { CENTRAL_ERROR, CENTRAL_STEP } from "../tolerances.ts";

export type Arrays = Record<string, ArrayLike<number>>;

/**
 * @param forward of the arguments; its result is weighted by dy to a scalar
 * @param grads what is claimed: the scalar's gradient by argument name
 * @throws Error naming function, argument, index, got and expected
 */
export function gradcheck(
  name: string,
  forward: (args: Record<string, Float64Array>) => ArrayLike<number>,
  args: Arrays,
  grads: Arrays,
  dy: ArrayLike<number>,
  { step = CENTRAL_STEP, tolerance = CENTRAL_ERROR } = {},
): void {
  const point = Object.fromEntries(Object.entries(args).map(([k, v]) => [k, Float64Array.from(v)]));
  const value = (): number => Array.from(forward(point)).reduce((sum, y, i) => sum + y * dy[i], 0);
  for (const [argument, grad] of Object.entries(grads)) {
    const values = point[argument];
    if (grad.length !== values.length)
      throw new Error(`${name}, ${argument}: ${grad.length} gradients of ${values.length} values`);
    for (let i = 0; i < values.length; i++) {
      const at = values[i];
      values[i] = at + step;
      const above = value();
      values[i] = at - step;
      const expected = (above - value()) / (2 * step);
      values[i] = at;
      if (!(Math.abs(grad[i] - expected) <= tolerance * Math.max(1, Math.abs(expected)))) {
        throw new Error(`${name}, ${argument}[${i}]: got ${grad[i]}, expected ${expected}`);
      }
    }
  }
}

/** Records an op, weights its result by dy and reads it, as `y`, and the gradients of the tensors in `wrt`. */
export function evaluateGradients(
  record: (g: Graph, inputs: Inputs) => { y: Tensor; wrt: Record<string, Tensor> },
  dy: Float32Array,
  options: EvaluateOptions = {},
): Promise<Record<string, Float32Array>> {
  return evaluate((g, inputs) => {
    const { y, wrt } = record(g, inputs);
    const made = gradients(g, new Map([[y, inputs.tensor("dy", y.shape, dy)]]), Object.values(wrt));
    const grads = Object.entries(wrt).map(([name, t]) => {
      const grad = made.get(t);
      if (!grad) throw new Error(`no gradient of ${name}`);
      if (grad.dtype !== "f32" || grad.shape.join() !== t.shape.join())
        throw new Error(`${name} [${t.shape.join()}] has the gradient ${grad.dtype}[${grad.shape.join()}]`);
      return [name, grad];
    });
    return { y, ...Object.fromEntries(grads) };
  }, options);
}
