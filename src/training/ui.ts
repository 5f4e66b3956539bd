// What a training run tells whoever watches it, and how it is told to stop: the trainer knows neither terminals nor signals.

export interface TrainProgress {
  /** From 1. */
  epoch: number;
  epochs: number;
  /** Steps of this epoch, from 1. */
  step: number;
  steps: number;
  /** By their published names (GAN, GAN_Feat, VGG, KLD, D_Fake, D_real), with their weights. */
  losses: Readonly<Record<string, number>>;
  imagesPerSecond: number;
  /** To the end of the run. */
  secondsLeft: number;
}

export interface TrainUi {
  say(line: string): void;
  progress(p: TrainProgress): void;
  /** Aborted by SIGINT, SIGTERM and SIGHUP: finish the step, save, return. */
  readonly signal: AbortSignal;
}

export interface TrainResult {
  /** Why the run ended. Only "done" has nothing left to resume. */
  reason: "done" | "max_steps" | "max_minutes" | "signal";
  /** Of this run. */
  steps: number;
  /** checkpoints_dir/name. */
  folder: string;
}
