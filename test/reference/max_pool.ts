// Float64 max pooling and its gradient: to the first largest value of a window.

export function maxPoolReference(
  x: ArrayLike<number>,
  [n, h, w, c]: readonly number[],
  { k, stride, oh, ow }: { k: number; stride: number; oh: number; ow: number },
  dy?: ArrayLike<number>,
): { y: Float64Array; dx: Float64Array } {
  const y = new Float64Array(n * oh * ow * c);
  const dx = new Float64Array(n * h * w * c);
  for (let b = 0; b < n; b++)
    for (let oy = 0; oy < oh; oy++)
      for (let ox = 0; ox < ow; ox++)
        for (let ch = 0; ch < c; ch++) {
          let best = -1;
          for (let iy = oy * stride; iy < Math.min(h, oy * stride + k); iy++)
            for (let ix = ox * stride; ix < Math.min(w, ox * stride + k); ix++) {
              const at = ((b * h + iy) * w + ix) * c + ch;
              if (best < 0 || x[at] > x[best]) best = at;
            }
          const o = ((b * oh + oy) * ow + ox) * c + ch;
          y[o] = x[best];
          if (dy) dx[best] += dy[o];
        }
  return { y, dx };
}
