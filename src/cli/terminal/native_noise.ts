// On a software adapter Dawn writes two lines of warning to stderr at every start ("maxDynamicUniformBuffersPerPipelineLayout
// artificially reduced ..."): nothing that a reader can act on, and nothing that Dawn lets us switch off. Native code writes past
// process.stderr, so the command runs in a child whose stderr passes through here, and those lines are left out.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { vulkanSettings } from "../../node/dawn.ts";
import { command } from "./command.ts";

const NOISE = /^Warning: maxDynamic(Uniform|Storage)BuffersPerPipelineLayout artificially reduced from .*$/;
const CHILD = "SPADE_WEBGPU_CHILD";

/** True in the child, and where Dawn will not be noisy. */
function quiet(): boolean {
  if (process.env[CHILD]) return true;
  const env = { ...process.env, ...vulkanSettings(process.env, { platform: process.platform, exists: existsSync }) };
  return !/lvp_icd|lavapipe/.test(`${env.VK_ICD_FILENAMES ?? ""} ${env.VK_DRIVER_FILES ?? ""}`);
}

/** Runs a program (left out: this one again) with a filtered stderr and gives its exit code; undefined where there is nothing to filter. */
export async function runFiltered(args: readonly string[], program = process.argv[1]): Promise<number | undefined> {
  if (quiet()) return undefined;
  const terminal = process.stderr.isTTY ? String(process.stderr.columns || 80) : "log";
  const child = spawn(process.execPath, [...process.execArgv, program, ...args], {
    // A kill -9 of this process closes the channel, and the child ends with it (endWithParent).
    stdio: ["inherit", "inherit", "pipe", "ipc"],
    env: { ...process.env, [CHILD]: terminal },
  });
  // A terminal's Ctrl-C reaches both; the child decides when it ends.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void child.kill(signal));
  let rest = "";
  const stderr = child.stderr!;
  stderr.setEncoding("utf8");
  stderr.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    const kept = lines.filter((line) => !NOISE.test(line)).map((line) => `${line}\n`);
    // What may still become such a line waits for its end; a progress bar, which has none, does not.
    if (!"Warning: maxDynamic".startsWith(rest.slice(0, 19)) || rest === "") {
      kept.push(rest);
      rest = "";
    }
    process.stderr.write(kept.join(""));
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (rest && !NOISE.test(rest)) process.stderr.write(rest);
      if (signal === "SIGKILL")
        process.stderr.write(
          "error: the program was killed (perhaps for memory); free some, or ask for less at once\n",
        );
      else if (signal && !["SIGINT", "SIGTERM", "SIGHUP", "SIGPIPE"].includes(signal))
        process.stderr.write(
          `error: the GPU driver ended the program (${signal}); run it again, and see: ${command()} doctor\n`,
        );
      resolve(code ?? (signal === "SIGINT" ? 130 : 1));
    });
  });
}

/** In the child: it does not outlive a parent that was killed. */
export function endWithParent(): void {
  if (!process.env[CHILD] || !process.channel) return;
  process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
  process.channel.unref();
}

/** In the child: stderr behaves as the terminal that it ends on. */
export function adoptTerminal(): void {
  const columns = Number(process.env[CHILD]);
  if (columns > 0) Object.assign(process.stderr, { isTTY: true, columns });
}
