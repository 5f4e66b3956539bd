// Ids for tuples of int32: equal tuples have equal ids; new tuples are numbered 0, 1, 2 ... in order of appearance.
//
// Open addressing with linear probing over typed arrays. A slot holds base + id; tuples are compared in full, so the hash
// only affects the speed, never the result. Emptying the table moves `base` past every value in the slots, so that all slots
// read as free without clearing. The table starts with few slots (small levels stay in the first-level cache) and grows
// fourfold whenever half of them are in use.

import { room } from "./room.ts";

const FIRST_SLOTS = 1024;
const LAST_BASE = 2 ** 30;

export class TupleTable {
  /** Number of distinct tuples so far. */
  count = 0;
  /** [count, arity], valid until the next reset or new tuple. */
  keys: Int32Array = new Int32Array(16);
  private arity = 1;
  private slots: Int32Array = new Int32Array(FIRST_SLOTS);
  private mask = FIRST_SLOTS - 1;
  private base = 1;

  /** Empties the table, for tuples of `arity` values. `wide`: keeps the slots of a table that will grow as large again. */
  reset(arity: number, wide = false): void {
    this.rebase();
    this.arity = arity;
    this.count = 0;
    if (!wide) this.mask = FIRST_SLOTS - 1;
  }

  /** The id of the tuple source[at], source[at + stride], ...; a new tuple gets the next id. */
  idOf(source: Int32Array, at: number, stride: number): number {
    const { arity, keys, slots, mask, base } = this;
    if (arity === 3) return this.idOfTriple(source, at, stride);
    let hash = 0;
    for (let j = 0, i = at; j < arity; j++, i += stride) hash = Math.imul(hash ^ source[i], 0x9e3779b1);
    let slot = (hash ^ (hash >>> 15)) & mask;
    probe: for (;;) {
      const id = slots[slot] - base;
      if (id < 0) break;
      slot = (slot + 1) & mask;
      for (let j = 0, i = at, key = id * arity; j < arity; j++, i += stride, key++) {
        if (keys[key] !== source[i]) continue probe;
      }
      return id;
    }
    slots[slot] = base + this.count;
    return this.add(source, at, stride);
  }

  /** idOf unrolled for arity 3: nearly all published norms have k = 3. */
  private idOfTriple(source: Int32Array, at: number, stride: number): number {
    const { keys, slots, mask, base } = this;
    const a = source[at];
    const b = source[at + stride];
    const c = source[at + 2 * stride];
    const hash = Math.imul(Math.imul(Math.imul(a, 0x9e3779b1) ^ b, 0x9e3779b1) ^ c, 0x9e3779b1);
    let slot = (hash ^ (hash >>> 15)) & mask;
    for (;;) {
      const id = slots[slot] - base;
      if (id < 0) break;
      const key = id * 3;
      if (keys[key] === a && keys[key + 1] === b && keys[key + 2] === c) return id;
      slot = (slot + 1) & mask;
    }
    slots[slot] = base + this.count;
    return this.add(source, at, stride);
  }

  private add(source: Int32Array, at: number, stride: number): number {
    const { arity } = this;
    const id = this.count++;
    this.keys = room(this.keys, this.count * arity, true);
    for (let j = 0; j < arity; j++) this.keys[id * arity + j] = source[at + j * stride];
    if (this.count * 2 > this.mask) this.grow();
    return id;
  }

  /** Makes every slot read as free. Call it while `count` still counts the values in the slots. */
  private rebase(): void {
    this.base += this.count;
    if (this.base > LAST_BASE) {
      this.slots.fill(0);
      this.base = 1;
    }
  }

  private grow(): void {
    const { arity, keys, count } = this;
    this.rebase();
    const slotCount = (this.mask + 1) * 4;
    this.slots = room(this.slots, slotCount, true);
    this.mask = slotCount - 1;
    const { slots, mask, base } = this;
    for (let id = 0; id < count; id++) {
      let hash = 0;
      for (let j = 0; j < arity; j++) hash = Math.imul(hash ^ keys[id * arity + j], 0x9e3779b1);
      let slot = (hash ^ (hash >>> 15)) & mask;
      while (slots[slot] >= base) slot = (slot + 1) & mask;
      slots[slot] = base + id;
    }
  }
}
