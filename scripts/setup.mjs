// Installs what a clone needs before it can test or paint: dependencies, dist/, an adapter. `npm test`, `npm run demo` and others call
// it first. It leaves alone what is already there, and prints nothing if nothing is missing. It uses only Node's own modules, because
// it runs in a clone with nothing installed.

import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isBuilt } from "./dist.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const say = (line) => process.stderr.write(`setup: ${line}\n`);

/** Prints the problem and the fix in one line, and exits with code 1. */
function fail(problem, fix) {
  say(`${problem}; ${fix}`);
  process.exit(1);
}

/** Runs a command quietly; its output is shown only if it fails. */
function attempt(command, args, options = {}) {
  const done = spawnSync(command, args, { cwd: root, encoding: "utf8", maxBuffer: 1 << 28, ...options });
  return {
    ok: done.status === 0,
    output: `${done.stdout ?? ""}${done.stderr ?? ""}${done.error ? done.error.message : ""}`.trim(),
  };
}

function must(command, args, options) {
  const { ok, output } = attempt(command, args, options);
  if (ok) return;
  process.stderr.write(`${output.split("\n").slice(-30).join("\n")}\n`);
  fail(`${[basename(command), ...args].join(" ")} failed`, "fix what it reports above and run this again");
}

// dependencies ---------------------------------------------------------------------------------------------------------------

/** True if node_modules holds every package of package-lock.json in the right version (packages for other systems may be missing). */
function installed() {
  const read = (path) => {
    try {
      return JSON.parse(readFileSync(join(root, path), "utf8")).packages;
    } catch {
      return undefined;
    }
  };
  const wanted = read("package-lock.json");
  const found = read("node_modules/.package-lock.json");
  if (!wanted || !found) return false;
  return Object.entries(wanted).every(
    ([path, p]) => path === "" || (found[path] ? found[path].version === p.version : Boolean(p.optional)),
  );
}

function dependencies() {
  if (installed()) return;
  const modules = join(root, "node_modules");
  // npm ci would empty the folder behind the link, which others use.
  if (existsSync(modules) && lstatSync(modules).isSymbolicLink())
    fail(
      "node_modules is a link, and not what package-lock.json says",
      "install where it points to, or remove the link",
    );
  say("installing the npm packages of package-lock.json ...");
  const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--include=dev", "--include=optional"];
  const npm = process.env.npm_execpath;
  if (npm && /npm-cli\.c?js$/.test(npm)) must(process.execPath, [npm, ...args]);
  else must("npm", args, { shell: process.platform === "win32" });
}

// dist/ ----------------------------------------------------------------------------------------------------------------------

function bundles() {
  if (isBuilt()) return;
  say("building dist/ ...");
  must(process.execPath, ["scripts/build.mjs", "--no-types"]);
}

// an adapter -----------------------------------------------------------------------------------------------------------------

const LEAST_MESA = 24;
const ICD_FOLDERS = ["/usr/share/vulkan/icd.d", "/usr/local/share/vulkan/icd.d", "/etc/vulkan/icd.d"];

/** Looks for a GPU like src/node/dawn.ts. */
const hasHardware = () =>
  ["/dev/dri/renderD128", "/dev/nvidia0", "/dev/nvidiactl", "/dev/dxg"].some((p) => existsSync(p));

function libraryFolders() {
  const folders = ["/lib", "/usr/lib", "/lib64", "/usr/lib64", "/usr/local/lib"];
  for (const base of ["/usr/lib", "/lib"]) {
    if (existsSync(base))
      for (const name of readdirSync(base)) if (/-linux-(gnu|musl)/.test(name)) folders.push(join(base, name));
  }
  return folders;
}

const library = (name) =>
  (name.startsWith("/") ? [name] : libraryFolders().map((f) => join(f, name))).find((p) => existsSync(p));

/** The version of the installed lavapipe ("25.0.7"), read from its library; undefined if there is none. */
function lavapipe() {
  for (const folder of ICD_FOLDERS) {
    if (!existsSync(folder)) continue;
    for (const file of readdirSync(folder)) {
      if (!/^lvp_icd.*\.json$/.test(file)) continue;
      const path = library(JSON.parse(readFileSync(join(folder, file), "utf8")).ICD?.library_path ?? "");
      if (!path) continue;
      const bytes = readFileSync(path);
      for (let at = bytes.indexOf("Mesa "); at >= 0; at = bytes.indexOf("Mesa ", at + 5)) {
        const version = /^Mesa (\d+\.\d+(\.\d+)?)/.exec(bytes.toString("latin1", at, at + 24));
        if (version) return version[1];
      }
    }
  }
  return undefined;
}

const major = (version) => Number(/(?:\d+:)?(\d+)/.exec(version ?? "")?.[1] ?? 0);

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

const apt = (...args) => must("apt-get", args, { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });

function installLavapipe(why) {
  const release = existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "";
  const field = (name) => new RegExp(`^${name}="?([^"\\n]*)`, "m").exec(release)?.[1] ?? "";
  const codename = field("VERSION_CODENAME");
  const system = field("PRETTY_NAME") || "this system";
  const wanted = `mesa's lavapipe, version ${LEAST_MESA} or newer, and the Vulkan loader`;
  if (!/\b(debian|ubuntu)\b/.test(`${field("ID")} ${field("ID_LIKE")}`)) {
    fail(
      why,
      `install ${wanted} with the package manager of ${system} (packages like vulkan-swrast or mesa-vulkan-drivers, and vulkan-loader), then run this again`,
    );
  }
  const backports = codename === "bookworm" ? "bookworm-backports" : "";
  if (process.getuid() !== 0) {
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
      `${system} offers mesa ${candidate() || "not at all"}`,
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

function adapter() {
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

const [nodeMajor, nodeMinor] = process.versions.node.split(".").map(Number);
if (nodeMajor < 20 || (nodeMajor === 20 && nodeMinor < 9))
  fail(`Node ${process.versions.node} is too old`, "use Node 20.9 or newer");
dependencies();
bundles();
adapter();
