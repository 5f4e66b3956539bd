// What the parts of the setup share: messages, commands, apt-get, and what this system is. Only Node's own modules: it runs in a clone with
// nothing installed.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout, from scripts/setup and from dist/bench, where this is bundled, alike. */
export const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
export const say = (line) => process.stderr.write(`setup: ${line}\n`);

/** Prints the problem and the fix in one line, and exits with code 1. */
export function fail(problem, fix) {
  say(`${problem}; ${fix}`);
  process.exit(1);
}

/** Runs a command quietly. */
export function attempt(command, args, options = {}) {
  const done = spawnSync(command, args, { cwd: root, encoding: "utf8", maxBuffer: 1 << 28, ...options });
  return {
    ok: done.status === 0,
    output: `${done.stdout ?? ""}${done.stderr ?? ""}${done.error ? done.error.message : ""}`.trim(),
  };
}

/** Runs a command quietly; if it fails, shows its output and exits. */
export function must(command, args, options) {
  const { ok, output } = attempt(command, args, options);
  if (ok) return;
  process.stderr.write(`${output.split("\n").slice(-30).join("\n")}\n`);
  fail(`${[basename(command), ...args].join(" ")} failed`, "fix what it reports above and run this again");
}

const aptEnvironment = () => ({ env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
/** apt-get, without questions. */
export const apt = (...args) => must("apt-get", args, aptEnvironment());
/** The same, for what can be done without: returns what `attempt` does. */
export const tryApt = (...args) => attempt("apt-get", args, aptEnvironment());

/** What /etc/os-release says of this system. */
export function system() {
  const release = existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "";
  const field = (name) => new RegExp(`^${name}="?([^"\\n]*)`, "m").exec(release)?.[1] ?? "";
  const family = `${field("ID")} ${field("ID_LIKE")}`;
  return {
    name: field("PRETTY_NAME") || "this system",
    codename: field("VERSION_CODENAME"),
    id: field("ID"),
    hasApt: /\b(debian|ubuntu)\b/.test(family),
  };
}

export const isRoot = () => process.getuid?.() === 0;

function libraryFolders() {
  const folders = ["/lib", "/usr/lib", "/lib64", "/usr/lib64", "/usr/local/lib"];
  for (const base of ["/usr/lib", "/lib"]) {
    if (existsSync(base))
      for (const name of readdirSync(base)) if (/-linux-(gnu|musl)/.test(name)) folders.push(join(base, name));
  }
  return folders;
}

/** The path of a shared library; undefined if it is not installed. */
export const library = (name) =>
  (name.startsWith("/") ? [name] : libraryFolders().map((f) => join(f, name))).find((p) => existsSync(p));
