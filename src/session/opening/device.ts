// The device of a net: one of its own, or the page's.

import type { SpadeOptions } from "../api.ts";
import type { BareHost } from "../host.ts";
import { Device } from "../../runtime/index.ts";

/** Opens the device in two steps: `found` resolves when there is an adapter, before anything is downloaded. */
export function openDevice(
  host: BareHost,
  { device, powerPreference }: Pick<SpadeOptions, "device" | "powerPreference">,
): { found: Promise<unknown>; opening: Promise<Device> } {
  if (device) {
    const opening = Promise.resolve(borrowed(device, host));
    return { found: opening, opening };
  }
  let onAdapter!: () => void;
  const adapter = new Promise<void>((resolve) => (onAdapter = resolve));
  const opening = host.openDevice({ powerPreference, onAdapter });
  opening.catch(() => undefined);
  return { found: Promise.race([adapter, opening]), opening };
}

function borrowed(gpu: GPUDevice, { sizesAs, rest }: BareHost): Device {
  const info =
    (gpu as { adapterInfo?: GPUAdapterInfo }).adapterInfo ??
    ({ vendor: "", architecture: "", device: "", description: "borrowed device" } as GPUAdapterInfo);
  return new Device(gpu, info, false, { sizesAs, rest });
}
