// What a run that goes on keeps from its beginning, and what its options may not change.

import { join } from "node:path";
import { kindOf, outputSize } from "../../models/kinds.ts";
import type { StateSource } from "../../models/weights/parameters.ts";
import { foreign, SpadeError } from "../../runtime/errors.ts";
import { SMALL } from "../../painting/choose_room.ts";
import type { TrainOptions } from "../options.ts";
import { SHOWN_BY_KEYS, type SavedTraining } from "../saved_net.ts";
import { hasLevels, type SavedState } from "../state.ts";
import { OLD_SQUEEZENET_SCALE } from "../step/losses.ts";

/** The options of a run that goes on: it keeps its squeezenet_scale. */
export function goingOn(
  given: TrainOptions,
  from: Pick<SavedTraining, "squeezenet_scale"> | undefined,
  say: (line: string) => void,
): TrainOptions {
  const { squeezenet_scale } = from ?? given;
  if (squeezenet_scale !== given.squeezenet_scale && !given.no_vgg_loss && !given.vgg_weights)
    say(
      `note: the run keeps its squeezenet_scale of ${squeezenet_scale}${squeezenet_scale === OLD_SQUEEZENET_SCALE ? ", as before version 0.8" : ""}; --lambda_vgg changes the weight of the loss`,
    );
  return { ...given, squeezenet_scale };
}

/**
 * A state without table rooms if its steps had another number of pictures than `images`: a rank's rooms are for its part of the batch.
 */
export function withRoomsFor<S extends Pick<SavedState, "stepper">>(saved: S, images: number): S {
  const { plans } = saved.stepper;
  // Rooms of large levels that are looked up say nothing of that.
  const told = plans.filter(({ h, w, mode }) => h * w <= SMALL || mode === "dense");
  const same = told.every(({ h, w, inner }) => inner.capacity === images * h * w + 1);
  return same ? saved : { ...saved, stepper: { ...saved.stepper, plans: [] } };
}

/** How to begin another run with the nets of this one. */
const anew = (o: TrainOptions): string =>
  `give the options that the run began with, or begin another with its nets: --name OTHER --init_from ${foreign(join(o.checkpoints_dir, o.name, "latest_net_G.safetensors"), 300)}`;

/** @throws SpadeError usage: the state is of pictures of another size */
export function checkLevels(o: TrainOptions, { stepper: { plans } }: Pick<SavedState, "stepper">): void {
  if (!plans.length || hasLevels(plans, kindOf(o).levels(o))) return;
  const { h, w } = outputSize(o);
  const was = plans.at(-1)!;
  throw new SpadeError(
    "usage",
    `--continue_train with --crop_size ${o.crop_size}, --aspect_ratio ${o.aspect_ratio}`,
    `makes pictures of ${w}x${h}, and the run has ${was.w === w && was.h === h ? "other levels (--num_upsampling_layers)" : `${was.w}x${was.h}`}`,
    anew(o),
  );
}

/** @throws SpadeError usage: the run's generator (tensors of `shapes`) has noise or positions, and the options have none */
export function checkNoise(o: TrainOptions, shapes: StateSource["shapes"]): void {
  for (const [option, what] of [
    ["add_noise", "noise"],
    ["add_dist", "positions"],
  ] as const)
    if (!o[option] && [...shapes.keys()].some((key) => SHOWN_BY_KEYS[option].test(key)))
      throw new SpadeError(
        "usage",
        `--continue_train without --${option}`,
        `leaves out the ${what} that the run's generator has`,
        anew(o),
      );
}

/** Says of a net that does not fit the options of a run that goes on what to do; other errors pass. */
export function explainShape(o: TrainOptions, error: unknown): unknown {
  if (!(error instanceof SpadeError) || error.code !== "shape") return error;
  return new SpadeError("usage", `--continue_train, ${error.where}`, error.problem, anew(o), error);
}
