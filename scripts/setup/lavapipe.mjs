// A Vulkan driver for machines without a GPU: Mesa's lavapipe, installed with apt-get where that is possible.

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { apt, attempt, fail, isRoot, library, say, system } from "./system.mjs";

export const LEAST_MESA = 24;
const ICD_FOLDERS = ["/usr/share/vulkan/icd.d", "/usr/local/share/vulkan/icd.d", "/etc/vulkan/icd.d"];

/** Looks for a GPU like src/node/dawn.ts. */
const hasHardware = () =>
  ["/dev/dri/renderD128", "/dev/nvidia0", "/dev/nvidiactl", "/dev/dxg"].some((p) => existsSync(p));

/**
 * An installed Vulkan driver of Mesa: its manifest, and its version ("25.0.7"), read from its library; undefined if there is none.
 * @param name as its manifest's name begins: lvp (lavapipe), radeon (RADV)
 */
export function mesa(name) {
  for (const folder of ICD_FOLDERS) {
    if (!existsSync(folder)) continue;
    for (const file of readdirSync(folder)) {
      if (!file.startsWith(`${name}_icd`) || !file.endsWith(".json")) continue;
      const manifest = join(folder, file);
      const path = library(JSON.parse(readFileSync(manifest, "utf8")).ICD?.library_path ?? "");
      if (!path) continue;
      const bytes = readFileSync(path);
      for (let at = bytes.indexOf("Mesa "); at >= 0; at = bytes.indexOf("Mesa ", at + 5)) {
        const version = /^Mesa (\d+\.\d+(\.\d+)?)/.exec(bytes.toString("latin1", at, at + 24));
        if (version) return { manifest, version: version[1] };
      }
    }
  }
  return undefined;
}

/** The version of the installed lavapipe. */
export const lavapipe = () => mesa("lvp")?.version;

export const major = (version) => Number(/(?:\d+:)?(\d+)/.exec(version ?? "")?.[1] ?? 0);

/** The version that apt would install, from `suite` if given; "" if none. */
function candidate(suite) {
  const { output } = attempt("apt-cache", ["policy", "mesa-vulkan-drivers"], { env: { ...process.env, LC_ALL: "C" } });
  if (!suite) return /Candidate: (?!\(none\))(\S+)/.exec(output)?.[1] ?? "";
  const lines = output.split("\n");
  const at = lines.findIndex((l) => l.includes(` ${suite}/`));
  for (let i = at; i >= 0; i--) {
    const version = /^ (?:\*\*\*|   ) (\S+) \d+$/.exec(lines[i]);
    if (version) return version[1];
  }
  return "";
}

/** The mirror that apt's sources configure for this release: its URI and signing key. */
function configuredMirror(codename) {
  const folder = "/etc/apt/sources.list.d";
  const files = [
    "/etc/apt/sources.list",
    ...(existsSync(folder)
      ? readdirSync(folder)
          .sort()
          .map((f) => join(folder, f))
      : []),
  ].filter((f) => existsSync(f));
  for (const file of files) {
    const text = readFileSync(file, "utf8");
    if (file.endsWith(".sources")) {
      for (const stanza of text.split(/\n\s*\n/)) {
        const lines = stanza.split("\n").filter((l) => !l.startsWith("#"));
        const field = (name) => new RegExp(`^${name}:[ \\t]*(.*)$`, "mi").exec(lines.join("\n"))?.[1].trim();
        if (/^no$/i.test(field("Enabled") ?? "")) continue;
        if (
          !(field("Types") ?? "").split(/\s+/).includes("deb") ||
          !(field("Suites") ?? "").split(/\s+/).includes(codename)
        )
          continue;
        const uri = (field("URIs") ?? "").split(/\s+/)[0];
        if (uri) return { uri, signedBy: field("Signed-By") };
      }
    } else if (file.endsWith(".list")) {
      for (const line of text.split("\n")) {
        const m = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s/.exec(line);
        if (m && m[3] === codename) return { uri: m[2], signedBy: /signed-by=(\S+)/.exec(m[1] ?? "")?.[1] };
      }
    }
  }
  return undefined;
}

function installLavapipe(why) {
  const { name, codename, hasApt } = system();
  const wanted = `mesa's lavapipe, version ${LEAST_MESA} or newer, and the Vulkan loader`;
  if (!hasApt) {
    fail(
      why,
      `install ${wanted} with the package manager of ${name} (packages like vulkan-swrast or mesa-vulkan-drivers, and vulkan-loader), then run this again`,
    );
  }
  const backports = codename === "bookworm" ? "bookworm-backports" : "";
  if (!isRoot()) {
    const from = backports ? `-t ${backports} ` : "";
    const suite = backports ? ` (${backports} must be among the apt sources)` : "";
    fail(
      why,
      `run "sudo apt-get update && sudo apt-get install ${from}mesa-vulkan-drivers libvulkan1"${suite}, or run this as root, which does it all`,
    );
  }

  say(`${why}; installing ${wanted} with apt-get ...`);
  apt("update");
  if (major(candidate()) >= LEAST_MESA) {
    apt("install", "-y", "--no-install-recommends", "mesa-vulkan-drivers", "libvulkan1");
    return;
  }
  if (!backports) {
    fail(
      `${name} offers mesa ${candidate() || "not at all"}`,
      `Dawn takes no lavapipe before ${LEAST_MESA}: use Debian 12 or newer, Ubuntu 24.04 or newer, or a machine with a GPU`,
    );
  }
  if (!candidate(backports)) {
    const mirror = configuredMirror(codename);
    if (!mirror)
      fail(
        `no mirror of ${codename} was found in /etc/apt`,
        `add the suite ${backports} to the apt sources and run this again`,
      );
    const stanza = ["Types: deb", `URIs: ${mirror.uri}`, `Suites: ${backports}`, "Components: main"];
    if (mirror.signedBy) stanza.push(`Signed-By: ${mirror.signedBy}`);
    say(`adding the suite ${backports} from the mirror that apt already uses ...`);
    writeFileSync("/etc/apt/sources.list.d/spade-webgpu-backports.sources", `${stanza.join("\n")}\n`);
    apt("update");
  }
  apt("install", "-y", "--no-install-recommends", "-t", backports, "mesa-vulkan-drivers", "libvulkan1");
}

/** Installs lavapipe on Linux without a GPU, unless a driver is chosen by the environment. */
export function adapter() {
  const { SPADE_ADAPTER, VK_ICD_FILENAMES, VK_DRIVER_FILES } = process.env;
  if (process.platform !== "linux" || SPADE_ADAPTER === "hardware" || VK_ICD_FILENAMES || VK_DRIVER_FILES) return;
  if (hasHardware() && SPADE_ADAPTER !== "software") return;
  const missing = () => {
    const version = lavapipe();
    if (!version) return "there is no GPU here and no software Vulkan";
    if (major(version) < LEAST_MESA) return `there is no GPU here, and mesa ${version} is too old for Dawn`;
    return library("libvulkan.so.1") ? "" : "the Vulkan loader (libvulkan.so.1) is missing";
  };
  const why = missing();
  if (!why) return;
  installLavapipe(why);
  const still = missing();
  if (still) fail(`${still}, even after installing it`, "look at the output of apt-get install mesa-vulkan-drivers");
  say(`mesa ${lavapipe()} is installed`);
}
