// Between the backward pass and Adam: the gradients of a step as peers exchange them. They lie in few kept buffers, filled in the order in
// which the backward pass makes them, so that the first buffer can leave while the rest is computed.

import { aligned, type Graph, type Tensor } from "../../runtime/index.ts";

/** Bytes of a buffer, unless one gradient is larger: as in PyTorch's DistributedDataParallel (bucket_cap_mb = 25). */
const BUCKET = 25 * 2 ** 20;

/** Records the cuts at which peers average the gradients; nothing without peers. */
export function exchangeGradients(g: Graph, gradients: Iterable<Tensor>): void {
  const most = Math.min(BUCKET, g.target.limits.maxStorageBufferBindingSize);
  const buckets: Tensor[][] = [];
  let bytes = Infinity;
  // Ids are numbered as tensors are made.
  for (const t of [...new Set(gradients)].sort((a, b) => a.id - b.id)) {
    const placed = aligned(t.bytes);
    if (bytes + placed > most) {
      buckets.push([]);
      bytes = 0;
    }
    buckets.at(-1)!.push(t);
    bytes += placed;
  }
  buckets.forEach((tensors, i) => g.exchange({ name: `gradients ${i}`, reduction: "mean", tensors }));
}
