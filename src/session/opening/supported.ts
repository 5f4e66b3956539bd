// Whether there is an adapter that opens.

import type { AdapterInfo } from "../api.ts";
import { SpadeError, type Device } from "../../runtime/index.ts";

/** Opens a device and closes it again. */
export async function supported(
  open: (options: object) => Promise<Device>,
): Promise<{ ok: true; adapter: AdapterInfo } | { ok: false; error: SpadeError }> {
  try {
    const device = await open({});
    const adapter = { vendor: device.info.vendor, architecture: device.info.architecture, software: device.software };
    device.dispose();
    return { ok: true, adapter };
  } catch (error) {
    if (error instanceof SpadeError) return { ok: false, error };
    throw error;
  }
}
