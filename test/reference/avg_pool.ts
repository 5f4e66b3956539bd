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

export function avgPoolGradient(dy: ArrayLike<number>, [n, h, w, c]: readonly number[]): Float64Array {
  const dx = new Float64Array(n * h * w * c);
  const taps = (o: number, size: number): number[] => [2 * o - 1, 2 * o, 2 * o + 1].filter((i) => i >= 0 && i < size);
  let at = 0;
  for (let b = 0; b < n; b++)
    for (let oy = 0; 2 * oy < h; oy++)
      for (let ox = 0; 2 * ox < w; ox++)
        for (let ch = 0; ch < c; ch++, at++) {
          const [rows, columns] = [taps(oy, h), taps(ox, w)];
          for (const iy of rows)
            for (const ix of columns) dx[((b * h + iy) * w + ix) * c + ch] += dy[at] / (rows.length * columns.length);
        }
  return dx;
}
