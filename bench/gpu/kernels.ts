// Parts of bench:gpu: what the adapter reaches, and what every kernel does, in every variant.

import { openNodeDevice } from "../../src/node/dawn.ts";
import { timeKernels } from "../lib/kernels.ts";
import { median } from "../lib/measure.ts";
import { describeMatrix, probe, probeMatrices } from "../lib/roofline.ts";
import type { PartOptions, Row } from "./schedule.ts";

/** Rows with `peak`: the greatest of a kind is what shares are of. */
export async function* peaks(): AsyncGenerator<Row> {
  const device = await openNodeDevice();
  const { flops, bytes } = await probe(device);
  yield { what: "multiply-add in f32", flops, peak: "multiply-add" };
  yield { what: "copy", note: `${(bytes / 1e9).toFixed(0)} GB/s`, bytesPerSecond: bytes };
  for (const matrix of await probeMatrices(device))
    yield { what: `product of matrices, ${describeMatrix(matrix)}`, flops: matrix.flops, peak: "matrix", matrix };
}

export async function* kernels({ quick }: PartOptions): AsyncGenerator<Row> {
  const device = await openNodeDevice();
  for await (const { name, ms, flops, bytes, dtype } of timeKernels(device, { quick, runs: quick ? 3 : 7 })) {
    const t = median(ms);
    // A clock that stands still gives no rate.
    const rates = t > 0 ? { flops: (1e3 * flops) / t, note: `${(bytes / t / 1e6).toFixed(0)} GB/s` } : {};
    yield { what: name, ms: t, ...rates, dtype, runs: ms, bytes };
  }
}
