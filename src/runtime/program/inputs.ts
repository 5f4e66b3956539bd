// The inputs of a program: set by name and checked against their shapes. A run throws if any input was never set.

import type { Device } from "../device.ts";
import { SpadeError } from "../errors.ts";
import { encodeHost, type HostArray, describe, product, type Storage, type Tensor } from "../tensor.ts";

interface Input {
  readonly tensor: Tensor;
  readonly storage: Storage;
  /** May get fewer rows than declared. */
  readonly partial: boolean;
  given: boolean;
}

export class Inputs {
  private readonly all = new Map<string, Input>();

  constructor(
    private readonly program: string,
    private readonly device: Device,
  ) {}

  declare(name: string, tensor: Tensor, storage: Storage, partial: boolean): void {
    this.all.set(name, { tensor, storage, partial, given: false });
  }

  /** @throws SpadeError usage: no such input; shape: wrong number of values */
  set(name: string, data: HostArray): void {
    const input = this.all.get(name);
    if (!input)
      throw new SpadeError(
        "usage",
        `${this.program}.run`,
        `has no input "${name}"`,
        `give one of: ${[...this.all.keys()].join(", ") || "(it has none)"}`,
      );
    const { tensor, storage, partial } = input;
    const wanted = product(tensor.shape);
    const fits = partial
      ? data.length <= wanted && data.length % (wanted / tensor.shape[0]) === 0
      : data.length === wanted;
    if (!fits) {
      throw new SpadeError(
        "shape",
        `${this.program}.run, input ${describe(tensor)}`,
        `expects ${wanted} numbers and got ${data.length}`,
        "give a dense array in that shape",
      );
    }
    this.device.upload(storage, encodeHost(tensor, data));
    input.given = true;
  }

  /** @throws SpadeError usage: an input was never set */
  checkAllGiven(): void {
    for (const [name, { given }] of this.all) {
      if (given) continue;
      throw new SpadeError(
        "usage",
        this.program,
        `needs the input "${name}"`,
        "give it in run({ inputs }), once at least",
      );
    }
  }
}
