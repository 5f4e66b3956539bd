// Float64 average pooling 3x3, stride 2, padding 1, over the taps that lie in the picture.

export function avgPoolReference(x: ArrayLike<number>, [n, h, w, c]: readonly number[]): Float64Array {
  const out: number[] = [];
  for (let b = 0; b < n; b++)
    for (let oy = 0; 2 * oy < h; oy++)
      for (let ox = 0; 2 * ox < w; ox++)
        for (let ch = 0; ch < c; ch++) {
          let sum = 0;
          let taps = 0;
          for (let iy = 2 * oy - 1; iy <= 2 * oy + 1; iy++)
            for (let ix = 2 * ox - 1; ix <= 2 * ox + 1; ix++) {
              if (iy < 0 || iy >= h || ix < 0 || ix >= w) continue;
              sum += x[((b * h + iy) * w + ix) * c + ch];
              taps++;
            }
          out.push(sum / taps);
        }
  return Float64Array.from(out);
}
