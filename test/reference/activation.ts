// Float64 activations.

export type ActivationKind = "leaky" | "relu" | "relu6" | "tanh";

export const activationReference: Record<ActivationKind, (x: number) => number> = {
  leaky: (x) => (x > 0 ? x : 0.2 * x),
  relu: (x) => Math.max(0, x),
  relu6: (x) => Math.min(Math.max(0, x), 6),
  tanh: Math.tanh,
};

/** Derivatives by the argument; at 0 that of the left, at 6 that of the right, as in torch. */
export const activationSlope: Record<ActivationKind, (x: number) => number> = {
  leaky: (x) => (x > 0 ? 1 : 0.2),
  relu: (x) => (x > 0 ? 1 : 0),
  relu6: (x) => (x > 0 && x < 6 ? 1 : 0),
  tanh: (x) => 1 - Math.tanh(x) ** 2,
};
