// Activations as WGSL text of the vec4f `v`, for the epilogues of several kernels.

export type Activation = "none" | "relu" | "leaky" | "tanh";

/** tanh is clamped: SwiftShader gives NaN from 89 on. */
export const ACTIVATION: Record<Activation, string> = {
  none: "v",
  relu: "max(v, vec4f(0.0))",
  leaky: "select(0.2 * v, v, v > vec4f(0.0))",
  tanh: "tanh(clamp(v, vec4f(-15.0), vec4f(15.0)))",
};

/** Derivatives as WGSL text of the result `v`: its sign is the argument's. */
export const SLOPE: Record<Activation, string> = {
  none: "vec4f(1.0)",
  relu: "select(vec4f(0.0), vec4f(1.0), v > vec4f(0.0))",
  leaky: "select(vec4f(0.2), vec4f(1.0), v > vec4f(0.0))",
  tanh: "(1.0 - v * v)",
};
