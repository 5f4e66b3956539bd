// Reads Python pickles and can only build data. Globals are looked up in the caller's table and called only if the
// table allows it. BUILD, which sets attributes of an object, is skipped because no object here has attributes.
//
// Why not a library: pickleparser (the one on npm that accepts a custom name resolver) assigns BUILD's state to any
// object, moves back in the stream on a negative length (so a hostile file causes an endless loop), and loses longs of
// over 8 bytes, with which every legacy checkpoint begins. torch uses few opcodes, so our own reader is shorter than
// guards.

import { COST, type Budget } from "../budget.ts";

/**
 * tuple, list -> array; dict -> Map; set -> Set; int -> number, or bigint beyond 2^53; bytes -> Uint8Array; None ->
 * null.
 */
export type PickleValue = unknown;

/** A global that the table allows. Without `call` it is only a name, such as a dtype or a storage type. */
export class PickleGlobal {
  readonly name: string;
  readonly call?: (args: PickleValue[]) => PickleValue;

  constructor(name: string, call?: (args: PickleValue[]) => PickleValue) {
    this.name = name;
    this.call = call;
  }
}

/** Resolves globals and persistent ids of a pickle. Both methods throw on anything that is not allowed. */
export interface PickleResolver {
  /** Counts what the pickle makes. */
  readonly budget: Budget;
  global(module: string, name: string): PickleGlobal;
  persistent(id: PickleValue): PickleValue;
}

/** The bytes end before the pickle does; retry with more bytes. */
export class PickleTruncated extends Error {}
/** The bytes are not a pickle, or use a feature that we do not support. */
export class PickleInvalid extends Error {}

/**
 * Reads one pickle; `end` is the offset after its STOP. Throws PickleTruncated, PickleInvalid or the resolver's error.
 */
export function parsePickle(
  bytes: Uint8Array,
  start: number,
  resolver: PickleResolver,
): { value: PickleValue; end: number } {
  const machine = new Machine(bytes, start, resolver);
  return { value: machine.run(), end: machine.at };
}

/** Bytes of one text; names have tens. */
const MOST_TEXT = 1 << 24;

/** The Python pickle machine, for protocols 2 to 5. Opcode names follow Python's pickletools. */
class Machine {
  at: number;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly resolver: PickleResolver;
  private stack: PickleValue[] = [];
  private readonly outer: PickleValue[][] = [];
  private readonly memo = new Map<number, PickleValue>();
  private readonly decoder = new TextDecoder();

  constructor(bytes: Uint8Array, start: number, resolver: PickleResolver) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = start;
    this.resolver = resolver;
  }

  run(): PickleValue {
    for (;;) {
      const op = this.u8();
      if (op === 0x2e) return this.pop(); // STOP
      this.step(op);
    }
  }

  private step(op: number): void {
    switch (op) {
      case 0x80: // PROTO
        if (this.u8() > 5) throw new PickleInvalid("an unknown protocol");
        return;
      case 0x95: // FRAME: a hint for buffering
        return void this.take(8);

      case 0x28: // MARK
        this.spend(COST.mark);
        this.outer.push(this.stack);
        this.stack = [];
        return;
      case 0x30: // POP
        return void this.pop();
      case 0x31: // POP_MARK
        return void this.sinceMark();
      case 0x32: // DUP
        return this.push(this.top());

      case 0x71: // BINPUT
        return void this.memoize(this.u8(), this.top());
      case 0x72: // LONG_BINPUT
        return void this.memoize(this.u32(), this.top());
      case 0x94: // MEMOIZE
        return void this.memoize(this.memo.size, this.top());
      case 0x68: // BINGET
        return this.push(this.recall(this.u8()));
      case 0x6a: // LONG_BINGET
        return this.push(this.recall(this.u32()));

      case 0x4e: // NONE
        return this.push(null);
      case 0x88: // NEWTRUE
        return this.push(true);
      case 0x89: // NEWFALSE
        return this.push(false);
      case 0x4b: // BININT1
        return this.push(this.u8());
      case 0x4d: // BININT2
        return this.push(this.view.getUint16(this.skip(2), true));
      case 0x4a: // BININT
        return this.push(this.view.getInt32(this.skip(4), true));
      case 0x8a: // LONG1
        return this.push(long(this.take(this.u8())));
      case 0x8b: // LONG4
        return this.push(long(this.take(this.u32())));
      case 0x47: // BINFLOAT
        return this.push(this.view.getFloat64(this.skip(8), false));

      case 0x55: // SHORT_BINSTRING: Python 2's str, which torch reads as UTF-8
      case 0x8c: // SHORT_BINUNICODE
        return this.push(this.text(this.u8()));
      case 0x54: // BINSTRING
      case 0x58: // BINUNICODE
        return this.push(this.text(this.u32()));
      case 0x8d: // BINUNICODE8
        return this.push(this.text(this.u64()));
      case 0x43: // SHORT_BINBYTES
        return this.push(this.take(this.u8()));
      case 0x42: // BINBYTES
        return this.push(this.take(this.u32()));
      case 0x8e: // BINBYTES8
      case 0x96: // BYTEARRAY8
        return this.push(this.take(this.u64()));

      case 0x29: // EMPTY_TUPLE
        return this.push([]);
      case 0x5d: // EMPTY_LIST
        this.spend(COST.container);
        return this.push([]);
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        return this.push(this.counted(this.popSeveral(op - 0x84)));
      case 0x74: // TUPLE
      case 0x6c: // LIST
        return this.push(this.counted(this.sinceMark()));
      case 0x61: // APPEND
        return this.append([this.pop()]);
      case 0x65: // APPENDS
        return this.append(this.sinceMark());

      case 0x7d: // EMPTY_DICT
        this.spend(COST.container);
        return this.push(new Map());
      case 0x64: // DICT
        this.spend(COST.container);
        return this.push(this.setItems(new Map(), this.sinceMark()));
      case 0x73: {
        // SETITEM
        const item = this.popSeveral(2);
        return void this.setItems(this.top(), item);
      }
      case 0x75: {
        // SETITEMS
        const items = this.sinceMark();
        return void this.setItems(this.top(), items);
      }
      case 0x8f: // EMPTY_SET
        this.spend(COST.container);
        return this.push(new Set());
      case 0x91: // FROZENSET
        this.spend(COST.container + COST.entry * this.stack.length);
        return this.push(new Set(this.sinceMark()));
      case 0x90: {
        // ADDITEMS
        const items = this.sinceMark();
        const set = this.top();
        if (!(set instanceof Set)) throw new PickleInvalid("items for what is not a set");
        this.spend(COST.entry * items.length);
        return items.forEach((item) => set.add(item));
      }

      case 0x63: // GLOBAL
        return this.push(this.resolver.global(this.line(), this.line()));
      case 0x93: {
        // STACK_GLOBAL
        const [module, name] = this.popSeveral(2);
        if (typeof module !== "string" || typeof name !== "string") throw new PickleInvalid("a global without a name");
        return this.push(this.resolver.global(module, name));
      }
      case 0x51: // BINPERSID
        this.spend(COST.object);
        return this.push(this.resolver.persistent(this.pop()));
      case 0x52: // REDUCE
      case 0x81: {
        // NEWOBJ
        const [callee, args] = this.popSeveral(2);
        if (!(callee instanceof PickleGlobal) || !Array.isArray(args))
          throw new PickleInvalid("a call of what is not a global");
        if (!callee.call) throw new PickleInvalid(`a call of ${callee.name}`);
        this.spend(COST.container);
        return this.push(callee.call(args));
      }
      case 0x62: // BUILD
        return void this.pop();
      default:
        throw new PickleInvalid(`an unexpected opcode 0x${op.toString(16)} at byte ${this.at - 1}`);
    }
  }

  private skip(count: number): number {
    const from = this.at;
    if (count > this.bytes.length - from) throw new PickleTruncated();
    this.at += count;
    return from;
  }

  private take(count: number): Uint8Array {
    const from = this.skip(count);
    return this.bytes.subarray(from, from + count);
  }

  private u8(): number {
    return this.bytes[this.skip(1)];
  }

  private u32(): number {
    return this.view.getUint32(this.skip(4), true);
  }

  private u64(): number {
    return Number(this.view.getBigUint64(this.skip(8), true));
  }

  private spend(bytes: number): void {
    this.resolver.budget.spend(bytes);
  }

  private memoize(key: number, value: PickleValue): void {
    this.spend(COST.entry);
    this.memo.set(key, value);
  }

  private counted(items: PickleValue[]): PickleValue[] {
    this.spend(8 * items.length);
    return items;
  }

  private text(count: number): string {
    const from = this.skip(count);
    if (count > MOST_TEXT) throw new PickleInvalid(`a text of ${count} bytes`);
    this.spend(COST.character * count);
    return this.decoder.decode(this.bytes.subarray(from, from + count));
  }

  private line(): string {
    const end = this.bytes.indexOf(0x0a, this.at);
    if (end < 0) throw new PickleTruncated();
    const text = this.text(end - this.at);
    this.at = end + 1;
    return text;
  }

  private top(): PickleValue {
    if (this.stack.length === 0) throw new PickleInvalid("an empty stack");
    return this.stack[this.stack.length - 1];
  }

  private pop(): PickleValue {
    if (this.stack.length === 0) throw new PickleInvalid("an empty stack");
    return this.stack.pop();
  }

  private popSeveral(count: number): PickleValue[] {
    if (this.stack.length < count) throw new PickleInvalid("an empty stack");
    return this.stack.splice(this.stack.length - count);
  }

  private sinceMark(): PickleValue[] {
    const items = this.stack;
    const outer = this.outer.pop();
    if (!outer) throw new PickleInvalid("a mark is missing");
    this.spend(-COST.mark);
    this.stack = outer;
    return items;
  }

  private push(value: PickleValue): void {
    this.spend(COST.object);
    this.stack.push(value);
  }

  private append(items: PickleValue[]): void {
    const list = this.top();
    if (!Array.isArray(list)) throw new PickleInvalid("items for what is not a list");
    this.spend(16 * items.length);
    for (const item of items) list.push(item);
  }

  private recall(key: number): PickleValue {
    if (!this.memo.has(key)) throw new PickleInvalid(`a memo ${key} that was never set`);
    return this.memo.get(key);
  }

  private setItems(dict: PickleValue, items: PickleValue[]): PickleValue {
    if (!(dict instanceof Map) || items.length % 2 !== 0) throw new PickleInvalid("items for what is not a dictionary");
    this.spend((COST.entry / 2) * items.length);
    for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1]);
    return dict;
  }
}

/** Decodes a little-endian two's complement integer of up to 255 bytes. */
function long(bytes: Uint8Array): number | bigint {
  // Python writes integers of any length, torch at most 80 bits.
  if (bytes.length > 255) throw new PickleInvalid("an integer of over 255 bytes");
  let digits = "0x0";
  for (let i = bytes.length - 1; i >= 0; i--) digits += bytes[i].toString(16).padStart(2, "0");
  let value = BigInt(digits);
  if (bytes.length > 0 && bytes[bytes.length - 1] & 0x80) value -= 1n << BigInt(8 * bytes.length);
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}
