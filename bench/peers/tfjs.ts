// TF.js's WebGPU backend as a peer: in a child process, on the webgpu package's Dawn.

import type { PeerRun } from "./ort.ts";
import type { PeerTensor } from "./process.ts";
import { PeerProcess } from "./process.ts";

/**
 * What the child can do, and the tensors that it takes and gives:
 *   conv             x [1,Cin,H,W], w OIHW; stride 1, same size. Gives y
 *   weight_gradient  x [N,H,W,Cin], dy [N,H,W,Cout], w OIHW (its shape alone is read). Gives w
 *   spade_block      x, dy [N,H,W,C], ids [N,H,W], parameters under their published keys (OIHW). Gives y and all gradients
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
