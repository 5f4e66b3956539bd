// Tensors that are read from the device together: a read alone waits until the device and the event loop have come round to it, which for a
// small tensor takes a hundred times as long as its copy.

import { product } from "../../runtime/index.ts";

/** Bytes that are read at the same time: what staging buffers may take where no tensor alone is larger. */
const AT_ONCE = 1 << 24;

/** Dense, on the host. */
interface ReadTensor {
  readonly shape: readonly number[];
  data: Float32Array;
}

export class TensorReads {
  private reads: Promise<unknown>[] = [];
  private bytes = 0;

  /** Begins a read of float32 values. Its data is there when done() is. */
  async begin(shape: readonly number[], read: () => Promise<Float32Array>): Promise<Readonly<ReadTensor>> {
    if ((this.bytes += 4 * product(shape)) > AT_ONCE) {
      await this.done();
      this.bytes = 4 * product(shape);
    }
    const tensor: ReadTensor = { shape, data: new Float32Array() };
    this.reads.push(read().then((data) => (tensor.data = data)));
    return tensor;
  }

  async done(): Promise<void> {
    await Promise.all(this.reads);
    this.reads = [];
  }
}
