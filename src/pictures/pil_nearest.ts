// PIL's Image.resize(NEAREST), with which the published code resizes labels and instances. It differs from torch's nearest
// (which takes the top-left sample) and, at a few indices, from floor((i + 1/2) in / out): PIL adds up the step.

/**
 * Source index of each output index: trunc of an accumulator that starts at half a step and grows by in / out, in
 * float64, like Pillow's ImagingScaleAffine. Sizes are at least 1.
 */
export function pilNearestIndices(inSize: number, outSize: number): Uint32Array {
  const step = inSize / outSize;
  const indices = new Uint32Array(outSize);
  let at = step * 0.5;
  for (let i = 0; i < outSize; i++, at += step) indices[i] = at; // storing truncates
  return indices;
}

/** Resizes a map to outWidth x outHeight with PIL's nearest. Keeps the array type; returns a copy even if the size is the same. */
export function pilNearestResize<T extends Uint8Array | Uint8ClampedArray | Uint16Array | Int32Array>(
  map: { data: T; width: number; height: number },
  outWidth: number,
  outHeight: number,
): { data: T; width: number; height: number } {
  const columns = pilNearestIndices(map.width, outWidth);
  const rows = pilNearestIndices(map.height, outHeight);
  const data = new (map.data.constructor as new (length: number) => T)(outWidth * outHeight);
  let to = 0;
  for (const row of rows) for (const column of columns) data[to++] = map.data[row * map.width + column];
  return { data, width: outWidth, height: outHeight };
}
