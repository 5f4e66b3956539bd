// Which size of a training fits this machine's adapter, and what that and the published size take.

import { totalmem } from "node:os";
import { datasetDefaults, type DataOptions } from "../../datasets/options.ts";
import { outputSize } from "../../models/kinds.ts";
import { counted, foreign, SpadeError } from "../../runtime/errors.ts";
import type { Target } from "../../runtime/index.ts";
import { checkNets, withDefaults } from "../../training/option_values.ts";
import type { TrainOptions } from "../../training/options.ts";
import { estimateTraining } from "../../training/step/estimate.ts";
import { duration } from "../commands/train.ts";

/** An adapter, as far as it matters here. */
export interface Machine {
  readonly name: string;
  readonly software: boolean;
  readonly target: Target;
  /** Floating-point operations a second, as convolutionSpeed measures them. */
  readonly speed: number;
}

/**
 * How much faster than the measured convolutions a step does the operations that it records, which count label tables of usual size and so
 * more than most maps need. On lavapipe (2 cores): 1.2 with ngf 64 at 256x256 and 1.1 to 1.3 with ngf 16 at 128x128, batches of 1; 1.5 to 1.9
 * with ngf 16, batches of 2 and 4. No GPU was measured.
 */
const STEP_SPEED = 1.3;

/** What a CPU trains: a step in seconds, a net in days. */
const SMALL = { ngf: 16, ndf: 16 } as const;
const SMALL_SIDE = 128;
/** Beside crop_size 128, about as 286 is beside 256. */
const SMALL_LOAD = 144;

export type Size = Partial<Pick<TrainOptions, "ngf" | "ndf" | "crop_size" | "load_size" | "num_upsampling_layers">>;

/** The options of a size for a CPU; those of pictures only where the user has given none, and the mode of preprocessing has a fixed size. */
export function smallSize(
  given: Readonly<Partial<DataOptions>>,
  o: Pick<DataOptions, "dataset_mode" | "preprocess_mode" | "crop_size">,
): Size {
  const chosen = (["crop_size", "load_size", "aspect_ratio"] as const).some((name) => given[name] !== undefined);
  const crops = o.preprocess_mode.endsWith("_and_crop");
  if (chosen || !(crops || o.preprocess_mode === "fixed") || o.crop_size <= SMALL_SIDE) return SMALL;
  const { num_upsampling_layers = "normal" } = datasetDefaults(o.dataset_mode);
  return {
    ...SMALL,
    crop_size: SMALL_SIDE,
    ...(crops ? { load_size: SMALL_LOAD } : {}),
    ...(num_upsampling_layers === "normal" ? {} : { num_upsampling_layers: "normal" }),
  };
}

const memory = (bytes: number): string =>
  bytes < 2 ** 30 ? `${(bytes / 2 ** 20).toFixed(0)} MiB` : `${(bytes / 2 ** 30).toFixed(1)} GiB`;
const time = (seconds: number): string => (seconds < 10 ? `${Number(seconds.toPrecision(2))} s` : duration(seconds));

interface Described {
  readonly text: string;
  /** The adapter's limits allow it. */
  readonly fits: boolean;
}

/** "ngf 16 at 128x128, batches of 1: about 300 MiB, 1.2 s a step, 25 min an epoch of 1,200 steps" */
function describe(o: TrainOptions, pairs: number, { target, speed, software }: Machine): Described {
  let what = `ngf ${o.ngf}`;
  try {
    checkNets(o);
    const { h, w } = outputSize(o);
    what += ` at ${w}x${h}, batches of ${o.batchSize}`;
    const { bytes, flops } = estimateTraining(target, o);
    const step = flops / (STEP_SPEED * speed);
    const steps = Math.floor(pairs / o.batchSize);
    const epoch = steps > 0 ? `, ${time(steps * step)} an epoch of ${counted(steps, "step")}` : "";
    const much = software && bytes > totalmem() ? `, more than this machine has (${memory(totalmem())})` : "";
    return { text: `${what}: about ${memory(bytes)}${much}, ${time(step)} a step${epoch}`, fits: true };
  } catch (error) {
    if (!(error instanceof SpadeError)) throw error;
    return { text: `${what}: does not fit, ${error.where} ${error.problem}`, fits: false };
  }
}

/** The size to propose, and lines about it and the published one. @param o the data set's options, with the labels that were found */
export function proposeSize(
  given: Readonly<Partial<DataOptions>>,
  o: DataOptions,
  pairs: number,
  machine: Machine,
): { size: Size; lines: string[] } {
  const published = withDefaults(o);
  const large = describe(published, pairs, machine);
  const size = machine.software || !large.fits ? smallSize(given, o) : undefined;
  const row = (name: string, text: string): string => `${name.padEnd(14)} ${text}`;
  const lines = [row("adapter", `${foreign(machine.name)}${machine.software ? ": the CPU" : ""}`)];
  lines.push(row("proposed size", (size ? describe({ ...published, ...size }, pairs, machine) : large).text));
  if (size) lines.push(row("", large.text));
  return { size: size ?? {}, lines };
}
