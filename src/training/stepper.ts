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
import { Graph, Program, type Device } from "../runtime/index.ts";
import { LossScale, type LossScaleState } from "./loss_scale.ts";
import { trainingMemory, type TrainingMemory } from "./memory.ts";
import { Moments } from "./moments.ts";
import { learningRates, type TrainConfig } from "./options.ts";
import { recordDiscriminatorStep, recordGeneratorStep, type Nets, type Step, type StepOptions } from "./step.ts";

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

interface Recorded {
  plans: LevelPlan[];
  g: Program;
  d: Program;
  names: { g: string[]; d: string[] };
  memory: { G: TrainingMemory; D: TrainingMemory };
}

/** What a checkpoint keeps beside parameters and moments. */
export interface StepperState {
  /** f16 alone. */
  lossScale?: { G: LossScaleState; D: LossScaleState };
}

export class Stepper {
  private readonly scratch = new LevelsScratch();
  private readonly moments: { G: Moments[]; D: Moments[] };
  private recorded: Recorded | undefined;
  private frozen: Frozen | undefined;
  private readonly scales: { G: LossScale; D: LossScale } | undefined;
  /** Steps of Adam taken. */
  steps = 0;

  constructor(
    readonly device: Device,
    readonly config: TrainConfig,
    readonly nets: Nets,
    readonly images: number,
    readonly options: StepOptions = {},
  ) {
    if (options.dtype === "f16") this.scales = { G: new LossScale(), D: new LossScale() };
    const of = (name: "G" | "D" | "E"): Moments[] => (nets[name] ? [new Moments(device, nets[name], name)] : []);
    this.moments = { G: [...of("G"), ...of("E")], D: of("D") };
  }

  /** One G step and one D step. `lr` is the published base rate of this epoch. Gives the losses in the order of the published log. */
  async step(batch: Batch, lr = this.config.lr): Promise<Record<string, number>> {
    const c = this.config;
    const windows = windowsOf(c, batch.labels, batch.instances ?? batch.labels, this.scratch);
    const plans = windows.map((lw, i) => planLevel(lw, this.recorded?.plans[i]));
    const { g, d, names } = await this.programs(plans);

    const rates = learningRates(c, lr);
    const t = ++this.steps;
    const common = { image: batch.image, codes: windows[windows.length - 1].codes };
    const factors = (net: "G" | "D"): Record<string, Float32Array> => {
      const { scale, skipped } = this.scales?.[net] ?? { scale: 1, skipped: 0 };
      return {
        seed: Float32Array.of(scale),
        factors: adamFactors(rates[net], t - skipped, c.beta1, c.beta2, 1 / scale),
      };
    };
    const eps = (values: Float32Array | undefined): Record<string, Float32Array> => (values ? { eps: values } : {});
    const forG = trainingInputs(c, plans, windows, { gradients: true });
    await g.run({
      inputs: { ...forG.inputs, ...common, ...eps(batch.epsG), ...factors("G") },
      counts: forG.counts,
    });
    const forD = trainingInputs(c, plans, windows);
    await d.run({
      inputs: { ...forD.inputs, ...common, ...eps(batch.epsD), ...factors("D") },
      counts: forD.counts,
    });
    const losses: Record<string, number> = {};
    for (const name of names.g) losses[name] = (await g.read(name))[0];
    for (const name of names.d) losses[name] = (await d.read(name))[0];
    if (this.scales) {
      this.scales.G.after((await g.read("overflow"))[0] !== 0);
      this.scales.D.after((await d.read("overflow"))[0] !== 0);
    }
    return losses;
  }

  /** The picture of the last G step, [N,H,W,3]. */
  fake(): Promise<Float32Array> {
    return this.recorded!.g.read("fake");
  }

  get state(): StepperState {
    return this.scales ? { lossScale: { G: this.scales.G.state, D: this.scales.D.state } } : {};
  }

  restore({ lossScale }: StepperState): void {
    if (!this.scales || !lossScale) return;
    this.scales.G.restore(lossScale.G);
    this.scales.D.restore(lossScale.D);
  }

  /** Of the programs at hand; undefined before the first step. */
  get memory(): { G: TrainingMemory; D: TrainingMemory } | undefined {
    return this.recorded?.memory;
  }

  private async programs(plans: LevelPlan[]): Promise<Recorded> {
    const old = this.recorded;
    if (old?.plans.every((p, i) => p === plans[i])) return old;
    const { perceptual, ...trained } = this.nets;
    if (perceptual) this.frozen ??= await Frozen.prepare(perceptual, outputSize(this.config));
    const nets = { ...trained, perceptual: this.frozen };
    if (!old && this.scales) for (const p of [trained.G, trained.D, trained.E]) await p?.useHalves();
    const compile = async (
      name: string,
      record: typeof recordGeneratorStep,
      moments: Moments[],
    ): Promise<{ program: Program; names: string[]; memory: TrainingMemory }> => {
      const graph = new Graph(this.device.target);
      const step: Step = record(graph, this.config, nets, plans, this.images, moments, this.options);
      for (const [loss, t] of step.losses) graph.output(loss, t);
      graph.output("fake", step.fake);
      if (step.overflow) graph.output("overflow", step.overflow);
      const program = await Program.compile(graph, this.device, { name });
      const memory = trainingMemory(graph, step, moments, program.memory);
      return { program, names: [...step.losses.keys()], memory };
    };
    const g = await compile("G step", recordGeneratorStep, this.moments.G);
    const d = await compile("D step", recordDiscriminatorStep, this.moments.D);
    old?.g.dispose();
    old?.d.dispose();
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
