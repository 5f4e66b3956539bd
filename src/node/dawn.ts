// Dawn in Node. Each process calls `create()` once and keeps the instance on globalThis until it ends, because a second
// or a garbage-collected instance makes some runs crash or hang.

import { existsSync } from "node:fs";
import { deviceOf, softwareNotice, type Device, type OpenOptions } from "../runtime/device.ts";
import { pickAdapter, type AdapterWish } from "./adapters.ts";
import { missingPackage } from "../formats/packaged.ts";
import { SpadeError } from "../runtime/errors.ts";
import { rest } from "./rest.ts";
import { variantsWish } from "./variants.ts";

const KEY = Symbol.for("spade-webgpu.dawn");
const LAVAPIPE = [
  "/usr/share/vulkan/icd.d/lvp_icd.json",
  "/usr/share/vulkan/icd.d/lvp_icd.x86_64.json",
  "/usr/share/vulkan/icd.d/lvp_icd.aarch64.json",
];

/** The inputs, apart from the environment, for choosing a Vulkan driver. */
export interface System {
  readonly platform: string;
  exists(path: string): boolean;
}

/** True if the system has a device file of a GPU that a Vulkan driver could use. */
function hasHardware({ exists }: System): boolean {
  return ["/dev/dri/renderD128", "/dev/nvidia0", "/dev/nvidiactl", "/dev/dxg"].some(exists);
}

/**
 * The variables to add to the environment. On Linux without a GPU, makes the Vulkan loader use lavapipe; other drivers
 * only print warnings there.
 */
export function vulkanSettings(
  env: Readonly<Record<string, string | undefined>>,
  system: System,
): Record<string, string> {
  const out: Record<string, string> = {};
  if (system.platform !== "linux") return out;
  if (!env.XDG_RUNTIME_DIR) out.XDG_RUNTIME_DIR = "/tmp";
  if (env.VK_ICD_FILENAMES || env.VK_DRIVER_FILES) return out;
  const software = env.SPADE_ADAPTER === "software" || (env.SPADE_ADAPTER !== "hardware" && !hasHardware(system));
  const icd = LAVAPIPE.find((path) => system.exists(path));
  if (software && icd) out.VK_ICD_FILENAMES = icd;
  return out;
}

/** Adds the missing variables to the environment; a child process should inherit it. */
export function prepareVulkan(env: Record<string, string | undefined> = process.env): void {
  Object.assign(env, vulkanSettings(env, { platform: process.platform, exists: existsSync }));
}

/** Returns the process's GPU object; creates it on the first call. */
export async function dawn(): Promise<GPU> {
  const slot = globalThis as { [KEY]?: GPU };
  if (slot[KEY]) return slot[KEY];
  prepareVulkan();
  let webgpu: typeof import("webgpu");
  try {
    webgpu = await import("webgpu");
  } catch (cause) {
    throw missingPackage("no-webgpu", "webgpu", "and this program paints with it", cause);
  }
  // Another call may have created it during the import; there must be only one instance.
  if (slot[KEY]) return slot[KEY];
  Object.assign(globalThis, webgpu.globals);
  slot[KEY] = webgpu.create([
    "enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia,disable_workgroup_init",
    "disable-dawn-features=timestamp_quantization",
  ]);
  return slot[KEY];
}

/** Value of the variable `SPADE_SIZES`; undefined if it is not set. */
export function sizesWish(): OpenOptions["sizesAs"] {
  const sizes = process.env.SPADE_SIZES || undefined;
  if (sizes === undefined || sizes === "override" || sizes === "uniform" || sizes === "mixed") return sizes;
  throw new SpadeError("usage", `SPADE_SIZES=${sizes}`, "is not known", "set it to mixed, override or uniform");
}

export interface NodeOpenOptions extends OpenOptions {
  adapter?: AdapterWish;
  powerPreference?: GPUPowerPreference;
  /** Called once if the adapter is software (runs on the CPU). */
  onSoftware?: (message: string, fix: string) => void;
}

/** What users of a software adapter in Node can do. */
export const SOFTWARE_FIX = "a GPU with its driver is many times faster";

/**
 * Opens a device in Node. The variables `SPADE_ADAPTER`, `SPADE_SIZES` (mixed, override, uniform) and `SPADE_VARIANTS` (a plan file) give the
 * defaults of the options.
 */
export async function openNodeDevice(options: NodeOpenOptions = {}): Promise<Device> {
  const variants = options.variants ?? (await variantsWish());
  const wish = options.adapter ?? (process.env.SPADE_ADAPTER || "auto");
  const adapter = await pickAdapter(await dawn(), wish, options.powerPreference ?? "high-performance");
  const device = await deviceOf(adapter, { rest, ...options, variants, sizesAs: options.sizesAs ?? sizesWish() });
  if (device.software) options.onSoftware?.(softwareNotice(device), SOFTWARE_FIX);
  return device;
}
