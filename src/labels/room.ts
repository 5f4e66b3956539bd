// Working memory that grows and never shrinks: warm calls allocate nothing.

/** `array` if it holds `length` values, else a new one of the next power of two, with the old content only if `keep`. */
export function room(array: Int32Array | undefined, length: number, keep = false): Int32Array {
  if (array !== undefined && array.length >= length) return array;
  let size = 16;
  while (size < length) size *= 2;
  const larger = new Int32Array(size);
  if (keep && array !== undefined) larger.set(array);
  return larger;
}
