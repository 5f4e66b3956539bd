// Float64 mean of each image and channel over all pixels.

export function globalAverageReference(x: ArrayLike<number>, [n, h, w, c]: readonly number[]): Float64Array {
  const out = new Float64Array(n * c);
  for (let i = 0; i < x.length; i++) out[Math.floor(i / (h * w * c)) * c + (i % c)] += x[i];
  return out.map((sum) => sum / (h * w));
}

export const globalAverageGradient = (dy: ArrayLike<number>, [n, h, w, c]: readonly number[]): Float64Array =>
  Float64Array.from({ length: n * h * w * c }, (_, i) => dy[Math.floor(i / (h * w * c)) * c + (i % c)] / (h * w));
