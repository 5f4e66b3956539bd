// Kernels as small as they can be, for tests of what surrounds kernels.

import { read, write, type Binding, type Count, type Graph, type Tensor } from "../../src/runtime/index.ts";

const MAIN = "@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u)";
const vec4s = (t: Tensor): number => (t.bytes * (t.dtype === "f16" ? 2 : 1)) / 16;

/** Records y = f(bindings) over vec4s, where `body` is WGSL that sees `i`. */
export function elementwise(
  g: Graph,
  name: string,
  body: string,
  bindings: Record<string, Binding>,
  over: Tensor,
): void {
  const n = vec4s(over);
  g.dispatch({
    shader: { name, text: `${MAIN} {\n  let i = id.x;\n  if (i < $N4) { ${body} }\n}` },
    sizes: { N4: n },
    bindings,
    groups: [Math.ceil(n / 64)],
    flops: n * 4,
  });
}

/** y = a + b + 1 */
export function plus(g: Graph, a: Tensor, b: Tensor, name = "sum"): Tensor {
  const y = g.temp(name, a.shape, a.dtype);
  const bindings = { a: read(a), b: read(b), y: write(y) };
  elementwise(g, "plus", "y[i] = y_t(vec4f(a[i]) + vec4f(b[i]) + 1.0);", bindings, y);
  return y;
}

/** y = x * factor, the factor in the text (a pipeline each) */
export function times(g: Graph, x: Tensor, factor: number, name = "product"): Tensor {
  const y = g.temp(name, x.shape, x.dtype);
  elementwise(g, "times", `y[i] = y_t(vec4f(x[i]) * ${factor.toFixed(3)});`, { x: read(x), y: write(y) }, y);
  return y;
}

/** x += 1, in place */
export function increment(g: Graph, x: Tensor): void {
  elementwise(g, "increment", "x[i] = x_t(vec4f(x[i]) + 1.0);", { x: write(x) }, x);
}

/** y = x * 10 on the first `count` rows of [rows, 4]; the others stay as they are. */
export function rowsTimesTen(g: Graph, x: Tensor, y: Tensor, count: Count): void {
  g.dispatch({
    shader: {
      name: "rows",
      text: "@compute @workgroup_size(1) fn main(@builtin(workgroup_id) id: vec3u) { y[id.x] = x[id.x] * 10.0; }",
    },
    bindings: { x: read(x), y: write(y) },
    groups: [{ count, per: 1 }],
    flops: count.capacity * 4,
  });
}
