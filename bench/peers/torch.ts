// PyTorch as a peer on the same CPU: a training step in a Python process, which runs only when it is asked (torch_step.py).

import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { publishedWeights } from "../../src/formats/packaged.ts";
import { SQUEEZENET_FILE } from "../../src/models/nets/squeezenet.ts";
import type { LabelMap } from "../../src/labels/label_map.ts";
import { root } from "../lib/maps.ts";

/** How PyTorch lays tensors out: NCHW or NHWC. Which one is faster depends on the machine. */
export const LAYOUTS = ["contiguous", "channels_last"] as const;
export type Layout = (typeof LAYOUTS)[number];

/** Wall and CPU milliseconds of a G and a D step. */
export interface TorchStep {
  ms: number;
  cpu: number;
}

/** A Python that has torch: python3, or the system's, for which apt-get installs it. */
const python = (): string | undefined =>
  ["python3", "/usr/bin/python3"].find((path) => spawnSync(path, ["-c", "import torch"]).status === 0);

export class TorchPeer {
  private readonly lines: AsyncIterator<string>;

  private constructor(private readonly child: ChildProcess) {
    this.lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  }

  /**
   * Prepares the nets of openTraining with VAE, on square maps with ids below `labels`; undefined if no Python has torch.
   * @returns the peer, its version of PyTorch and the number of its threads
   */
  static async open(
    maps: readonly LabelMap[],
    labels: number,
    widths: { ngf: number; ndf: number; z_dim: number },
  ): Promise<{ peer: TorchPeer; version: string; threads: number } | undefined> {
    const path = python();
    if (!path) return undefined;
    const script = join(root, "bench", "peers", "torch_step.py");
    const peer = new TorchPeer(spawn(path, [script], { stdio: ["pipe", "pipe", "inherit"] }));
    const config = {
      ...widths,
      labels,
      size: maps[0].width,
      batch: maps.length,
      squeezenet: publishedWeights(SQUEEZENET_FILE),
      ids: Buffer.concat(maps.map((m) => Uint8Array.from(m.data))).toString("base64"),
    };
    const { version, threads } = await peer.ask<{ version: string; threads: number }>({
      do: "open",
      config,
      layouts: LAYOUTS,
    });
    return { peer, version, threads };
  }

  step(layout: Layout): Promise<TorchStep> {
    return this.ask<TorchStep>({ do: "step", layout });
  }

  stop(): void {
    this.child.kill();
  }

  private async ask<Reply>(message: object): Promise<Reply> {
    this.child.stdin!.write(`${JSON.stringify(message)}\n`);
    const { value, done } = await this.lines.next();
    if (done) throw new Error("PyTorch's process has ended");
    return JSON.parse(value as string) as Reply;
  }
}
