// Copies of weights that kernels read instead of the originals (Winograd transforms, blocks of columns), and whatever else follows from
// weights alone (sigmas, 1/std): recorded in one graph a net, computed once, imported by the programs that read them.

import { deriveWeights } from "../../../kernels/conv2d.ts";
import type { ConvArgs } from "../../../kernels/conv_args.ts";
import { Graph, planMemory, Program, type Target, type Tensor } from "../../runtime/index.ts";
import type { ParameterStore } from "./parameters.ts";

/** The weights of a conv, ready for conv2d. */
export type ConvWeights = Pick<ConvArgs, "w" | "bias" | "sigma" | "winograd" | "blocked">;
export type Copies = Pick<ConvArgs, "sigma" | "winograd" | "blocked">;

/** A conv whose weights may have copies: which they are depends on the size at which it runs. */
export interface ConvUse {
  /** Of the layer; its copies are kept under `name.winograd`, `name.blocked`. */
  readonly name: string;
  /** Key of its weights. */
  readonly key: string;
  readonly k: number;
  readonly h: number;
  readonly w: number;
}

const KINDS = ["sigma", "winograd", "blocked"] as const;

export class DerivedWeights {
  /** The recording: every tensor that is kept in it is there for others. */
  readonly graph: Graph;
  /** Keys of the weights that have a copy in their place. */
  readonly replaced: string[] = [];
  private program: Program | undefined;

  /** @param more records what else follows from the weights and keeps it (a conv's sigma as `name.sigma`), and notes the keys that it replaces */
  constructor(
    readonly name: string,
    target: Target,
    private readonly parameters: ParameterStore,
    uses: Iterable<ConvUse>,
    more: (g: Graph, replaced: string[]) => void = () => undefined,
  ) {
    const g = (this.graph = new Graph(target));
    more(g, this.replaced);
    for (const { name, key, ...size } of uses) {
      const copies = g.scope(name, () => deriveWeights(g, parameters.tensor(g, key), size));
      for (const [kind, t] of Object.entries(copies)) g.keep(`${name}.${kind}`, t);
      if (Object.keys(copies).length) this.replaced.push(key);
    }
  }

  /** What is kept under a name, in a graph that reads it. */
  tensor(g: Graph, name: string): Tensor | undefined {
    const t = this.graph.kept.get(name);
    return t && g.import(t);
  }

  /** A layer's copies in a graph that reads them; ask once a graph. */
  copies(g: Graph, layer: string): Copies {
    const found: Copies = {};
    for (const kind of KINDS) {
      const t = this.tensor(g, `${layer}.${kind}`);
      if (t) found[kind] = t;
    }
    return found;
  }

  /** Computes everything on the parameters' device; again where weights have changed. */
  async compute(onProgress?: (done: number, total: number) => void): Promise<void> {
    const { device } = this.parameters;
    this.program ??= await Program.compile(this.graph, device, { name: this.name, onProgress });
    await this.program.run();
    await device.gpu.queue.onSubmittedWorkDone();
  }

  /** Gives up the originals that have a copy in their place: the net is not trained, and nobody else reads them. */
  releaseOriginals(): void {
    this.parameters.release(this.replaced);
  }

  /** Bytes on the device. */
  get bytes(): number {
    return (this.program?.memory ?? planMemory(this.graph)).peak;
  }

  dispose(): void {
    this.program?.dispose();
    this.program = undefined;
  }
}
