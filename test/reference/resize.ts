// torch.nn.functional.interpolate in float64, but for the sources of nearest, which torch computes in float32.

const nearest = (i: number, size: number, to: number): number =>
  Math.min(Math.floor(Math.fround(i * Math.fround(size / to))), size - 1);

/** The two sources of a destination, and the second one's weight. */
const linear = (i: number, size: number, to: number, corners: boolean): [number, number, number] => {
  const s = corners ? (to > 1 ? (i * (size - 1)) / (to - 1) : 0) : Math.max(0, ((i + 0.5) * size) / to - 0.5);
  const a = Math.min(Math.floor(s), size - 1);
  return [a, Math.min(a + 1, size - 1), s - a];
};

export function resizeReference(
  x: ArrayLike<number>,
  [n, h, w, c]: readonly number[],
  oh: number,
  ow: number,
  mode: "nearest" | "bilinear",
  corners = false,
): Float64Array {
  const out = new Float64Array(n * oh * ow * c);
  let o = 0;
  for (let b = 0; b < n; b++)
    for (let oy = 0; oy < oh; oy++)
      for (let ox = 0; ox < ow; ox++)
        for (let ch = 0; ch < c; ch++) {
          const at = (y: number, xx: number): number => x[((b * h + y) * w + xx) * c + ch];
          if (mode === "nearest") {
            out[o++] = at(nearest(oy, h, oh), nearest(ox, w, ow));
            continue;
          }
          const [y0, y1, ty] = linear(oy, h, oh, corners);
          const [x0, x1, tx] = linear(ox, w, ow, corners);
          out[o++] =
            (1 - ty) * ((1 - tx) * at(y0, x0) + tx * at(y0, x1)) + ty * ((1 - tx) * at(y1, x0) + tx * at(y1, x1));
        }
  return out;
}

export function resizeGradient(
  dy: ArrayLike<number>,
  [n, h, w, c]: readonly number[],
  oh: number,
  ow: number,
  mode: "nearest" | "bilinear",
  corners = false,
): Float64Array {
  const dx = new Float64Array(n * h * w * c);
  const sources = (i: number, size: number, to: number): [number, number][] => {
    if (mode === "nearest") return [[nearest(i, size, to), 1]];
    const [a, b, t] = linear(i, size, to, corners);
    return [
      [a, 1 - t],
      [b, t],
    ];
  };
  let o = 0;
  for (let b = 0; b < n; b++)
    for (let oy = 0; oy < oh; oy++)
      for (let ox = 0; ox < ow; ox++)
        for (let ch = 0; ch < c; ch++, o++)
          for (const [y, wy] of sources(oy, h, oh))
            for (const [x, wx] of sources(ox, w, ow)) dx[((b * h + y) * w + x) * c + ch] += wy * wx * dy[o];
  return dx;
}
