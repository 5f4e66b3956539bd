import { expect, test } from "vitest";
import { concat, concatPlan } from "../../kernels/shape/concat.ts";
import { reshape, slice, slicePlan } from "../../kernels/shape/slice.ts";
import { product } from "../../src/runtime/index.ts";
import { evaluateGradients } from "../support/central.ts";
import { noise } from "../support/device.ts";

/** Every logical element with its index. */
function* elements(shape: readonly number[]): Generator<[index: number[], at: number]> {
  for (let at = 0; at < product(shape); at++) {
    let rest = at;
    const index = shape.map(() => 0);
    for (let d = shape.length - 1; d >= 0; d--) {
      index[d] = rest % shape[d];
      rest = Math.floor(rest / shape[d]);
    }
    yield [index, at];
  }
}
const flat = (shape: readonly number[], index: readonly number[]): number =>
  index.reduce((at, i, d) => at * shape[d] + i, 0);

test.each([
  { x: [2, 3, 7], axis: 2, from: 2, count: 3, length: 3 },
  { x: [3, 9, 5], axis: 1, from: 5, count: 3, length: 4 },
  { x: [4, 2, 8], axis: 0, from: 1, count: 2, length: 2 },
])("slice and its gradient: $x, axis $axis, $from + $count", async ({ x, axis, from, count, length }) => {
  const xs = noise(product(x), 1);
  const shape = slicePlan(x, axis, from, count, length).out;
  const dy = noise(product(shape), 2);
  const got = await evaluateGradients(dy, (g, inputs) => {
    const t = inputs.tensor("x", x, xs);
    return { y: slice(g, { x: t, axis, from, count, length }), wrt: { dx: t } };
  });
  const y = new Float32Array(dy.length);
  const dx = new Float32Array(xs.length);
  for (const [index, at] of elements(shape)) {
    if (index[axis] >= count) continue;
    const source = flat(x, index.with(axis, index[axis] + from));
    y[at] = xs[source];
    dx[source] = dy[at];
  }
  expect(got.y).toEqual(y);
  expect(got.dx).toEqual(dx);
});

test.each([
  { a: [2, 3, 5], b: [2, 3, 6], axis: 2 },
  { a: [2, 3, 4], b: [2, 3, 8], axis: 2 },
  { a: [2, 3, 5], b: [1, 3, 5], axis: 0 },
])("concat and its gradients: $a and $b, axis $axis", async ({ a, b, axis }) => {
  const [as, bs] = [noise(product(a), 1), noise(product(b), 2)];
  const shape = concatPlan(a, b, axis);
  const dy = noise(product(shape), 3);
  const got = await evaluateGradients(dy, (g, inputs) => {
    const [ta, tb] = [inputs.tensor("a", a, as), inputs.tensor("b", b, bs)];
    return { y: concat(g, { a: ta, b: tb, axis }), wrt: { da: ta, db: tb } };
  });
  const y = new Float32Array(dy.length);
  const grads = { da: new Float32Array(as.length), db: new Float32Array(bs.length) };
  for (const [index, at] of elements(shape)) {
    const first = index[axis] < a[axis];
    const source = first ? flat(a, index) : flat(b, index.with(axis, index[axis] - a[axis]));
    y[at] = first ? as[source] : bs[source];
    grads[first ? "da" : "db"][source] = dy[at];
  }
  expect(got).toEqual({ y, ...grads });
});

test("reshape keeps elements and order; ranges and shapes that do not fit are refused", async () => {
  const xs = noise(2 * 4, 1);
  const dy = noise(8, 2);
  const got = await evaluateGradients(dy, (g, inputs) => {
    const x = inputs.tensor("x", [2, 1, 1, 4], xs);
    return { y: reshape(g, { x, shape: [2, 4] }), wrt: { dx: x } };
  });
  expect(got).toEqual({ y: xs, dx: dy });
  expect(() => slicePlan([2, 3], 1, 2, 2)).toThrow(/no 2\.\.4 along axis 1/);
  expect(() => concatPlan([2, 3], [3, 4], 1)).toThrow(/differ beside axis 1/);
});
