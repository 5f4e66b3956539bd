// Activations and their derivatives as WGSL expressions of type vec4f in the variable `v`, a vec4f. Shaders put them into a function
// of their own: `fn activate(v: vec4f) -> vec4f { return {{act}}; }`.

export type Activation = "none" | "relu" | "relu6" | "leaky" | "tanh";

/** `v` is the argument. The leaky slope is 0.2. tanh's argument is clamped: SwiftShader returns NaN from 89 on. */
export const ACTIVATION: Record<Activation, string> = {
  none: "v",
  relu: "max(v, vec4f(0.0))",
  relu6: "clamp(v, vec4f(0.0), vec4f(6.0))",
  leaky: "select(0.2 * v, v, v > vec4f(0.0))",
  tanh: "tanh(clamp(v, vec4f(-15.0), vec4f(15.0)))",
};

/** The derivative, where `v` is the activation's result: relu and leaky keep the argument's sign, relu6 is flat at 0 and 6, and tanh' = 1 - tanh^2. */
export const SLOPE: Record<Activation, string> = {
  none: "vec4f(1.0)",
  relu: "select(vec4f(0.0), vec4f(1.0), v > vec4f(0.0))",
  relu6: "select(vec4f(0.0), vec4f(1.0), (v > vec4f(0.0)) & (v < vec4f(6.0)))",
  leaky: "select(vec4f(0.2), vec4f(1.0), v > vec4f(0.0))",
  tanh: "(1.0 - v * v)",
};
