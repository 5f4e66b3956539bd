// Reverse-mode differentiation of a graph's record: it is walked backwards once, and each op's backward records its own ops. Gradients of
// a tensor with several uses are added; gradients that no target needs are not recorded. They are part of the same graph, so one program
// runs forward and backward.

import { isTensor, notDifferentiable, type Graph, type OpRecord, type Tensor } from "../src/runtime/index.ts";
import { add } from "./shape/add.ts";

type AnyBackward = (
  g: Graph,
  args: unknown,
  result: unknown,
  grad: unknown,
  wanted: ReadonlySet<string>,
) => Record<string, Tensor | undefined>;

/** Tensors of an op's arguments or result, by name. */
function tensorsOf(value: unknown): [string, Tensor][] {
  if (isTensor(value)) return [["", value]];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).filter((e): e is [string, Tensor] => isTensor(e[1]));
}

/**
 * @param seeds gradients of some tensors of the graph (of a scalar loss: a tensor [1] holding 1)
 * @param wrt tensors whose gradients are wanted
 * @returns the gradient of each tensor of `wrt` that the seeds depend on
 */
export function gradients(g: Graph, seeds: ReadonlyMap<Tensor, Tensor>, wrt: Iterable<Tensor>): Map<Tensor, Tensor> {
  const targets = new Set(wrt);
  const records = [...g.records];
  // Tensors that depend on the targets: gradients are needed only for these.
  const needed = new Set<Tensor>(targets);
  for (const r of records) {
    if (r.op.backward === notDifferentiable) continue;
    if (tensorsOf(r.args).some(([, t]) => needed.has(t))) for (const [, t] of tensorsOf(r.result)) needed.add(t);
  }
  const grads = new Map<Tensor, Tensor>(seeds);
  const give = (t: Tensor, grad: Tensor): void => {
    const known = grads.get(t);
    grads.set(t, known ? add(g, { a: known, b: grad }) : grad);
  };
  g.unrecorded(() => {
    for (const r of records.reverse()) backward(g, r, needed, grads, give);
  });
  return new Map([...targets].flatMap((t): [Tensor, Tensor][] => (grads.has(t) ? [[t, grads.get(t)!]] : [])));
}

function backward(
  g: Graph,
  r: OpRecord,
  needed: ReadonlySet<Tensor>,
  grads: ReadonlyMap<Tensor, Tensor>,
  give: (t: Tensor, grad: Tensor) => void,
): void {
  const wanted = tensorsOf(r.args).filter(([, t]) => needed.has(t));
  const results = tensorsOf(r.result).filter(([, t]) => grads.has(t));
  if (!wanted.length || !results.length || r.op.backward === notDifferentiable) return;
  const grad = isTensor(r.result)
    ? grads.get(r.result)
    : Object.fromEntries(results.map(([name, t]) => [name, grads.get(t)]));
  const made = g.scope(`${r.op.name}.backward`, () =>
    (r.op.backward as unknown as AnyBackward)(g, r.args, r.result, grad, new Set(wanted.map(([name]) => name))),
  );
  for (const [name, t] of wanted) if (made[name]) give(t, made[name]);
}
