// Float64 reflection padding, and its gradient.

/** The index that index i of the padded axis mirrors. */
export function mirrored(i: number, size: number, pad: number): number {
  const at = i - pad;
  if (at < 0) return -at;
  return at < size ? at : 2 * (size - 1) - at;
}

export function reflectPadReference(
  x: ArrayLike<number>,
  [n, h, w, c]: readonly number[],
  pad: number,
  dy?: ArrayLike<number>,
): { y: Float64Array; dx: Float64Array } {
  const [oh, ow] = [h + 2 * pad, w + 2 * pad];
  const y = new Float64Array(n * oh * ow * c);
  const dx = new Float64Array(n * h * w * c);
  for (let b = 0, o = 0; b < n; b++)
    for (let oy = 0; oy < oh; oy++)
      for (let ox = 0; ox < ow; ox++)
        for (let ch = 0; ch < c; ch++, o++) {
          const at = ((b * h + mirrored(oy, h, pad)) * w + mirrored(ox, w, pad)) * c + ch;
          y[o] = x[at];
          if (dy) dx[at] += dy[o];
        }
  return { y, dx };
}
