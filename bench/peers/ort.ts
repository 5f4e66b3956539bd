// onnxruntime-node as a peer: a session in a child process, on its native WebGPU execution provider or on the CPU.
// The provider's Dawn finds the same Vulkan driver as ours (VK_ICD_FILENAMES is inherited).

import type { PeerTensor } from "./process.ts";
import { PeerProcess } from "./process.ts";

export type ExecutionProvider = "webgpu" | "cpu";

export interface PeerRun {
  /** Milliseconds of each run, in order. */
  ms: number[];
  /** Outputs of the last run, by name. */
  outputs: Record<string, PeerTensor>;
}

export class OrtPeer {
  private constructor(
    private readonly process: PeerProcess,
    readonly ep: ExecutionProvider,
    /** Milliseconds that opening the model took. */
    readonly loadMs: number,
  ) {}

  /** Opens an ONNX file. */
  static async open(model: string, ep: ExecutionProvider): Promise<OrtPeer> {
    const process = new PeerProcess(`onnxruntime ${ep}`, "ort_child.mjs");
    try {
      const { ms } = await process.ask<{ ms: number }>({ do: "open", model, ep });
      return new OrtPeer(process, ep, ms);
    } catch (error) {
      await process.stop();
      throw error;
    }
  }

  /** Sets the inputs of all later runs. */
  async feed(inputs: Record<string, PeerTensor>): Promise<void> {
    await this.process.ask({ do: "feed", inputs });
  }

  async run(repeats = 1): Promise<PeerRun> {
    return this.process.ask<PeerRun>({ do: "run", repeats });
  }

  stop(): Promise<void> {
    return this.process.stop();
  }
}
