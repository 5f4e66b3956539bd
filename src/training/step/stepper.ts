// Runs training steps: label maps and photographs in, losses out. Programs are recorded once, and again when a batch's label tables exceed
// their capacity (then with more room) or change their mode.

import { mapPositions } from "../../models/clade/layers.ts";
import { trainingKindOf } from "../../models/training_kinds.ts";
import { adamFactors } from "../../../kernels/optim/adam.ts";
import { emaFactors } from "../../../kernels/optim/ema.ts";
import { LevelsScratch } from "../../labels/levels.ts";
import type { LabelMap } from "../../labels/label_map.ts";
import type { TableRoom } from "../../models/nets/table_room.ts";
import { useHalves } from "../../models/weights/halves.ts";
import { outputSize } from "../../models/kinds.ts";
import { trainingRoomFor } from "../../painting/choose_room.ts";
import { Frozen } from "../../models/nets/perceptual.ts";
import { windowsOf } from "../../painting/windows.ts";
import type { LevelWindows } from "../../labels/windows.ts";
import {
  exchanging,
  Graph,
  profileProgram,
  Program,
  type Device,
  type Profile,
  type RunOptions,
} from "../../runtime/index.ts";
import { LossScale, type LossScaleState } from "./loss_scale.ts";
import { trainingMemory, type TrainingMemory } from "./memory.ts";
import { Moments } from "./moments.ts";
import { adamBetas, learningRates, type TrainConfig } from "../options.ts";
import {
  lateKeys,
  recordDiscriminatorStep,
  recordGeneratorStep,
  type Nets,
  type Step,
  type StepOptions,
} from "./step.ts";

export interface Batch {
  labels: readonly LabelMap[];
  /** Left out: edges come from the label maps. */
  instances?: readonly LabelMap[];
  /** [N,H,W,2] of a net with add_dist. Left out: positions are those of the label maps. */
  positions?: Float32Array;
  /** [N,H,W,3] in [-1,1] */
  image: Float32Array;
  /** [N, z_dim] normal values, for the G step and for the D step (nets with VAE). */
  epsG?: Float32Array;
  epsD?: Float32Array;
  /** Seeds of the planes of the G step and of the D step (nets with add_noise), one for all peers: each takes its part of the planes. */
  noiseG?: number;
  noiseD?: number;
  /** The planes themselves, as inputs of the G step and of the D step (StepOptions.planes "given"). */
  planesG?: Readonly<Record<string, Float32Array>>;
  planesD?: Readonly<Record<string, Float32Array>>;
}

/** A batch with its label dictionary, ready for the device. */
export interface Prepared {
  readonly batch: Batch;
  readonly windows: readonly LevelWindows[];
}

export interface StepArgs {
  /** The epoch's base rate; config.lr if left out. */
  lr?: number;
  /** Weight of the old average of G; options.average.decay if left out. */
  decay?: number;
  /** False: the discriminator alone learns (D_steps_per_G). */
  generator?: boolean;
}

interface Compiled {
  program: Program;
  /** Names, in the order of the published log. */
  losses: string[];
  memory: TrainingMemory;
  /** It has run, so its outputs are valid. */
  ran: boolean;
}

interface Recorded {
  plans: TableRoom[];
  G: Compiled;
  D: Compiled;
}

/** What a checkpoint stores besides parameters and moments. */
export interface StepperState {
  /** Table rooms; they decide how sums over labels are split, so a resumed run needs the same ones. */
  plans: TableRoom[];
  adam: { G: number; D: number };
  /** Of parameters that a batch may not reach: Adam's steps before the first one that reached them. */
  started?: Record<string, number>;
  /** Only with f16. */
  lossScale?: { G: LossScaleState; D: LossScaleState };
}

export class Stepper {
  /** Used in turns, so that a batch can be prepared while another one runs. */
  private readonly scratches = [new LevelsScratch(), new LevelsScratch()];
  readonly moments: { G: Moments[]; D: Moments[] };
  private recorded: Recorded | undefined;
  private frozen: Frozen | undefined;
  /** Rooms of the label tables, one per resolution. */
  private plans: TableRoom[] = [];
  private readonly scales: { G: LossScale; D: LossScale } | undefined;
  /** Nets with a gradient in the last step that is not finite; the step changed none of their parameters. */
  overflowed: ("G" | "D")[] = [];
  /** Hears of the kernels of a step that compile: those done, of how many. */
  onCompile?: (net: "G" | "D", done: number, total: number) => void;
  /** Steps of each net, with those skipped for overflow. */
  private readonly steps = { G: 0, D: 0 };
  /** As StepperState's `started`. */
  private readonly started = new Map<string, number>();

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

  /** Builds the dictionary of a batch on the host. A result is valid until the call after the next one. */
  prepare(batch: Batch): Prepared {
    const scratch = this.scratches.reverse()[0];
    const windows = windowsOf(this.config, batch.labels, batch.instances ?? batch.labels, scratch);
    const positions = batch.positions ?? (this.config.add_dist ? mapPositions(windows[windows.length - 1]) : undefined);
    return { batch: { ...batch, positions }, windows };
  }

  /**
   * Runs a G step and a D step. Returns the losses in the order of the published log. A step with a gradient that is not finite changes no
   * parameter and is listed in `overflowed`.
   */
  async step(prepared: Prepared, { generator = true, ...rates }: StepArgs = {}): Promise<Record<string, number>> {
    const { peers } = this.options;
    const windows = (await peers?.largest(prepared.windows)) ?? prepared.windows;
    this.plans = windows.map((lw, i) => trainingRoomFor(lw, this.plans[i]));
    const compiled = await this.programs(this.plans);
    const nets = generator ? (["G", "D"] as const) : (["D"] as const);
    for (const net of nets) {
      this.steps[net]++;
      if (net === "G") await this.begin(prepared.windows, this.steps.G - (this.scales?.G.skipped ?? 0));
      await compiled[net].program.run(this.runOptions(net, prepared, rates));
      compiled[net].ran = true;
    }
    const losses: Record<string, number> = {};
    this.overflowed = [];
    // They wait for the device together.
    const read = nets.map((net) => {
      const { program, losses: names } = compiled[net];
      return Promise.all(["overflow", ...names].map(async (name) => [name, (await program.read(name))[0]] as const));
    });
    for (const [i, [[, overflow], ...given]] of (await Promise.all(read)).entries()) {
      Object.assign(losses, Object.fromEntries(given));
      if (overflow !== 0) this.overflowed.push(nets[i]);
      this.scales?.[nets[i]].after(overflow !== 0);
    }
    return losses;
  }

  /** Inputs and counts of a net's program for a batch. */
  runOptions(
    net: "G" | "D",
    { batch, windows }: Prepared,
    { lr, decay }: Pick<StepArgs, "lr" | "decay"> = {},
  ): RunOptions {
    const c = this.config;
    const noise = net === "G" ? batch.noiseG : batch.noiseD;
    const kind = trainingKindOf(c);
    const { inputs, counts } = kind.trainingInputs(c, this.plans, windows, {
      ...{ gradients: net === "G", noise, positions: batch.positions },
    });
    const { scale, skipped } = this.scales?.[net] ?? { scale: 1, skipped: 0 };
    const rate = learningRates(c, lr)[net];
    const eps = net === "G" ? batch.epsG : batch.epsD;
    const { exchange, average, peers } = this.options;
    return {
      inputs: {
        ...inputs,
        ...(exchange && inputs.noise && { noise: Int32Array.of(...inputs.noise, peers?.rank ?? 0) }),
        image: batch.image,
        codes: windows[windows.length - 1].codes,
        ...(eps ? { eps } : {}),
        ...(average && net === "G" ? { decay: emaFactors(decay ?? average.decay) } : {}),
        seed: Float32Array.of(scale),
        ...(net === "G" ? batch.planesG : batch.planesD),
        ...this.factors(net, rate, this.steps[net] - skipped, scale),
      },
      counts,
      exchange: exchange && exchanging(exchange),
    };
  }

  /** What Adam reads of a net's step: `factors`, and one row for each parameter that counts its own steps. */
  private factors(net: "G" | "D", rate: number, step: number, scale: number): Record<string, Float32Array> {
    const { beta1, beta2 } = adamBetas(this.config);
    const of = (t: number): Float32Array => adamFactors(rate, t, beta1, beta2, 1 / scale);
    const late = this.moments[net].flatMap((m) => lateKeys(this.config, m));
    if (!late.length) return { factors: of(step) };
    const rows = new Float32Array(4 * late.length);
    late.forEach((key, i) => rows.set(of(step - (this.started.get(key) ?? step - 1)), 4 * i));
    return { factors: of(step), "late factors": rows };
  }

  /** Notes the parameters that a batch reaches first. */
  private async begin(windows: readonly LevelWindows[], step: number): Promise<void> {
    const { late } = trainingKindOf(this.config);
    if (!late) return;
    const first = [...late.reached(this.config, windows)].filter((key) => !this.started.has(key));
    for (const key of (await this.options.peers?.union(first)) ?? first) this.started.set(key, step - 1);
  }

  /** Records a net's step with the current table rooms. */
  async record(net: "G" | "D"): Promise<{ graph: Graph; step: Step }> {
    const { perceptual, ...trained } = this.nets;
    if (perceptual) this.frozen ??= await Frozen.prepare(perceptual, outputSize(this.config));
    const nets = { ...trained, perceptual: this.frozen };
    const graph = new Graph(this.device.target, { peers: !!this.options.exchange });
    const record = net === "G" ? recordGeneratorStep : recordDiscriminatorStep;
    return { graph, step: record(graph, this.config, nets, this.plans, this.images, this.moments[net], this.options) };
  }

  /** What the encoder gave for every real picture of the last G step, those of all peers: mu, [N, z_dim] (nets with VAE), or codes of regions, [N, labels, style_length]. */
  async mu(): Promise<Float32Array> {
    const mu = await this.recorded!.G.program.read("mu");
    return this.options.peers?.gatherRows(mu) ?? mu;
  }

  /** The pictures painted in the last G step, [N,H,W,3]. */
  fake(): Promise<Float32Array> {
    return this.recorded!.G.program.read("fake");
  }

  /** f16: a net overflowed, and its loss scale is now at the minimum. */
  get scaleIsSpent(): boolean {
    return this.overflowed.some((net) => this.scales?.[net].spent);
  }

  /** Frees the programs; the next step records them again. */
  release(): void {
    this.recorded?.G.program.dispose();
    this.recorded?.D.program.dispose();
    this.recorded = undefined;
  }

  get state(): StepperState {
    const { plans, steps, scales, started } = this;
    const late = trainingKindOf(this.config).late ? { started: Object.fromEntries(started) } : {};
    return {
      plans,
      adam: { ...steps },
      ...late,
      ...(scales ? { lossScale: { G: scales.G.state, D: scales.D.state } } : {}),
    };
  }

  /** Call it before the first step. */
  restore({ plans, adam, started, lossScale }: StepperState): void {
    this.plans = plans;
    for (const [key, steps] of Object.entries(started ?? {})) this.started.set(key, steps);
    Object.assign(this.steps, adam);
    if (!this.scales || !lossScale) return;
    this.scales.G.restore(lossScale.G);
    this.scales.D.restore(lossScale.D);
  }

  /** Memory of the current programs; undefined before the first step. */
  get memory(): { G: TrainingMemory; D: TrainingMemory } | undefined {
    return this.recorded && { G: this.recorded.G.memory, D: this.recorded.D.memory };
  }

  /** Times every dispatch by running each program again on its last batch: the nets take one more step, which is not counted. */
  async profile(): Promise<Profile[]> {
    const ran = this.recorded ? [this.recorded.G, this.recorded.D].filter((c) => c.ran) : [];
    const profiles: Profile[] = [];
    for (const { program } of ran) profiles.push(await profileProgram(program));
    return profiles;
  }

  private async programs(plans: TableRoom[]): Promise<Recorded> {
    const old = this.recorded;
    if (old?.plans.every((p, i) => p === plans[i])) return old;
    // Free the old programs first: old and new ones together would be the peak of memory.
    this.release();
    const { G, D, E } = this.nets;
    if (!old && this.scales) for (const p of [G, D, E]) if (p) await useHalves(p);
    return (this.recorded = { plans, G: await this.compile("G"), D: await this.compile("D") });
  }

  private async compile(net: "G" | "D"): Promise<Compiled> {
    const { graph, step } = await this.record(net);
    for (const [loss, t] of step.losses) graph.output(loss, t);
    graph.output("fake", step.fake);
    graph.output("overflow", step.overflow);
    const styles = step.regionCodes ?? step.style?.mu;
    if (styles) graph.output("mu", styles);
    const onProgress = (done: number, total: number): void => this.onCompile?.(net, done, total);
    const program = await Program.compile(graph, this.device, { name: `${net} step`, onProgress });
    const memory = trainingMemory(graph, step, this.moments[net], program.memory);
    return { program, losses: [...step.losses.keys()], memory, ran: false };
  }

  dispose(): void {
    this.release();
    this.frozen?.dispose();
    for (const m of [...this.moments.G, ...this.moments.D]) m.dispose();
  }
}
