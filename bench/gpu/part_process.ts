// Runs one part of bench:gpu in a process of its own: a driver that hangs or crashes ends that part alone.

import { fork } from "node:child_process";
import type { Row, RunPart, Status } from "./schedule.ts";

/** What the program of dist/ is called with in the child, before the part's name. */
export const CHILD = "--part";

type Message = { row: Row } | { error: string } | { done: true };

/** Ends a child and what it has started: it leads a group of its own. */
function kill(pid: number): void {
  try {
    process.kill(process.platform === "win32" ? pid : -pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}

/** @param script the program that answers CHILD  @param options passed on */
export const partRunner =
  (script: string, options: readonly string[]): RunPart =>
  ({ name }, seconds, onRow) =>
    new Promise((resolve) => {
      const child = fork(script, [CHILD, name, ...options], {
        stdio: ["ignore", "ignore", "inherit", "ipc"],
        serialization: "advanced",
        detached: process.platform !== "win32",
      });
      const stop = (): void => kill(child.pid!);
      // Also where the bench itself is interrupted.
      process.once("exit", stop);
      let end: { status: Exclude<Status, "not run">; why?: string } | undefined;
      const timer = setTimeout(() => {
        end = { status: "stopped", why: `after ${Math.round(seconds)} s, its limit` };
        stop();
      }, seconds * 1e3);
      child.on("message", (message: Message) => {
        if ("row" in message) onRow(message.row);
        else end ??= "error" in message ? { status: "failed", why: message.error } : { status: "done" };
      });
      child.on("error", (error) => (end ??= { status: "failed", why: error.message }));
      child.on("close", (code, signal) => {
        clearTimeout(timer);
        process.removeListener("exit", stop);
        stop();
        resolve(end ?? { status: "failed", why: `its process ended (${signal ?? code})` });
      });
    });

/** In the child: sends a part's rows to the parent as they come, and ends. */
export async function answer(rows: AsyncIterable<Row>): Promise<never> {
  const send = (message: Message): Promise<void> =>
    new Promise((sent) => {
      if (process.connected) process.send!(message, () => sent());
      else sent();
    });
  try {
    for await (const row of rows) await send({ row });
    await send({ done: true });
  } catch (error) {
    await send({ error: (error as Error).message.split("\n")[0] });
  }
  // Drivers may keep the process alive.
  process.exit(0);
}
