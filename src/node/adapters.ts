// Picks an adapter in Node, by kind or name.

import { isSoftware } from "../runtime/device.ts";
import { SpadeError } from "../runtime/errors.ts";

/** "hardware", "software", or part of an adapter's name; "auto" takes hardware first. */
export type AdapterWish = "auto" | "hardware" | "software" | (string & {});

/** @throws SpadeError no-adapter: none is there, or none as wished */
export async function pickAdapter(
  gpu: GPU,
  wish: AdapterWish,
  powerPreference: GPUPowerPreference,
): Promise<GPUAdapter> {
  const found: GPUAdapter[] = [];
  for (const forceFallbackAdapter of [false, true]) {
    const adapter = await gpu.requestAdapter({ powerPreference, forceFallbackAdapter });
    if (adapter) found.push(adapter);
    // Stop here: requesting a browser's fallback adapter may start one.
    if (adapter && (wish === "auto" || wish === "hardware") && !isSoftware(adapter.info)) return adapter;
  }
  const hardware = found.filter((a) => !isSoftware(a.info));
  const software = found.filter((a) => isSoftware(a.info));
  const names = found.map((a) => a.info.description || a.info.device || a.info.vendor).join(", ") || "none";
  const pick =
    wish === "auto"
      ? (hardware[0] ?? software[0])
      : wish === "hardware"
        ? hardware[0]
        : wish === "software"
          ? software[0]
          : found.find((a) =>
              `${a.info.vendor} ${a.info.device} ${a.info.description}`.toLowerCase().includes(wish.toLowerCase()),
            );
  if (pick) return pick;
  throw new SpadeError(
    "no-adapter",
    wish === "auto" ? "WebGPU" : `adapter "${wish}"`,
    `no such adapter (found: ${names})`,
    wish === "auto"
      ? "install a Vulkan driver, or mesa's lavapipe (24 or newer) for a software one"
      : "set SPADE_ADAPTER to software, hardware or part of a name that is there",
  );
}
