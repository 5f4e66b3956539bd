// The interface between a run and its caller: lines and progress out, a stop signal in. The trainer itself uses no terminal and no process signals.

export interface TrainProgress {
  /** From 1. */
  epoch: number;
  epochs: number;
  /** Steps of this epoch, from 1. */
  step: number;
  steps: number;
  /** Weighted, under the published names (GAN, GAN_Feat, VGG, KLD, D_Fake, D_real). */
  losses: Readonly<Record<string, number>>;
  imagesPerSecond: number;
  /** Until the run ends. */
  secondsLeft: number;
}

export interface TrainUi {
  say(line: string): void;
  progress(p: TrainProgress): void;
  /** Kernels of the step of a net that are compiled, of how many: before the first step, and when label tables grow. */
  compiling?(net: "G" | "D", done: number, total: number): void;
  /** SIGINT, SIGTERM and SIGHUP abort it: the run then finishes the step, saves and returns. */
  readonly signal: AbortSignal;
}

export interface TrainResult {
  /** Why the run ended. After "done" nothing is left to resume. */
  reason: "done" | "max_steps" | "max_minutes" | "signal";
  /** Steps of this call, without those before a resume. */
  steps: number;
  /** checkpoints_dir/name. */
  folder: string;
}
