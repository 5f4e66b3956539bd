// TF.js's WebGPU backend as a peer for single convolutions: in a child process, on the webgpu package's Dawn.

import type { PeerRun } from "./ort.ts";
import type { PeerTensor } from "./process.ts";
import { PeerProcess } from "./process.ts";

export class TfjsPeer {
  private constructor(private readonly process: PeerProcess) {}

  /** Prepares conv2d of `input` [1, Cin, H, W] by `weight` [Cout, Cin, k, k], stride 1, same size. */
  static async open(input: PeerTensor, weight: PeerTensor): Promise<TfjsPeer> {
    const process = new PeerProcess("TF.js webgpu", "tfjs_child.mjs");
    try {
      await process.ask({ do: "open", input, weight });
      return new TfjsPeer(process);
    } catch (error) {
      await process.stop();
      throw error;
    }
  }

  /** Runs the convolution; the output `y` is [1, Cout, H, W]. */
  async run(repeats = 1): Promise<PeerRun> {
    return this.process.ask<PeerRun>({ do: "run", repeats });
  }

  stop(): Promise<void> {
    return this.process.stop();
  }
}
