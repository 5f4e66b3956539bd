// Pickles and legacy checkpoints by hand, for what torch would not write: old functions, hostile names, false sizes.

const latin1 = (text: string): number[] => Array.from(text, (c) => c.charCodeAt(0));

/** Pieces of a pickle: opcodes and their operands as bytes. */
export const P = {
  proto: [0x80, 2],
  mark: latin1("("),
  tuple: latin1("t"),
  reduce: latin1("R"),
  persistent: latin1("Q"),
  setItems: latin1("u"),
  stop: latin1("."),
  none: latin1("N"),
  dict: latin1("}"),
  list: latin1("]"),
  appends: latin1("e"),
  global: (module: string, name: string): number[] => latin1(`c${module}\n${name}\n`),
  text: (value: string): number[] => [0x58, ...u32(value.length), ...latin1(value)],
  int: (value: number): number[] => [0x8a, 8, ...i64(value)],
  ints: (values: number[]): number[] => [...P.mark, ...values.flatMap(P.int), ...P.tuple],
  /** BINPUT and BINGET. */
  put: (key: number): number[] => [0x71, key],
  get: (key: number): number[] => [0x68, key],
};

export function u32(value: number): number[] {
  return [...new Uint8Array(Uint32Array.of(value).buffer)];
}

export function i64(value: number): number[] {
  return [...new Uint8Array(BigInt64Array.of(BigInt(value)).buffer)];
}

/** A persistent id of a storage: type is "torch FloatStorage", or "torch.cuda FloatStorage". */
export function storage(type: string, key: string, location: string, count: number): number[] {
  const [module, name] = type.split(" ");
  return [
    ...P.mark,
    ...P.text("storage"),
    ...P.global(module, name),
    ...P.text(key),
    ...P.text(location),
    ...P.int(count),
    ...P.none,
    ...P.tuple,
    ...P.persistent,
  ];
}

/** torch._utils._rebuild_tensor(storage, offset, shape, strides), as torch 0.2 wrote it. */
export function rebuildTensor(stored: number[], offset: number, shape: number[], strides: number[]): number[] {
  return [
    ...P.global("torch._utils", "_rebuild_tensor"),
    ...P.mark,
    ...stored,
    ...P.int(offset),
    ...P.ints(shape),
    ...P.ints(strides),
    ...P.tuple,
    ...P.reduce,
  ];
}

/** A dictionary with one entry. */
export function dictOf(key: string, value: number[]): number[] {
  return [...P.dict, ...P.mark, ...P.text(key), ...value, ...P.setItems];
}

/** A legacy checkpoint: `object` is the body of its pickle; each storage its key, claimed count and bytes. */
export function legacyFile(
  object: number[],
  storages: { key: string; count: number; bytes: Uint8Array }[] = [],
): Uint8Array {
  const pickle = (body: number[]): number[] => [...P.proto, ...body, ...P.stop];
  const magic = [0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
  const keys = [...P.list, ...P.mark, ...storages.flatMap((s) => P.text(s.key)), ...P.appends];
  const head = [magic, P.int(1001), P.dict, object, keys].flatMap(pickle);
  return Uint8Array.from([...head, ...storages.flatMap((s) => [...i64(s.count), ...s.bytes])]);
}
