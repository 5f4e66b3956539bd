// On a software adapter Dawn writes two lines of warning to stderr at every start ("maxDynamicUniformBuffersPerPipelineLayout
// artificially reduced ..."). They are of no use to the reader, and Dawn has no switch for them. Native code bypasses
// process.stderr, so the command runs in a child process; its stderr passes through here, where those lines are removed.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { vulkanSettings } from "../../node/dawn.ts";
import { mpiPipe } from "../../node/mpi_launch.ts";
import { command } from "./command.ts";

const NOISE = /^Warning: maxDynamic(Uniform|Storage)BuffersPerPipelineLayout artificially reduced from .*$/;
const CHILD = "SPADE_WEBGPU_CHILD";

/** True in the child, and where Dawn does not print these warnings (any driver but lavapipe). */
function quiet(): boolean {
  if (process.env[CHILD]) return true;
  const env = { ...process.env, ...vulkanSettings(process.env, { platform: process.platform, exists: existsSync }) };
  return !/lvp_icd|lavapipe/.test(`${env.VK_ICD_FILENAMES ?? ""} ${env.VK_DRIVER_FILES ?? ""}`);
}

/**
 * What the child inherits.
 * @param mpi number of a pipe that it finds under the same number, as the environment says
 */
export function streams(mpi: number | undefined): (number | "inherit" | "pipe" | "ipc" | "ignore")[] {
  // kill -9 of this process closes the ipc channel, and the child then exits too (endWithParent).
  const usual = ["inherit", "inherit", "pipe", "ipc"] as const;
  if (mpi === undefined) return [...usual];
  if (mpi === 3) return [...usual.slice(0, 3), mpi, "ipc"];
  return [...usual, ...Array.from({ length: mpi - 4 }, () => "ignore" as const), mpi];
}

/** Runs a program (default: this one again) with filtered stderr and gives its exit code; undefined if there is nothing to filter. */
export async function runFiltered(args: readonly string[], program = process.argv[1]): Promise<number | undefined> {
  if (quiet()) return undefined;
  const terminal = process.stderr.isTTY ? String(process.stderr.columns || 80) : "log";
  const child = spawn(process.execPath, [...process.execArgv, program, ...args], {
    stdio: streams(mpiPipe()),
    env: { ...process.env, [CHILD]: terminal },
  });
  // Ctrl-C in a terminal reaches both processes; the child decides when to exit.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void child.kill(signal));
  let rest = "";
  const stderr = child.stderr!;
  stderr.setEncoding("utf8");
  stderr.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    const kept = lines.filter((line) => !NOISE.test(line)).map((line) => `${line}\n`);
    // Hold back an unfinished line that may be such a warning; write other unfinished lines, such as a progress bar, at once.
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

/** In the child: exits when the parent is killed. */
export function endWithParent(): void {
  if (!process.env[CHILD] || !process.channel) return;
  process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
  process.channel.unref();
}

/** In the child: makes stderr behave like the parent's terminal, if the parent has one. */
export function adoptTerminal(): void {
  const columns = Number(process.env[CHILD]);
  if (columns > 0) Object.assign(process.stderr, { isTTY: true, columns });
}
