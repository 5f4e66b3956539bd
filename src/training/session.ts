// The nets of a run and what steps them: made by the published initialisation, out of the last state, or out of nets alone.

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { openCheckpointFile } from "../formats/file.ts";
import { discriminatorNet } from "../models/discriminator.ts";
import { encoderNet } from "../models/encoder.ts";
import type { Net } from "../models/packing.ts";
import { Parameters } from "../models/parameters.ts";
import { netOf } from "../models/pix2pixhd.ts";
import { checkpointSource, memorySource } from "../models/source.ts";
import { squeezenet, squeezenetSource } from "../models/squeezenet.ts";
import { vgg19 } from "../models/vgg19.ts";
import { SpadeError, type Device } from "../runtime/index.ts";
import { initialState } from "./init.ts";
import type { TrainOptions } from "./options.ts";
import { AVERAGE, netSource, openNewest, restore, START, type Position, type SavedRun } from "./state.ts";
import type { Nets } from "./step.ts";
import { Stepper } from "./stepper.ts";
import { Styles } from "./styles.ts";

export interface Session {
  readonly nets: Nets;
  readonly stepper: Stepper;
  readonly styles: Styles | undefined;
  /** The moving average of G (--ema). */
  readonly average: Parameters | undefined;
  readonly position: Position;
  dispose(): void;
}

/** checkpoints_dir/name, and the folder of states in it. */
export const runFolder = (o: TrainOptions): string => join(o.checkpoints_dir, o.name);
export const stateFolder = (o: TrainOptions): string => join(runFolder(o), "state");

/** The nets that a run trains, by role. */
function netsOf(o: TrainOptions): ["G" | "D" | "E", Net][] {
  return [["G", netOf(o)], ["D", discriminatorNet(o)], ...(o.use_vae ? ([["E", encoderNet(o)]] as ["E", Net][]) : [])];
}

/** A file of the package, from src/ and from the bundle in dist/ alike. */
function packaged(path: string): string {
  const here = dirname(fileURLToPath(import.meta.url));
  return [join(here, "..", path), join(here, "..", "..", path)].find(existsSync) ?? path;
}

async function openPerceptual(device: Device, o: TrainOptions): Promise<Nets["perceptual"]> {
  if (o.no_vgg_loss) return undefined;
  const file = o.vgg_weights || packaged("weights/squeezenet1_0_features.safetensors");
  const checkpoint = await openCheckpointFile(file);
  try {
    const source = checkpointSource(checkpoint);
    const net = o.vgg_weights ? vgg19 : squeezenet;
    const values = o.vgg_weights ? source : squeezenetSource(source);
    return { net, parameters: await Parameters.loadNet(device, net.net, values, "f32") };
  } finally {
    await checkpoint.close();
  }
}

/** Path of <which_epoch>_net_<role>, in either format, if there is one. */
function savedPath(o: TrainOptions, role: string): string | undefined {
  const base = join(runFolder(o), `${o.which_epoch}_net_${role}`);
  return [`${base}.safetensors`, `${base}.pth`].find(existsSync);
}

async function savedNet(device: Device, o: TrainOptions, role: string, net: Net): Promise<Parameters> {
  const path = savedPath(o, role);
  if (!path) {
    throw new SpadeError(
      "file",
      join(runFolder(o), `${o.which_epoch}_net_${role}.safetensors`),
      "does not exist, nor a .pth of that name, nor a state to go on from",
      "check --name, --checkpoints_dir and --which_epoch, or leave out --continue_train",
    );
  }
  const checkpoint = await openCheckpointFile(path);
  try {
    return await Parameters.loadNet(device, net, checkpointSource(checkpoint), "f32");
  } finally {
    await checkpoint.close();
  }
}

/** The average that a state holds; G itself where there is none yet. */
async function openAverage(device: Device, net: Net, G: Parameters, saved: SavedRun | undefined): Promise<Parameters> {
  const source = saved && netSource(saved, AVERAGE);
  return source?.shapes.size ? Parameters.loadNet(device, net, source, "f32") : G.clone();
}

/** `say`: told where the nets come from. */
export async function openSession(device: Device, o: TrainOptions, say: (line: string) => void): Promise<Session> {
  const latest = o.continue_train && o.which_epoch === "latest";
  const saved = latest ? await openNewest(stateFolder(o), say) : undefined;
  // A run that was killed before it saved anything starts anew, to the same result.
  const anew = !o.continue_train || (latest && !saved && !savedPath(o, "G"));
  try {
    const load = async (role: string, net: Net): Promise<Parameters> => {
      if (saved) return Parameters.loadNet(device, net, netSource(saved, role), "f32");
      if (!anew) return savedNet(device, o, role, net);
      return Parameters.loadNet(device, net, memorySource(initialState(net, o)), "f32");
    };
    const loaded: Partial<Record<"G" | "D" | "E", Parameters>> = {};
    for (const [role, net] of netsOf(o)) loaded[role] = await load(role, net);
    const nets: Nets = { G: loaded.G!, D: loaded.D!, E: loaded.E, perceptual: await openPerceptual(device, o) };
    const average = o.ema > 0 ? await openAverage(device, netOf(o), nets.G, saved) : undefined;
    const stepper = new Stepper(device, o, nets, o.batchSize, {
      dtype: o.dtype,
      average: average && { parameters: average, decay: o.ema },
    });
    const styles = o.use_vae ? new Styles(o.z_dim) : undefined;
    if (saved) await restore(saved, stepper, nets, styles);
    say(origin(o, saved, anew));
    return {
      nets,
      stepper,
      styles,
      average,
      position: { ...(saved?.position ?? START) },
      dispose() {
        stepper.dispose();
        for (const p of [nets.G, nets.D, nets.E, average, nets.perceptual?.parameters]) p?.dispose();
      },
    };
  } finally {
    await saved?.checkpoint.close();
  }
}

function origin(o: TrainOptions, saved: SavedRun | undefined, anew: boolean): string {
  if (saved)
    return `going on from ${saved.path}: epoch ${saved.position.epoch}, ${saved.position.batch} batches done, step ${saved.position.step}`;
  if (!anew)
    return `starting from ${o.which_epoch}_net_*: nets alone, so Adam, lr and the epoch begin anew (no state in ${stateFolder(o)})`;
  const why = o.continue_train ? "nothing is saved yet: " : "";
  return `${why}new nets (init_type ${o.init_type}, seed ${o.seed})`;
}
