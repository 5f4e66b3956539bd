// What a training begins with: the file `from`, a generator or a checkpoint.

import type { Checkpoint } from "../formats/checkpoint.ts";
import { kindOf } from "../models/kinds.ts";
import { parseLabels, type Label } from "../pictures/label_names.ts";
import { SpadeError } from "../runtime/errors.ts";
import type { Host, Weights } from "../session/host.ts";
import type { TrainOptions } from "../training/options.ts";
import { SHOWN_BY_KEYS } from "../training/saved_net.ts";
import { hasLevels, type SavedState } from "../training/state.ts";
import { hasItsChecksum, savedFields } from "../training/state_check.ts";
import { storedOptions, type Begun } from "./options.ts";

/** A file, opened. */
export interface Opened {
  readonly weights: Weights;
  readonly checkpoint: Checkpoint;
}

/** What `from` is: its options, its labels, the state to go on with. */
export interface Beginning extends Begun {
  readonly labels?: readonly Label[];
  readonly saved?: SavedState;
}

export const NOTHING: Beginning = { kind: "nothing", options: {} };

/** @throws SpadeError file: neither a generator nor a checkpoint, or damaged */
export async function whatBegins(
  { format }: Pick<Host, "format">,
  { checkpoint, weights }: Opened,
): Promise<Beginning> {
  const { metadata } = checkpoint;
  if (metadata.run === undefined) {
    const { config, labels, guessed } = format.describe(checkpoint, { weights: "from" });
    return { kind: "generator", options: config, labels, guessed };
  }
  await weights.finished;
  if (metadata.sha256 !== undefined)
    throw damaged("is a state of version 0.5", "go on with spade-webgpu train --continue_train, which writes new ones");
  if (!(await hasItsChecksum(weights, metadata))) throw damaged("is damaged: its checksum is another one");
  const fields = savedFields(metadata.run);
  if (typeof fields === "string") throw damaged(fields);
  const labels = metadata.labels === undefined ? undefined : parseLabels(metadata.labels, "from, metadata labels");
  // As files hold nothing of what is ours and off, and states of the command hold no options.
  const has = (key: RegExp): boolean => checkpoint.names().some((name) => name.startsWith("G.") && key.test(name));
  const add_noise = has(SHOWN_BY_KEYS.add_noise);
  const add_dist = has(SHOWN_BY_KEYS.add_dist);
  const options = {
    add_noise,
    add_dist,
    ...storedOptions(metadata.options),
    squeezenet_scale: fields.squeezenet_scale,
  };
  return { kind: "checkpoint", options, labels, saved: { ...fields, checkpoint } };
}

const damaged = (problem: string, fix = "go on from another checkpoint"): SpadeError =>
  new SpadeError("file", "from", problem, fix);

/** Checks that a state's table rooms are those of the nets: of their sizes, and no larger than any map needs. @throws SpadeError file */
export function checkRooms({ saved }: Beginning, o: TrainOptions): void {
  if (!saved?.stepper.plans.length) return;
  const small = saved.stepper.plans.every(({ h, w, inner, outer }) => {
    const most = 2 * (o.batchSize * h * w + 1);
    return inner.capacity <= most && outer.capacity <= most;
  });
  if (!small || !hasLevels(saved.stepper.plans, kindOf(o).levels(o))) throw damaged("has table rooms of other nets");
}
