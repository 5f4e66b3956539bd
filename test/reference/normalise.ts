// Float64 normalisation with leaky ReLU, and its gradients.

interface Values {
  x: ArrayLike<number>;
  mean: ArrayLike<number>;
  rstd: ArrayLike<number>;
  weight?: ArrayLike<number>;
  bias?: ArrayLike<number>;
}

export function normaliseReference(
  a: Values,
  [n, h, w, c]: readonly number[],
  { groups, slope }: { groups: number; slope: number },
  dy?: ArrayLike<number>,
): Record<"y" | "x" | "mean" | "rstd" | "weight" | "bias", Float64Array> {
  const size = n * h * w * c;
  const y = new Float64Array(size);
  const grads = {
    x: new Float64Array(size),
    mean: new Float64Array(groups * c),
    rstd: new Float64Array(groups * c),
    weight: new Float64Array(c),
    bias: new Float64Array(c),
  };
  for (let i = 0; i < size; i++) {
    const ch = i % c;
    const g = (groups > 1 ? Math.floor(i / (h * w * c)) : 0) * c + ch;
    const scale = a.weight ? a.weight[ch] : 1;
    const distance = a.x[i] - a.mean[g];
    const o = distance * a.rstd[g] * scale + (a.bias ? a.bias[ch] : 0);
    y[i] = o > 0 ? o : slope * o;
    if (!dy) continue;
    const dz = dy[i] * (o > 0 ? 1 : slope);
    grads.x[i] = dz * scale * a.rstd[g];
    grads.mean[g] -= dz * scale * a.rstd[g];
    grads.rstd[g] += dz * scale * distance;
    grads.weight[ch] += dz * distance * a.rstd[g];
    grads.bias[ch] += dz;
  }
  return { y, ...grads };
}
