// Dawn in Node: one `create()` a process, kept on globalThis for ever (a collected or second instance crashes or hangs some runs).

import { existsSync } from "node:fs";
import { openDevice, type Device, type OpenOptions } from "../runtime/device.ts";
import { SpadeError } from "../runtime/errors.ts";

const KEY = Symbol.for("spade-webgpu.dawn");
const LAVAPIPE = ["/usr/share/vulkan/icd.d/lvp_icd.json", "/usr/share/vulkan/icd.d/lvp_icd.x86_64.json", "/usr/share/vulkan/icd.d/lvp_icd.aarch64.json"];

/** True if the system shows a GPU that a Vulkan driver could take. */
function hasHardware(): boolean {
  return existsSync("/dev/dri/renderD128") || existsSync("/dev/nvidia0") || existsSync("/dev/nvidiactl") || existsSync("/dev/dxg");
}

/** On Linux without a GPU, points the Vulkan loader at lavapipe; other drivers only print warnings there. */
export function prepareVulkan(env: Record<string, string | undefined> = process.env): void {
  if (process.platform !== "linux") return;
  env.XDG_RUNTIME_DIR ||= "/tmp";
  if (env.VK_ICD_FILENAMES || env.VK_DRIVER_FILES) return;
  const software = env.SPADE_ADAPTER === "software" || (env.SPADE_ADAPTER !== "hardware" && !hasHardware());
  const icd = LAVAPIPE.find((path) => existsSync(path));
  if (software && icd) env.VK_ICD_FILENAMES = icd;
}

/** The process's GPU object. */
export async function dawn(): Promise<GPU> {
  const slot = globalThis as { [KEY]?: GPU };
  if (slot[KEY]) return slot[KEY];
  prepareVulkan();
  let webgpu: typeof import("webgpu");
  try {
    webgpu = await import("webgpu");
  } catch (cause) {
    throw new SpadeError("no-webgpu", "npm package webgpu", "can't be loaded", `install it for this platform (npm install webgpu): ${(cause as Error).message.split("\n")[0]}`, cause);
  }
  Object.assign(globalThis, webgpu.globals);
  slot[KEY] = webgpu.create([
    "enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia,disable_workgroup_init",
    "disable-dawn-features=timestamp_quantization",
  ]);
  return slot[KEY];
}

/** Opens a device in Node; `SPADE_ADAPTER` chooses the adapter where the caller does not. */
export async function openNodeDevice(options: OpenOptions = {}): Promise<Device> {
  return openDevice(await dawn(), { sizesAs: (process.env.SPADE_SIZES as "override" | "uniform") ?? "override", adapter: process.env.SPADE_ADAPTER ?? "auto", ...options });
}
