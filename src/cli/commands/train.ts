// train: shows the progress of a run, stops it on Ctrl-C, and prints how it ended. The training is in src/training/folder/trainer.ts.

import { counted, printable } from "../../runtime/errors.ts";
import type { TrainOptions } from "../../training/options.ts";
import type { Peers } from "../../training/peers/peers.ts";
import { train } from "../../training/folder/trainer.ts";
import type { TrainProgress, TrainResult, TrainUi } from "../../training/ui.ts";
import { due } from "../../training/loop.ts";
import { interruptible } from "../terminal/interrupt.ts";
import { openDeviceFor } from "../inputs/net.ts";
import { command } from "../terminal/command.ts";
import { quoted } from "../terminal/output.ts";
import type { Progress } from "../terminal/progress.ts";

/** "2 d 3 h", "1 h 20 min", "45 s". */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  const minutes = Math.round(s / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** "3.2 images/s, 1 h 20 min left, GAN 0.512, D_real 0.901" */
export function describeProgress(p: TrainProgress): string {
  const losses = Object.entries(p.losses).map(([name, value]) => `${name} ${value.toFixed(3)}`);
  const speed = `${p.imagesPerSecond.toPrecision(p.imagesPerSecond < 100 ? 2 : 3)} images/s`;
  return [speed, `${duration(p.secondsLeft)} left`, ...losses].join(", ");
}

/** A TrainUi that can say how the last step ended. */
export interface ShownTraining extends TrainUi {
  /** Prints the last step, unless its line is there; a terminal's bar is gone by then. */
  ended(): void;
}

/**
 * On a terminal: one bar per epoch, followed by speed, time left and losses. In a log: one line every print_freq pictures, beginning with
 * the first step. Before it, both show how many kernels are compiled.
 */
export function trainUi(
  { print_freq, batchSize }: Pick<TrainOptions, "print_freq" | "batchSize">,
  progress: Progress,
  signal: AbortSignal,
): ShownTraining {
  let steps = 0;
  let unsaid: string | undefined;
  return {
    signal,
    say: (line) => progress.say(line),
    compiling(net, done, total) {
      // Later on it is short, as most kernels are there: nothing for a log.
      if (steps > 0 && !progress.terminal) return;
      progress.update(`compiling the ${net} step`, done, total);
      if (done === total) progress.end();
    },
    progress(p) {
      const epoch = `epoch ${p.epoch}/${p.epochs}`;
      unsaid = `${epoch}, step ${p.step}/${p.steps}: ${describeProgress(p)}`;
      const first = steps++ === 0;
      if (progress.terminal) return progress.update(epoch, p.step, p.steps, describeProgress(p));
      const pictures = ((p.epoch - 1) * p.steps + p.step) * batchSize;
      if (!first && !due(pictures, print_freq, batchSize)) return;
      progress.say(unsaid);
      unsaid = undefined;
    },
    ended() {
      progress.end();
      if (unsaid !== undefined) progress.say(unsaid);
      unsaid = undefined;
    },
  };
}

/** Of a rank other than 0: only what no other one can say. */
const otherUi = (rank: number, signal: AbortSignal): ShownTraining => ({
  signal,
  say: (line) => void process.stderr.write(`rank ${rank}: ${printable(line)}\n`),
  progress: () => undefined,
  ended: () => undefined,
});

const CONTINUE = /^--(no[-_])?continue[-_]train(=|$)/i;

const MOST_STEPS = /^--max[-_]steps(=|$)/i;
const FROM = /^--which[-_]epoch(=|$)/i;

/**
 * The command that resumes a run. Leaves out --which_epoch, so that it goes on from the latest, and --max_steps if that limit was reached.
 * @param args the arguments after `train` that the run was started with
 */
export function resumeCommand(args: readonly string[], reason: TrainResult["reason"]): string {
  const behind = reason === "max_steps" ? [CONTINUE, FROM, MOST_STEPS] : [CONTINUE, FROM];
  const gone = (arg: string): boolean => behind.some((option) => option.test(arg));
  const rest = args.filter(
    (arg, i) => !gone(arg) && !(i > 0 && gone(args[i - 1]) && !args[i - 1].includes("=") && !arg.startsWith("-")),
  );
  return [command(), "train", ...rest.map(quoted), "--continue_train"].join(" ");
}

const REASONS: Record<TrainResult["reason"], string> = {
  done: "done",
  max_steps: "stopped by --max_steps",
  max_minutes: "stopped by --max_minutes",
  signal: "stopped",
};

/** "done after 1 step"; where nothing was left to do, what to raise. */
export function ending(
  o: Pick<TrainOptions, "niter" | "niter_decay" | "max_steps">,
  reason: TrainResult["reason"],
  steps: number,
): string {
  const epochs = o.niter + o.niter_decay;
  if (reason === "done" && steps === 0) {
    const all = epochs === 1 ? "the one epoch is" : `all ${epochs} epochs are`;
    const decay = o.niter_decay ? ` or --niter_decay (now ${o.niter_decay})` : "";
    return `${all} done; for more raise --niter (now ${o.niter})${decay}`;
  }
  if (reason === "max_steps" && steps === 0)
    return `${counted(o.max_steps, "step is", "steps are")} done, as --max_steps says; for more raise it or leave it out`;
  return `${REASONS[reason]} after ${counted(steps, "step")}`;
}

/** Trains until the end, a limit or a signal, with the other ranks of an mpirun if there are any; gives the lines to print. */
export async function trainCommand(
  options: TrainOptions,
  args: readonly string[],
  progress: Progress,
  peers?: Peers,
): Promise<string[]> {
  const { reason, steps, folder } = await interruptible(
    "finishing the step, saving",
    (line) => progress.say(line),
    (signal) => {
      const ui = peers?.rank ? otherUi(peers.rank, signal) : trainUi(options, progress, signal);
      return train(options, ui, (plan) => openDeviceFor(progress, plan), peers).finally(() => ui.ended());
    },
  );
  const lines = [`${ending(options, reason, steps)}: ${folder}`];
  const mpirun = peers ? `mpirun -np ${peers.ranks} ` : "";
  if (reason !== "done") lines.push(`to go on: ${mpirun}${resumeCommand(args, reason)}`);
  return lines;
}
