// kernels/shape/activation.ts: leaky ReLU (slope 0.2), ReLU, ReLU6 or tanh as an op of its own, where no convolution can apply it
//
//   leaky: y = x > 0 ? x : 0.2 x         dx = y > 0 ? dy : 0.2 dy     (y has x's sign)
//   relu:  y = max(x, 0)                 dx = y > 0 ? dy : 0
//   relu6: y = min(max(x, 0), 6)         dx = 0 < y < 6 ? dy : 0
//   tanh:  y = tanh(clamp(x, -15, 15))   dx = (1 - y*y) dy            (beyond 15 tanh is 1 in f32; SwiftShader returns NaN from 89 on)
//
// The result is not kept for the backward pass. Ops that read it there compute it again, and dx is computed from x.
// traffic: forward 1 read and 1 write an element, backward 2 reads and 1 write. lavapipe, 256x256x64: leaky 4.7 to 7.7 ms (up to
// 7 GB/s), tanh 11.6.

import activationText from "../../shaders/shape/activation.wgsl";
import backwardText from "../../shaders/shape/activation_backward.wgsl";
import { defineOp, product, read, storedElements, write, type Graph, type Tensor } from "../../src/runtime/index.ts";
import { ACTIVATION, SLOPE, type Activation } from "../parts/activation_wgsl.ts";
import { extentParts, stripPixels, type Extent } from "../parts/extent.ts";
import { strided } from "../parts/grid.ts";

export interface ActivationArgs {
  x: Tensor;
  kind: Exclude<Activation, "none">;
  /** The strips of the result to compute, of stripPixels and one picture x [1,H,W,C]. For painting: without gradients. */
  extent?: Extent;
}

export const activation = defineOp<ActivationArgs, Tensor>({
  name: "activation",
  forward(g: Graph, { x, kind, extent }) {
    const result = g.temp("y", x.shape, x.dtype);
    const n4 = storedElements(x.shape, x.dtype) / 4;
    const parts = extentParts(extent);
    const [, , w] = x.shape;
    const groups = strided(g.target, n4);
    const sizes: Record<string, number> = extent
      ? { W: w, C4: x.pitch / 4, LEN: stripPixels(g.target), END: extent.list.shape[0] - 1 }
      : { N4: n4 };
    g.dispatch({
      shader: { name: "activation", text: `${activationText}\n${parts.text}` },
      constants: { act: ACTIVATION[kind], ...parts.constants },
      sizes,
      bindings: { x: read(x), ...parts.bindings, result: write(result) },
      groups,
      flops: product(x.shape),
    });
    return result;
  },
  recompute: true,
  backward: (g, { x, kind }, _, dy) => ({ x: activationGradient(g, { x: g.again(x), dy, kind }) }),
});

/** dy * act', computed from the activation's argument x or from its result y; of dy's shape and type. */
export function activationGradient(
  g: Graph,
  { x, y, dy, kind }: { x?: Tensor; y?: Tensor; dy: Tensor; kind: Activation },
): Tensor {
  const source = (x ?? y)!;
  const dx = g.temp("dx", dy.shape, dy.dtype);
  const n4 = storedElements(dy.shape, dy.dtype) / 4;
  g.dispatch({
    shader: { name: "activation_backward", text: backwardText },
    constants: { act: x ? ACTIVATION[kind] : "v", slope: SLOPE[kind] },
    sizes: { N4: n4 },
    bindings: { source: read(source), dy: read(dy), dx: write(dx) },
    groups: strided(g.target, n4),
    flops: 2 * product(dy.shape),
  });
  return dx;
}
