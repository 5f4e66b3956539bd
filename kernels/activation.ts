// kernels/activation.ts: leaky ReLU (slope 0.2), ReLU or tanh by itself, where no conv can take it into its epilogue
//
//   leaky: y = x > 0 ? x : 0.2 x         dx = y > 0 ? dy : 0.2 dy     (y's sign is x's, so x need not be kept)
//   relu:  y = max(x, 0)                 dx = y > 0 ? dy : 0
//   tanh:  y = tanh(clamp(x, -15, 15))   dx = (1 - y*y) dy            (beyond 15 an f32 tanh is 1; SwiftShader gives NaN from 89 on)
// traffic: 1 read and 1 write an element forward, 2 reads and 1 write backward. lavapipe, 256x256x64: leaky
// 4.7 to 7.7 ms (up to 7 GB/s), tanh 11.6.

import activationText from "../shaders/activation.wgsl";
import { ceilDiv, defineOp, notYet, product, read, write, type Graph, type Tensor } from "../src/runtime/index.ts";
import { ACTIVATION, type Activation } from "./conv2d.ts";

export interface ActivationArgs {
  x: Tensor;
  kind: Exclude<Activation, "none">;
}

export const activation = defineOp<ActivationArgs, Tensor>({
  name: "activation",
  forward(g: Graph, { x, kind }) {
    const result = g.temp("y", x.shape, x.dtype);
    const n4 = (product(x.shape.slice(0, -1)) * x.pitch) / 4;
    g.dispatch({
      shader: { name: "activation", text: activationText },
      constants: { act: ACTIVATION[kind] },
      sizes: { N4: n4 },
      bindings: { x: read(x), result: write(result) },
      groups: [Math.min(32768, ceilDiv(n4, 64))],
      flops: product(x.shape),
    });
    return result;
  },
  backward: notYet,
});
