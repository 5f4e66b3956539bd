// Float64 x w + b; w is [K,M].

export function linearReference(
  x: ArrayLike<number>,
  w: ArrayLike<number>,
  bias: ArrayLike<number>,
  n: number,
  k: number,
  m: number,
): Float64Array {
  const out = new Float64Array(n * m);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < m; j++) {
      let sum = bias[j];
      for (let q = 0; q < k; q++) sum += x[i * k + q] * w[q * m + j];
      out[i * m + j] = sum;
    }
  return out;
}

export function linearGradients(
  x: ArrayLike<number>,
  w: ArrayLike<number>,
  dy: ArrayLike<number>,
  n: number,
  k: number,
  m: number,
): Record<"x" | "w" | "bias", Float64Array> {
  const grads = { x: new Float64Array(n * k), w: new Float64Array(k * m), bias: new Float64Array(m) };
  for (let i = 0; i < n; i++)
    for (let j = 0; j < m; j++) {
      grads.bias[j] += dy[i * m + j];
      for (let q = 0; q < k; q++) {
        grads.x[i * k + q] += dy[i * m + j] * w[q * m + j];
        grads.w[q * m + j] += dy[i * m + j] * x[i * k + q];
      }
    }
  return grads;
}
