// A GPU that is not there: Mesa's RADV compiles every pipeline with AMD's real compiler for a chosen family, and a Vulkan layer
// (null_device.c) records and submits nothing, and gives memory of the host. A program runs to its end on zeros. What it computes means
// nothing; how its pipelines compile does, and so does what the host spends.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LEAST_MESA, major, mesa } from "../setup/lavapipe.mjs";
import { root, system } from "../setup/system.mjs";

const SOURCE = join(root, "scripts", "null", "null_device.c");
const LAYER = "VK_LAYER_null_device";

/** RDNA3 with 16x16x16 subgroup matrices, and RDNA4. */
export const FAMILIES = ["navi31", "gfx1201"];
/** As RADV_FORCE_FAMILY names families. */
export const isFamily = (name) => /^(navi|gfx|vega|polaris)\w+$/.test(name);

const compiles = (header) =>
  spawnSync("gcc", ["-fsyntax-only", "-include", header, "-x", "c", "/dev/null"]).status === 0;

/** The packages that this machine lacks, as apt names them. */
export function missing() {
  const out = [];
  if (major(mesa("radeon")?.version) < LEAST_MESA) out.push("mesa-vulkan-drivers");
  if (!compiles("stdlib.h")) out.push("gcc", "libc6-dev");
  // Without a compiler, ask for it by its file.
  if (out.includes("gcc") ? !existsSync("/usr/include/vulkan/vk_layer.h") : !compiles("vulkan/vk_layer.h"))
    out.push("libvulkan-dev");
  return out;
}

/** What is missing, and the command that installs it, in one line; "" if nothing is. */
export function whyNot() {
  if (process.platform !== "linux") return "the null device needs Linux, Mesa's RADV and gcc";
  const lacks = missing();
  if (!lacks.length) return "";
  const { codename, hasApt } = system();
  const found = mesa("radeon")?.version;
  const old = found && lacks.includes("mesa-vulkan-drivers") ? ` (Mesa ${found} is too old)` : "";
  // Debian 12's own Mesa is too old.
  const from = codename === "bookworm" && lacks.includes("mesa-vulkan-drivers") ? "-t bookworm-backports " : "";
  const how = hasApt
    ? `run "sudo apt-get update && sudo apt-get install ${from}${lacks.join(" ")}"`
    : `install what Debian calls ${lacks.join(", ")}`;
  return `the null device needs ${lacks.join(", ")}${old}; ${how}`;
}

/** Builds the layer, or finds it: its folder's name has a hash of its source. @returns the folder */
function layer(cache) {
  const hash = createHash("sha256").update(readFileSync(SOURCE)).digest("hex").slice(0, 12);
  const folder = join(cache, `null-device-${hash}`);
  const library = join(folder, "libnull_device.so");
  if (existsSync(library)) return folder;
  mkdirSync(folder, { recursive: true });
  const manifest = {
    file_format_version: "1.1.2",
    layer: {
      name: LAYER,
      type: "GLOBAL",
      library_path: "./libnull_device.so",
      api_version: "1.3.0",
      implementation_version: "1",
      description: "records nothing, submits nothing",
      functions: {
        vkGetInstanceProcAddr: "null_GetInstanceProcAddr",
        vkGetDeviceProcAddr: "null_GetDeviceProcAddr",
      },
    },
  };
  writeFileSync(join(folder, "null_device.json"), JSON.stringify(manifest));
  // Processes may build at once: the last to rename wins, with the same library.
  const part = `${library}.${process.pid}`;
  const { status, stderr } = spawnSync("gcc", ["-O1", "-Wall", "-shared", "-fPIC", "-o", part, SOURCE], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`gcc could not compile ${SOURCE}: ${stderr}`);
  renameSync(part, library);
  return folder;
}

/**
 * The variables with which a program finds the null device.
 * @param family as RADV_FORCE_FAMILY names it
 * @param debug RADV_DEBUG: "shaders" prints every pipeline's machine code on stderr, "shaderstats" its registers
 */
export function nullEnvironment(family, debug = "nocache,shaderstats", cache = join(root, ".setup")) {
  const { manifest } = mesa("radeon");
  return {
    XDG_RUNTIME_DIR: process.env.XDG_RUNTIME_DIR || "/tmp",
    VK_ICD_FILENAMES: manifest,
    VK_DRIVER_FILES: manifest,
    VK_LAYER_PATH: layer(cache),
    VK_INSTANCE_LAYERS: LAYER,
    RADV_FORCE_FAMILY: family,
    RADV_DEBUG: debug,
  };
}
