// The page's GPU, and why there is none: reasons that a visitor understands, each with its own code.

import { deviceOf, type Device, type OpenOptions } from "../runtime/device.ts";
import { SpadeError } from "../runtime/errors.ts";
import { pause } from "../runtime/yield.ts";

export const SOFTWARE_FIX = "switch on graphics acceleration in the browser's settings";

const AGAIN = 3;
const AGAIN_MS = 400;

/** This page had an adapter before. */
let hadAdapter = false;

/** @throws SpadeError insecure-context, no-webgpu, no-adapter, webgpu-blocked, unsupported */
export async function openPageDevice({
  powerPreference = "high-performance",
  ...options
}: OpenOptions & { powerPreference?: GPUPowerPreference } = {}): Promise<Device> {
  const { gpu } = (globalThis.navigator ?? {}) as { gpu?: GPU };
  if (!gpu) throw globalThis.isSecureContext === false ? insecure() : noWebGpu();
  const ask = async (): Promise<GPUAdapter | null> =>
    (await gpu.requestAdapter({ powerPreference })) ??
    gpu.requestAdapter({ powerPreference, forceFallbackAdapter: true });
  let adapter = await ask();
  // Soon after a crash of its GPU process a browser may have none yet.
  for (let i = 0; !adapter && hadAdapter && i < AGAIN; i++) {
    await pause(AGAIN_MS);
    adapter = await ask();
  }
  if (!adapter) throw hadAdapter ? blocked() : noAdapter();
  hadAdapter = true;
  try {
    return await deviceOf(adapter, options);
  } catch (cause) {
    const problem = `the browser gives no device (${(cause as Error).message})`;
    throw new SpadeError("no-adapter", "WebGPU", problem, "reload the page, or update the browser", cause);
  }
}

const insecure = (): SpadeError =>
  new SpadeError(
    "insecure-context",
    "WebGPU",
    "is hidden from pages that are not served securely",
    "open the page over https, or from localhost",
  );

const noWebGpu = (): SpadeError =>
  new SpadeError(
    "no-webgpu",
    "WebGPU",
    "this browser does not have it",
    "use Chrome or Edge 113 or newer (Android: 121), Safari 26, or Firefox 141 on Windows and 145 on a Mac",
  );

const noAdapter = (): SpadeError =>
  new SpadeError(
    "no-adapter",
    "WebGPU",
    "is switched off here, or this graphics card is not supported",
    `switch on graphics acceleration (${switchOf(globalThis.navigator?.userAgent ?? "")}), and restart the browser`,
  );

const blocked = (): SpadeError =>
  new SpadeError(
    "webgpu-blocked",
    "WebGPU",
    "the browser has switched it off for this page after its GPU process crashed",
    "reload the page",
  );

/** Where graphics acceleration is switched on. */
function switchOf(agent: string): string {
  if (/Firefox/.test(agent)) return "about:config, dom.webgpu.enabled";
  if (/Edg\//.test(agent)) return "Settings, System and performance";
  if (!/Chrome/.test(agent)) return "in the browser's settings";
  return `Settings, System${/Linux/.test(agent) ? "; on Linux also chrome://flags/#enable-vulkan and #enable-unsafe-webgpu" : ""}`;
}
