// Looks into a weights file without loading it.

import type { Source, WeightsInfo } from "../api.ts";
import { checkSource } from "../checks.ts";
import type { Host } from "../host.ts";
import { netInfo } from "./info.ts";

/** @internal inspect on a host. */
export async function inspectOn(
  host: Host,
  weights: Source,
  { signal }: { signal?: AbortSignal } = {},
): Promise<WeightsInfo> {
  checkSource("inspect", weights);
  signal?.throwIfAborted();
  const access =
    (await host.head(weights, signal)) ?? (await host.open(weights, { readers: host.format.readers, signal }));
  const checkpoint = await host.format.open(access);
  try {
    const net = host.format.describe(checkpoint, { weights: "weights" });
    const { metadata } = checkpoint;
    const halves = checkpoint.names().filter((name) => checkpoint.info(name).dtype === "F16").length;
    return {
      ...netInfo(net, metadata),
      config: { ...net.config },
      dtype: 2 * halves > checkpoint.names().length ? "f16" : "f32",
      bytes: access.size,
      notice: metadata.notice ?? metadata.licence ?? metadata.license ?? null,
    };
  } finally {
    await checkpoint.close();
  }
}
