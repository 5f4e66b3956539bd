// Float64 activations.

export const activationReference: Record<"leaky" | "relu" | "tanh", (x: number) => number> = {
  leaky: (x) => (x > 0 ? x : 0.2 * x),
  relu: (x) => Math.max(0, x),
  tanh: Math.tanh,
};
