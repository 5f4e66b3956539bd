// Float64 references of the ops on regions: label_linear, region_pool and blend_rows.

type Numbers = ArrayLike<number>;

/** Rows of zeros, then relu(x_row * W_j + b_j), j the row's label; weights [labels][K,M]. */
export function labelLinearReference(
  x: Numbers,
  w: readonly Numbers[],
  b: readonly Numbers[],
  [k, m]: readonly number[],
): Float64Array {
  const rows = x.length / k;
  const y = new Float64Array((1 + rows) * m);
  for (let r = 0; r < rows; r++)
    for (let o = 0; o < m; o++) {
      let sum = b[r % w.length][o];
      for (let i = 0; i < k; i++) sum += x[r * k + i] * w[r % w.length][i * m + o];
      y[(1 + r) * m + o] = Math.max(0, sum);
    }
  return y;
}

/** Gradients of the sum of y * dy. */
export function labelLinearGradients(
  x: Numbers,
  w: readonly Numbers[],
  b: readonly Numbers[],
  [k, m]: readonly number[],
  dy: Numbers,
): { x: Float64Array; w: Float64Array[]; b: Float64Array[] } {
  const y = labelLinearReference(x, w, b, [k, m]);
  const out = {
    x: new Float64Array(x.length),
    w: w.map((v) => new Float64Array(v.length)),
    b: b.map((v) => new Float64Array(v.length)),
  };
  for (let r = 0; r < x.length / k; r++)
    for (let o = 0; o < m; o++) {
      const at = (1 + r) * m + o;
      if (y[at] <= 0) continue;
      const j = r % w.length;
      out.b[j][o] += dy[at];
      for (let i = 0; i < k; i++) {
        out.x[r * k + i] += dy[at] * w[j][i * m + o];
        out.w[j][i * m + o] += dy[at] * x[r * k + i];
      }
    }
  return out;
}

/** Means of rows of c numbers by region; `regions` names two regions for each row, below zero: none. */
export function regionPoolReference(x: Numbers, c: number, regions: Numbers, count: number): Float64Array {
  const y = new Float64Array(count * c);
  const pixels = new Float64Array(count);
  for (let i = 0; i < regions.length; i++) {
    if (regions[i] < 0) continue;
    pixels[regions[i]]++;
    for (let ch = 0; ch < c; ch++) y[regions[i] * c + ch] += x[Math.floor(i / 2) * c + ch];
  }
  return y.map((v, i) => v / Math.max(1, pixels[Math.floor(i / c)]));
}

/** Gradient of the sum of y * dy. */
export function regionPoolGradient(dy: Numbers, c: number, regions: Numbers, count: number): Float64Array {
  const dx = new Float64Array((regions.length / 2) * c);
  const pixels = new Float64Array(count);
  for (let i = 0; i < regions.length; i++) if (regions[i] >= 0) pixels[regions[i]]++;
  for (let i = 0; i < regions.length; i++) {
    if (regions[i] < 0) continue;
    for (let ch = 0; ch < c; ch++) dx[Math.floor(i / 2) * c + ch] += dy[regions[i] * c + ch] / pixels[regions[i]];
  }
  return dx;
}

const sigmoid = (v: number): number => 1 / (1 + Math.exp(-v));

/** s * a[rows[r,0]] + (1 - s) * b[rows[r,1]] */
export function blendRowsReference(a: Numbers, b: Numbers, c: number, logit: Numbers, rows: Numbers): Float64Array {
  const s = sigmoid(logit[0]);
  return Float64Array.from({ length: (rows.length / 2) * c }, (_, i) => {
    const r = 2 * Math.floor(i / c);
    return s * a[rows[r] * c + (i % c)] + (1 - s) * b[rows[r + 1] * c + (i % c)];
  });
}

/** Gradients of the sum of y * dy. */
export function blendRowsGradients(
  a: Numbers,
  b: Numbers,
  c: number,
  logit: Numbers,
  rows: Numbers,
  dy: Numbers,
): Record<"a" | "b" | "logit", Float64Array> {
  const s = sigmoid(logit[0]);
  const out = { a: new Float64Array(a.length), b: new Float64Array(b.length), logit: new Float64Array(1) };
  for (let i = 0; i < (rows.length / 2) * c; i++) {
    const r = 2 * Math.floor(i / c);
    const [from, other] = [rows[r] * c + (i % c), rows[r + 1] * c + (i % c)];
    out.a[from] += s * dy[i];
    out.b[other] += (1 - s) * dy[i];
    out.logit[0] += s * (1 - s) * dy[i] * (a[from] - b[other]);
  }
  return out;
}
