// A run's state, from which it resumes bit for bit: nets, Adam's moments, position in its data, rooms of the label tables, styles. One
// safetensors file with a checksum (state_check.ts).

import { toF32 } from "../formats/tensors.ts";
import type { Checkpoint } from "../formats/checkpoint.ts";
import { isTrained } from "../models/weights/packing.ts";
import type { StateSource } from "../models/weights/parameters.ts";
import { TensorReads } from "../models/weights/tensor_reads.ts";
import { SpadeError } from "../runtime/errors.ts";
import type { Position } from "./position.ts";
import type { RunParts } from "./run.ts";
import type { StateTensor, StateTensors } from "./saved_net.ts";
import type { SavedFields } from "./state_check.ts";
import type { Nets } from "./step/step.ts";
import type { Stepper, StepperState } from "./step/stepper.ts";
import type { TrainedStyles } from "./styles.ts";

/** A run's state on the host. */
export interface Snapshot {
  readonly position: Position;
  /** Keys and values of every net, by role. */
  readonly nets: ReadonlyMap<string, StateTensors>;
  /** All tensors of the state's file: nets as ROLE.KEY, moments as ROLE.KEY.adam_m and .adam_v, styles. */
  readonly tensors: StateTensors;
  readonly metadata: Readonly<Record<string, string>>;
}

const ROLES = ["G", "D", "E"] as const;
/** Generator, discriminator, encoder. */
export type Role = (typeof ROLES)[number];
/** The role of G's moving average in a state's keys and in file names. */
export const AVERAGE = "G_ema";

/** Reads everything back from the device. */
export async function takeSnapshot(
  stepper: Stepper,
  { nets, styles, average, position, losses }: Pick<RunParts, "nets" | "styles" | "average" | "position" | "losses">,
): Promise<Snapshot> {
  const tensors = new Map<string, StateTensor>();
  const moments = [...stepper.moments.G, ...stepper.moments.D];
  const saved = new Map<string, StateTensors>();
  const reads = new TensorReads();
  for (const [role, p] of Object.entries({ G: nets.G, D: nets.D, E: nets.E, [AVERAGE]: average })) {
    if (!p) continue;
    const net = new Map<string, StateTensor>();
    const adam = moments.find((m) => m.parameters === p);
    for (const key of p.keys()) {
      const shape = p.shape(key);
      const tensor = await reads.begin(shape, () => p.read(key));
      net.set(key, tensor);
      tensors.set(`${role}.${key}`, tensor);
      if (!adam || !isTrained(key)) continue;
      for (const which of ["m", "v"] as const)
        tensors.set(`${role}.${key}.adam_${which}`, await reads.begin(shape, () => adam.read(key, which)));
    }
    saved.set(role, net);
  }
  await reads.done();
  if (styles) tensors.set("styles", { shape: [styles.count, styles.dim], data: styles.values() });
  const { variants } = stepper.device.target;
  const plan = Object.keys(variants).length ? { variants } : {};
  const { squeezenet_scale } = stepper.config;
  const fields: SavedFields = { position, losses, stepper: stepper.state, squeezenet_scale, ...plan };
  return {
    position: { ...position },
    nets: saved,
    tensors,
    metadata: { run: JSON.stringify(fields) },
  };
}

/** A saved state, opened. */
export interface SavedState extends SavedFields {
  readonly checkpoint: Checkpoint;
}

/** Whether table rooms are those of a run whose nets have these levels. */
export const hasLevels = (plans: StepperState["plans"], levels: readonly { h: number; w: number }[]): boolean =>
  plans.length === levels.length && plans.every(({ h, w }, i) => h === levels[i].h && w === levels[i].w);

/** One net's tensors in a state. */
export function netSource({ checkpoint }: Pick<SavedState, "checkpoint">, role: string): StateSource {
  const prefix = `${role}.`;
  const names = checkpoint.names().filter((n) => n.startsWith(prefix));
  return {
    shapes: new Map(names.map((n) => [n.slice(prefix.length), checkpoint.info(n).shape])),
    read: async (key) => toF32(await checkpoint.read(prefix + key)),
  };
}

/** Restores Adam's moments, table rooms, step counts, loss scales and styles. @throws SpadeError file: moments of other nets */
export async function restore(
  saved: SavedState,
  stepper: Stepper,
  nets: Nets,
  styles: TrainedStyles | undefined,
): Promise<void> {
  const { checkpoint } = saved;
  const read = async (name: string, shape: readonly number[]): Promise<Float32Array> => {
    const found = checkpoint.info(name).shape;
    if (found.join() === shape.join()) return toF32(await checkpoint.read(name));
    const problem = `is [${found.join(",")}] where the run has [${shape.join(",")}]`;
    throw new SpadeError(
      "file",
      `state, ${name}`,
      problem,
      "go on from another state, or with the options of this one",
    );
  };
  for (const m of [...stepper.moments.G, ...stepper.moments.D]) {
    const role = ROLES.find((r) => nets[r] === m.parameters)!;
    for (const key of m.keys)
      for (const which of ["m", "v"] as const)
        m.write(key, which, await read(`${role}.${key}.adam_${which}`, m.parameters.shape(key)));
  }
  stepper.restore(saved.stepper);
  if (styles) styles.restore(await read("styles", [checkpoint.info("styles").shape[0], styles.dim]));
}
