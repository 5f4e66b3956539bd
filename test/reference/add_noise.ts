// Float64 x + plane * v, with x read at the pixel's floor(Y/up), floor(X/up).

/** Index of x's first channel for every pixel of y. */
function sources([n, h, w, c]: readonly number[], up: number): number[] {
  const from: number[] = [];
  for (let b = 0; b < n; b++)
    for (let y = 0; y < h * up; y++)
      for (let x = 0; x < w * up; x++) from.push(((b * h + Math.floor(y / up)) * w + Math.floor(x / up)) * c);
  return from;
}

export function addNoiseReference(
  a: { x: ArrayLike<number>; plane: ArrayLike<number>; v: ArrayLike<number> },
  shape: readonly number[],
  up: number,
): Float64Array {
  const c = shape[3];
  return Float64Array.from(
    sources(shape, up).flatMap((from, p) => Array.from({ length: c }, (_, i) => a.x[from + i] + a.plane[p] * a.v[i])),
  );
}

/** Gradients of the sum of y * dy. */
export function addNoiseGradients(
  { plane, dy }: { plane: ArrayLike<number>; dy: ArrayLike<number> },
  shape: readonly number[],
  up: number,
): Record<"x" | "v", Float64Array> {
  const c = shape[3];
  const x = new Float64Array(shape.reduce((a, b) => a * b, 1));
  const v = new Float64Array(c);
  for (const [p, from] of sources(shape, up).entries())
    for (let i = 0; i < c; i++) {
      x[from + i] += dy[p * c + i];
      v[i] += plane[p] * dy[p * c + i];
    }
  return { x, v };
}
