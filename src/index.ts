// spade-webgpu: SPADE (GauGAN) on WebGPU. This entry imports nothing of Node; node.ts has the same API with Dawn and files.

import type { AdapterInfo, Spade, SpadeOptions } from "./session/api.ts";
import { openDevice, SpadeError, type Device, type OpenOptions } from "./runtime/index.ts";
import { plainReader } from "./formats/plain_checkpoint.ts";
import { describeStored } from "./painting/describe_stored.ts";
import { createSpadeOn } from "./session/create.ts";
import type { Host } from "./session/host.ts";
import { openWeights } from "./web/open_weights.ts";

export * from "./session/api.ts";
export { SpadeError, type SpadeErrorCode } from "./runtime/errors.ts";
export { clearCache, isCached } from "./web/open_weights.ts";

function pageGpu(): GPU {
  const gpu = (globalThis.navigator as { gpu?: GPU } | undefined)?.gpu;
  if (gpu) return gpu;
  if (globalThis.isSecureContext === false) {
    throw new SpadeError(
      "insecure-context",
      "navigator.gpu",
      "WebGPU is hidden from pages that are not served securely",
      "serve the page over https, or from localhost",
    );
  }
  throw new SpadeError(
    "no-webgpu",
    "navigator.gpu",
    "this browser has no WebGPU",
    "use a current Chrome, Edge, Safari or Firefox",
  );
}

const sizesAs = "uniform";
const page: Host = {
  sizesAs,
  format: { readers: [plainReader], open: (access) => plainReader.open(access), describe: describeStored },
  openDevice: async (options: OpenOptions): Promise<Device> => openDevice(pageGpu(), { sizesAs, ...options }),
  open: openWeights,
};

/** Loads a generator and makes it ready to paint. Errors are SpadeErrors; an abort throws signal.reason. */
export function createSpade(options: SpadeOptions): Promise<Spade> {
  return createSpadeOn(page, options);
}

/** Whether this page can paint, and on which adapter. */
export async function isSupported(): Promise<{ ok: true; adapter: AdapterInfo } | { ok: false; error: SpadeError }> {
  return supported(page.openDevice);
}

/** @internal */
export async function supported(
  open: (options: OpenOptions) => Promise<Device>,
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
