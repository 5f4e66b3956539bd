// Float64 convolution, NHWC, weights OIHW, zero padding: the plain sum.

export function conv2dReference(
  x: ArrayLike<number>,
  [n, h, w, c]: readonly number[],
  oihw: ArrayLike<number>,
  [o, , kh, kw]: readonly number[],
  { bias, sigma = 1, stride = 1, pad = 0 }: { bias?: ArrayLike<number>; sigma?: number; stride?: number; pad?: number } = {},
): { data: Float64Array; shape: number[] } {
  const oh = Math.floor((h + 2 * pad - kh) / stride) + 1;
  const ow = Math.floor((w + 2 * pad - kw) / stride) + 1;
  const data = new Float64Array(n * oh * ow * o);
  let at = 0;
  for (let b = 0; b < n; b++)
    for (let oy = 0; oy < oh; oy++)
      for (let ox = 0; ox < ow; ox++)
        for (let co = 0; co < o; co++) {
          let sum = 0;
          for (let ky = 0; ky < kh; ky++) {
            const iy = oy * stride + ky - pad;
            if (iy < 0 || iy >= h) continue;
            for (let kx = 0; kx < kw; kx++) {
              const ix = ox * stride + kx - pad;
              if (ix < 0 || ix >= w) continue;
              for (let ci = 0; ci < c; ci++) sum += x[((b * h + iy) * w + ix) * c + ci] * oihw[((co * c + ci) * kh + ky) * kw + kx];
            }
          }
          data[at++] = sum / sigma + (bias ? bias[co] : 0);
        }
  return { data, shape: [n, oh, ow, o] };
}
