// The training losses in float64, each with its derivative, as the published formulas say.

export type Loss = { loss: number; grad: Float64Array };

/** scale * mean |a - b| and d/da. */
export function l1MeanReference(a: ArrayLike<number>, b: ArrayLike<number>, scale: number): Loss {
  let loss = 0;
  const grad = Float64Array.from(a, (v, i) => {
    loss += Math.abs(v - b[i]);
    return (scale * Math.sign(v - b[i])) / a.length;
  });
  return { loss: (scale * loss) / a.length, grad };
}

/** value and slope of one logit */
const log1pexp = (p: number): number => Math.max(p, 0) + Math.log1p(Math.exp(-Math.abs(p)));
const sigmoid = (p: number): number => 1 / (1 + Math.exp(-p));
export function ganLogit(mode: string, side: string, p: number): [value: number, slope: number] {
  const target = side === "D_fake" ? 0 : 1;
  const sign = target ? -1 : 1;
  if (mode === "ls") return [(p - target) ** 2, 2 * (p - target)];
  if (mode === "original") return [log1pexp(sign * p), sign * sigmoid(sign * p)];
  if (mode === "w" || side === "G") return [sign * p, sign];
  return [Math.max(1 + sign * p, 0), 1 + sign * p >= 0 ? sign : 0];
}

/** scale * mean and d/dp. */
export function ganLossReference(p: ArrayLike<number>, mode: string, side: string, scale: number): Loss {
  let loss = 0;
  const grad = Float64Array.from(p, (v) => {
    const [value, slope] = ganLogit(mode, side, v);
    loss += value;
    return (scale * slope) / p.length;
  });
  return { loss: (scale * loss) / p.length, grad };
}

export function kldReference(
  mu: ArrayLike<number>,
  logvar: ArrayLike<number>,
  scale: number,
): { loss: number; mu: Float64Array; logvar: Float64Array } {
  let loss = 0;
  for (let i = 0; i < mu.length; i++) loss += -0.5 * scale * (1 + logvar[i] - mu[i] ** 2 - Math.exp(logvar[i]));
  return {
    loss,
    mu: Float64Array.from(mu, (m) => scale * m),
    logvar: Float64Array.from(logvar, (l) => 0.5 * scale * (Math.exp(l) - 1)),
  };
}
