// Adam's moments of a net's trained parameters: f32 buffers beside the parameters, in their layout, zero at first.

import { adam } from "../../../kernels/index.ts";
import { isTrained } from "../../models/weights/packing.ts";
import type { ParameterStore } from "../../models/weights/parameters.ts";
import {
  decodeHost,
  encodeHost,
  paperStorage,
  type Device,
  type Graph,
  type Storage,
  type Tensor,
} from "../../runtime/index.ts";

export class Moments {
  private readonly buffers = new Map<string, { m: Storage; v: Storage }>();

  /** @param device left out: nothing is allocated, for recording alone */
  constructor(
    private readonly device: Device | undefined,
    readonly parameters: ParameterStore,
    name: string,
  ) {
    for (const key of this.keys) {
      const bytes = parameters.storage(key).bytes;
      const [m, v] = ["m", "v"].map((moment) => {
        const storage = paperStorage(`${name}.${key} ${moment}`, bytes);
        return device ? device.place(storage) : storage;
      });
      this.buffers.set(key, { m, v });
    }
  }

  /** The trained keys, in the net's order. */
  get keys(): string[] {
    return this.parameters.keys().filter(isTrained);
  }

  /** Bytes on the device. */
  get bytes(): number {
    return [...this.buffers.values()].reduce((sum, { m, v }) => sum + m.bytes + v.bytes, 0);
  }

  /**
   * Records one Adam step on every parameter that has a gradient. When it runs, it changes nothing if `overflow` is not 0.
   * @param late f32 [keys, 4]: the factors of keys that count their own steps
   */
  record(
    g: Graph,
    grads: ReadonlyMap<Tensor, Tensor>,
    factors: Tensor,
    { beta1, beta2 }: { beta1: number; beta2: number },
    overflow?: Tensor,
    late?: { readonly keys: readonly string[]; readonly factors: Tensor },
  ): void {
    const rows = new Map(late?.keys.map((key, i) => [key, i]));
    for (const key of this.keys) {
      const read = this.parameters.tensor(g, key);
      const p = this.parameters.master(g, key);
      const grad = grads.get(read);
      if (!grad) continue;
      const { m, v } = this.buffers.get(key)!;
      g.scope(key, () =>
        adam(g, {
          p,
          m: g.external(`${key} m`, p.shape, "f32", m),
          v: g.external(`${key} v`, p.shape, "f32", v),
          grad,
          copied: p === read ? undefined : read,
          overflow,
          ...(rows.has(key) ? { factors: late!.factors, row: rows.get(key) } : { factors }),
          beta1,
          beta2,
        }),
      );
    }
  }

  /** One moment of a key, dense, in the key's published layout. */
  async read(key: string, which: "m" | "v"): Promise<Float32Array> {
    const { shape, unpack } = this.parameters.layout(key);
    const bytes = await this.device!.download(this.buffers.get(key)![which]);
    return unpack(decodeHost({ shape, dtype: "f32" }, bytes));
  }

  write(key: string, which: "m" | "v", values: Float32Array): void {
    const { shape, pack } = this.parameters.layout(key);
    this.device!.upload(this.buffers.get(key)![which], encodeHost({ shape, dtype: "f32" }, pack(values)));
  }

  dispose(): void {
    for (const { m, v } of this.buffers.values()) {
      this.device!.free(m);
      this.device!.free(v);
    }
  }
}
