/** A .npy of version 1.0, as numpy.save writes it. @param header in place of the one that fits */
export function npyFile(shape: readonly number[], data: Float32Array | Float64Array, header?: string): Buffer {
  const type = data instanceof Float32Array ? "<f4" : "<f8";
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = header ?? `{'descr': '${type}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const length = Buffer.alloc(2);
  const line = Buffer.from(`${text.padEnd(117)}\n`, "latin1");
  length.writeUInt16LE(line.length);
  return Buffer.concat([Buffer.from("\x93NUMPY\x01\x00", "latin1"), length, line, Buffer.from(data.buffer)]);
}
