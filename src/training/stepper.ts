// Runs training steps: label maps and photographs in, losses out. Programs are recorded once; a batch whose label tables outgrow their
// capacity re-records them with more room.

import { adamFactors } from "../../kernels/adam.ts";
import { LevelsScratch } from "../labels/levels.ts";
import type { LabelMap } from "../labels/label_map.ts";
import type { LevelPlan } from "../models/generator.ts";
import { outputSize } from "../models/config.ts";
import { planLevel } from "../models/levels.ts";
import { Frozen } from "../models/perceptual.ts";
import { trainingInputs } from "../models/training_pass.ts";
import { windowsOf } from "../models/windows.ts";
import type { LevelWindows } from "../labels/windows.ts";
import { Graph, Program, type Device, type HostArray, type Profile } from "../runtime/index.ts";
import { trainingMemory, type TrainingMemory } from "./memory.ts";
import { Moments } from "./moments.ts";
import { learningRates, type TrainConfig } from "./options.ts";
import { recordDiscriminatorStep, recordGeneratorStep, type Nets, type Step } from "./step.ts";

export interface Batch {
  labels: readonly LabelMap[];
  /** Left out: the label maps say where instances meet. */
  instances?: readonly LabelMap[];
  /** [N,H,W,3] in [-1,1] */
  image: Float32Array;
  /** [N, z_dim] normal values, for the G step and for the D step (nets with VAE). */
  epsG?: Float32Array;
  epsD?: Float32Array;
}

/** A batch with its label dictionary, ready for the device. */
export interface Prepared {
  readonly batch: Batch;
  readonly windows: readonly LevelWindows[];
}

export interface StepOptions {
  /** The published base rate of this epoch; the config's if left out. */
  lr?: number;
  /** False: the discriminator alone learns (D_steps_per_G). */
  generator?: boolean;
}

interface Recorded {
  plans: LevelPlan[];
  g: Program;
  d: Program;
  names: { g: string[]; d: string[] };
  memory: { G: TrainingMemory; D: TrainingMemory };
}

export class Stepper {
  /** In turns, so that a batch can be prepared while another one runs. */
  private readonly scratches = [new LevelsScratch(), new LevelsScratch()];
  readonly moments: { G: Moments[]; D: Moments[] };
  private recorded: Recorded | undefined;
  private frozen: Frozen | undefined;
  /** How label tables are made at every resolution: sums are cut by it, so that a resumed run goes on with it. */
  plans: LevelPlan[] = [];
  /** Steps of Adam taken. */
  readonly steps = { G: 0, D: 0 };

  constructor(
    readonly device: Device,
    readonly config: TrainConfig,
    readonly nets: Nets,
    readonly images: number,
  ) {
    const of = (name: "G" | "D" | "E"): Moments[] => (nets[name] ? [new Moments(device, nets[name], name)] : []);
    this.moments = { G: [...of("G"), ...of("E")], D: of("D") };
  }

  /** The dictionary of a batch: host work. A result is good until the call after the next one. */
  prepare(batch: Batch): Prepared {
    const scratch = this.scratches.reverse()[0];
    return { batch, windows: windowsOf(this.config, batch.labels, batch.instances ?? batch.labels, scratch) };
  }

  /** A G step and a D step. Gives the losses in the order of the published log. */
  async step({ batch, windows }: Prepared, options: StepOptions = {}): Promise<Record<string, number>> {
    const c = this.config;
    this.plans = windows.map((lw, i) => planLevel(lw, this.plans[i]));
    const { plans } = this;
    const { g, d, names } = await this.programs(plans);

    const rates = learningRates(c, options.lr);
    const common = { image: batch.image, codes: windows[windows.length - 1].codes, seed: Float32Array.of(1) };
    const eps = (values: Float32Array | undefined): Record<string, Float32Array> => (values ? { eps: values } : {});
    const run = async (program: Program, net: "G" | "D", own: Record<string, HostArray>): Promise<void> => {
      const { inputs, counts } = trainingInputs(c, plans, windows, { gradients: net === "G" });
      const factors = adamFactors(rates[net], ++this.steps[net], c.beta1, c.beta2);
      await program.run({ inputs: { ...inputs, ...common, ...own, factors }, counts });
    };
    const learns = options.generator ?? true;
    if (learns) await run(g, "G", eps(batch.epsG));
    await run(d, "D", eps(batch.epsD));
    const losses: Record<string, number> = {};
    if (learns) for (const name of names.g) losses[name] = (await g.read(name))[0];
    for (const name of names.d) losses[name] = (await d.read(name))[0];
    return losses;
  }

  /** Mean of the style of every real picture of the last G step, [N, z_dim] (nets with VAE). */
  mu(): Promise<Float32Array> {
    return this.recorded!.g.read("mu");
  }

  /** The picture of the last G step, [N,H,W,3]. */
  fake(): Promise<Float32Array> {
    return this.recorded!.g.read("fake");
  }

  /** Of the programs at hand; undefined before the first step. */
  get memory(): { G: TrainingMemory; D: TrainingMemory } | undefined {
    return this.recorded?.memory;
  }

  /** Times of every dispatch. Both programs run once more on the last batch: the nets take a step that `steps` does not count. */
  async profile(): Promise<{ G: Profile; D: Profile }> {
    const { g, d } = this.recorded!;
    return { G: await g.profile(), D: await d.profile() };
  }

  private async programs(plans: LevelPlan[]): Promise<Recorded> {
    const old = this.recorded;
    if (old?.plans.every((p, i) => p === plans[i])) return old;
    // Two programs' memory at once would be the peak.
    old?.g.dispose();
    old?.d.dispose();
    this.recorded = undefined;
    const { perceptual, ...trained } = this.nets;
    if (perceptual) this.frozen ??= await Frozen.prepare(perceptual, outputSize(this.config));
    const nets = { ...trained, perceptual: this.frozen };
    const compile = async (
      name: string,
      record: typeof recordGeneratorStep,
      moments: Moments[],
    ): Promise<{ program: Program; names: string[]; memory: TrainingMemory }> => {
      const graph = new Graph(this.device.target);
      const step: Step = record(graph, this.config, nets, plans, this.images, moments);
      for (const [loss, t] of step.losses) graph.output(loss, t);
      graph.output("fake", step.fake);
      if (step.style) graph.output("mu", step.style.mu);
      const program = await Program.compile(graph, this.device, { name });
      const memory = trainingMemory(graph, step, moments, program.memory);
      return { program, names: [...step.losses.keys()], memory };
    };
    const g = await compile("G step", recordGeneratorStep, this.moments.G);
    const d = await compile("D step", recordDiscriminatorStep, this.moments.D);
    const names = { g: g.names, d: d.names };
    return (this.recorded = { plans, g: g.program, d: d.program, names, memory: { G: g.memory, D: d.memory } });
  }

  dispose(): void {
    this.recorded?.g.dispose();
    this.recorded?.d.dispose();
    this.frozen?.dispose();
    for (const m of [...this.moments.G, ...this.moments.D]) m.dispose();
  }
}
