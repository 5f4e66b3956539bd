// Float64 activations.

export const activationReference: Record<"leaky" | "relu" | "tanh", (x: number) => number> = {
  leaky: (x) => (x > 0 ? x : 0.2 * x),
  relu: (x) => Math.max(0, x),
  tanh: Math.tanh,
};

/** Derivatives by the argument; at 0 that of the left, as in torch. */
export const activationSlope: Record<"leaky" | "relu" | "tanh", (x: number) => number> = {
  leaky: (x) => (x > 0 ? 1 : 0.2),
  relu: (x) => (x > 0 ? 1 : 0),
  tanh: (x) => 1 - Math.tanh(x) ** 2,
};
