// Derived weights: copies that kernels read instead of the originals (Winograd transforms, blocks of columns), and
// other values that depend only on weights (sigmas, 1/std). They are recorded in one graph per net, computed once, and
// imported by the programs that read them.

import { deriveWeights } from "../../../kernels/conv/conv2d.ts";
import type { ConvArgs } from "../../../kernels/conv/conv_args.ts";
import { Graph, planMemory, Program, type Target, type Tensor } from "../../runtime/index.ts";
import type { ParameterStore } from "./parameters.ts";
import { Upload, type OnUploaded, type StateSource } from "./upload.ts";

/** The weights of a conv, ready for conv2d. */
export type ConvWeights = Pick<ConvArgs, "w" | "bias" | "sigma" | "winograd" | "blocked">;
export type Copies = Pick<ConvArgs, "sigma" | "winograd" | "blocked">;

/** A conv whose weights may have copies. The size at which it runs determines which copies. */
export interface ConvUse {
  /** Name of the layer. Its copies are kept as `name.winograd` and `name.blocked`. */
  readonly name: string;
  /** Key of its weights. */
  readonly key: string;
  readonly k: number;
  readonly h: number;
  readonly w: number;
}

const KINDS = ["sigma", "winograd", "blocked"] as const;

export class DerivedWeights {
  /** The recording; other graphs import the tensors that it keeps. */
  readonly graph: Graph;
  /** Keys of the weights that a copy replaces. */
  readonly replaced: string[] = [];
  private program: Program | undefined;
  private upload: Upload | undefined;

  /**
   * @param more records and keeps other derived values (a conv's sigma as `name.sigma`), and adds the keys that these
   * replace to `replaced`
   */
  constructor(
    readonly name: string,
    target: Target,
    private readonly parameters: ParameterStore,
    uses: Iterable<ConvUse>,
    more: (g: Graph, replaced: string[]) => void = () => undefined,
  ) {
    // It runs once: a pipeline for each size would cost more than it gains.
    const g = (this.graph = new Graph({ ...target, sizesAs: "uniform" }));
    more(g, this.replaced);
    for (const { name, key, ...size } of uses) {
      const copies = g.scope(name, () => deriveWeights(g, parameters.tensor(g, key), size));
      for (const [kind, t] of Object.entries(copies)) g.keep(`${name}.${kind}`, t);
      if (Object.keys(copies).length) this.replaced.push(key);
    }
  }

  /** Imports the tensor kept under `name` into a graph; undefined if there is none. */
  tensor(g: Graph, name: string): Tensor | undefined {
    const t = this.graph.kept.get(name);
    return t && g.import(t);
  }

  /** Imports a layer's copies into a graph. Call once per layer and graph. */
  copies(g: Graph, layer: string): Copies {
    const found: Copies = {};
    for (const kind of KINDS) {
      const t = this.tensor(g, `${layer}.${kind}`);
      if (t) found[kind] = t;
    }
    return found;
  }

  /**
   * Makes the upload of the parameters a part of the program: each layer's copies are computed as soon as its weights are there, and
   * originals that copies replace have memory only meanwhile. For a net that is not trained; call it before anything is compiled.
   */
  uploadFrom(source: StateSource, onProgress?: OnUploaded): void {
    const { graph, replaced } = this;
    this.upload = new Upload(this.parameters, source, { graph, transient: replaced, onProgress });
    this.releaseOriginals();
  }

  /** Compiles the program on the parameters' device; they need no values yet. */
  async compile(onProgress?: (done: number, total: number) => void): Promise<Program> {
    const { name, parameters } = this;
    const compile = (): Promise<Program> => Program.compile(this.graph, parameters.device, { name, onProgress });
    return (this.program ??= await (this.upload?.compile(onProgress) ?? compile()));
  }

  /** Computes everything, with an upload while the weights arrive. Without one call again after the weights have changed. */
  async compute(): Promise<void> {
    const program = await this.compile();
    if (this.upload) {
      await this.upload.run(program);
      return program.retire();
    }
    await program.run();
    await this.parameters.device.gpu.queue.onSubmittedWorkDone();
  }

  /** Frees the originals that a copy replaces. Only for a net that is not trained, if nothing else reads them. */
  releaseOriginals(): void {
    this.parameters.release(this.replaced);
  }

  /** Memory on the device, in bytes. */
  get bytes(): number {
    const memory = this.program?.memory ?? planMemory(this.graph);
    return this.upload ? memory.kept : memory.peak;
  }

  dispose(): void {
    this.program?.dispose();
    this.program = undefined;
  }
}
