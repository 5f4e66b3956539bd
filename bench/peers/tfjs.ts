// TF.js's WebGPU backend as a peer: in a child process, on the webgpu package's Dawn.

import type { PeerRun } from "./ort.ts";
import type { PeerTensor } from "./process.ts";
import { PeerProcess } from "./process.ts";

/**
 * The child's works, with the tensors that they take and return:
 *   conv             x [1,Cin,H,W], w OIHW; stride 1, same size. Returns y
 *   weight_gradient  x [N,H,W,Cin], dy [N,H,W,Cout], w OIHW (only its shape is read). Returns the gradient as w
 *   spade_block      x, dy [N,H,W,C], ids [N,H,W], parameters (OIHW) under their keys in the block. Returns y and all gradients
 */
export type TfjsWork = "conv" | "weight_gradient" | "spade_block";

export class TfjsPeer {
  private constructor(private readonly process: PeerProcess) {}

  static async open(work: TfjsWork, tensors: Record<string, PeerTensor>): Promise<TfjsPeer> {
    const process = new PeerProcess("TF.js webgpu", "tfjs_child.js");
    try {
      await process.ask({ do: "open", work, tensors });
      return new TfjsPeer(process);
    } catch (error) {
      await process.stop();
      throw error;
    }
  }

  async run(repeats = 1): Promise<PeerRun> {
    return this.process.ask<PeerRun>({ do: "run", repeats });
  }

  stop(): Promise<void> {
    return this.process.stop();
  }
}
