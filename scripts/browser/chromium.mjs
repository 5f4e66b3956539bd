// Debian's Chromium for tests and benches of the page, and a copy of it whose WebGPU adapter is lavapipe instead of SwiftShader: 7 to 15
// times faster, with shader-f16, and with the same bytes as Node's pictures. In the copy everything works but a canvas with a webgpu
// context, which stays blank; that is tested in the stock Chromium.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { LEAST_MESA, lavapipe, major } from "../setup/lavapipe.mjs";
import { root } from "../setup/system.mjs";

const FOLDER = "/usr/lib/chromium";
/** The driver, as Chromium names its own. */
const DRIVER = "libvk_swiftshader.so";
const ICD = "vk_swiftshader_icd.json";
/** The driver's source. */
const SOURCE = join(root, "scripts", "browser", "lavapipe_driver.c");

/** Debian's Chromium, not its wrapper script. */
export const STOCK = join(FOLDER, "chromium");

/** What playwright switches off and tests may feel (Chromium takes the last list alone), and the address bar's pages: 2 s of a core a context. */
const OFF = [
  "DestroyProfileOnBrowserClose",
  "HttpsFirstBalancedModeAutoEnable",
  "HttpsUpgrades",
  "MediaRouter",
  "OptimizationHints",
  "PaintHolding",
  "ThirdPartyStoragePartitioning",
  "WebUIOmniboxAimPopup",
  "WebUIOmniboxFullPopup",
  "WebUIOmniboxPopup",
];

/** With fewer of the first five, compute works, but showing a webgpu canvas crashes the GPU process or leaves it blank. */
export const FLAGS = [
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
  "--use-vulkan=swiftshader",
  "--use-angle=swiftshader",
  `--disable-features=${OFF.join(",")}`,
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];

const hasGcc = () => spawnSync("gcc", ["--version"]).status === 0;

/** Which of "chromium", "gcc" and "lavapipe" this machine lacks. */
export function missing() {
  const there = { chromium: existsSync(STOCK), gcc: hasGcc(), lavapipe: major(lavapipe()) >= LEAST_MESA };
  return Object.keys(there).filter((what) => !there[what]);
}

/** "156.0.8078.108" */
export function chromiumVersion() {
  const { stdout } = spawnSync(STOCK, ["--version"], { encoding: "utf8" });
  return /\d+(\.\d+)+/.exec(stdout ?? "")?.[0] ?? "unknown";
}

/** Copies a folder by hard links, which take no space; on another file system copies the bytes. */
function copyFolder(from, to) {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) copyFolder(source, target);
    else {
      try {
        linkSync(source, target);
      } catch {
        cpSync(source, target, { verbatimSymlinks: true });
      }
    }
  }
}

/**
 * Makes the copy, or finds it: its name has Chromium's version and a hash of the driver's source. Several processes may call this at once:
 * each builds a folder of its own, and the first to finish renames its folder.
 * @returns the path of its executable
 */
export function lavapipeChromium(cache = join(root, ".setup")) {
  const hash = createHash("sha256").update(readFileSync(SOURCE)).digest("hex").slice(0, 12);
  const folder = join(cache, `chromium-${chromiumVersion()}-${hash}`);
  const executable = join(folder, "chromium");
  if (existsSync(executable)) return executable;
  const part = `${folder}.${process.pid}.part`;
  rmSync(part, { recursive: true, force: true });
  try {
    copyFolder(FOLDER, part);
    // These are links to Chromium's own files: replaced, never written to.
    for (const name of [DRIVER, ICD]) rmSync(join(part, name), { force: true });
    const args = ["-O1", "-Wall", "-shared", "-fPIC", "-o", join(part, DRIVER), SOURCE, "-ldl"];
    const { status, stderr } = spawnSync("gcc", args, { encoding: "utf8" });
    if (status !== 0) throw new Error(`gcc could not compile ${SOURCE}: ${stderr}`);
    const icd = { file_format_version: "1.0.0", ICD: { library_path: `./${DRIVER}`, api_version: "1.4.305" } };
    writeFileSync(join(part, ICD), JSON.stringify(icd));
    renameSync(part, folder);
  } catch (error) {
    if (!existsSync(executable)) throw error;
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
  return executable;
}
