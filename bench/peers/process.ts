// A peer in a child process: its Dawn and ours never share a process, and its crash ends the child alone. The
// child answers one message at a time and is idle in between, so that a bench can take turns between peers.

import type { ChildProcess } from "node:child_process";
import { fork } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export interface PeerTensor {
  shape: number[];
  data: Float32Array;
}

/** bench/peers/NAME in a folder above this module: ort_child.mjs of the source, tfjs_child.js of dist/. */
function childPath(name: string): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const path = join(folder, "bench", "peers", name);
    if (existsSync(path)) return path;
    if (folder === dirname(folder)) throw new Error(`${name} was not found above ${import.meta.url}`);
  }
}

export class PeerProcess {
  private readonly child: ChildProcess;
  private stderr = "";
  private pending: { resolve: (reply: never) => void; reject: (error: Error) => void } | undefined;

  constructor(
    readonly name: string,
    script: string,
  ) {
    this.child = fork(childPath(script), { serialization: "advanced", stdio: ["ignore", "ignore", "pipe", "ipc"] });
    this.child.stderr!.on("data", (text: Buffer) => (this.stderr = (this.stderr + text.toString()).slice(-2000)));
    this.child.on("message", (reply: { error?: string }) => {
      const waiting = this.pending;
      this.pending = undefined;
      if (reply.error === undefined) waiting?.resolve(reply as never);
      else waiting?.reject(new Error(`${this.name}: ${reply.error}`));
    });
    this.child.on("exit", (code, signal) => {
      this.pending?.reject(new Error(`${this.name} ended (${signal ?? code}): ${this.stderr.trim() || "no message"}`));
      this.pending = undefined;
    });
  }

  /** Sends a message, waits for its reply. After `timeout` ms the child is killed and the promise rejected. */
  async ask<Reply>(message: object, timeout = 600_000): Promise<Reply> {
    if (this.pending) throw new Error(`${this.name} is busy`);
    if (this.child.exitCode !== null || !this.child.connected) throw new Error(`${this.name} has ended`);
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Reply>((resolve, reject) => {
        this.pending = { resolve, reject };
        timer = setTimeout(() => {
          reject(new Error(`${this.name} gave no answer within ${timeout} ms`));
          this.child.kill("SIGKILL");
        }, timeout);
        this.child.send(message, (error) => error && reject(error));
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Kills the child, so that a driver that hangs in its clean-up does not block us. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    await new Promise<void>((resolve) => {
      this.child.once("exit", () => resolve());
      this.child.kill("SIGKILL");
    });
  }
}
