// Opens a run's nets and stepper: with the published initialisation, from the newest saved state, or from saved nets alone.

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Checkpoint } from "../formats/checkpoint.ts";
import { openCheckpointFile } from "../formats/file.ts";
import { publishedWeights } from "../formats/packaged.ts";
import { discriminatorNet } from "../models/nets/discriminator.ts";
import { encoderNet } from "../models/nets/encoder.ts";
import type { Net } from "../models/weights/packing.ts";
import { ParameterStore } from "../models/weights/parameters.ts";
import { netOf } from "../models/kinds.ts";
import { checkpointSource, memorySource } from "../models/weights/source.ts";
import { SQUEEZENET_FILE, squeezenet, squeezenetSource } from "../models/nets/squeezenet.ts";
import { vgg19 } from "../models/nets/vgg19.ts";
import { SpadeError, type Device } from "../runtime/index.ts";
import { counted } from "../runtime/errors.ts";
import { beginningOf, noteBeginning } from "./beginning.ts";
import { initialState } from "./init.ts";
import { savedPosition } from "./net_files.ts";
import type { TrainOptions } from "./options.ts";
import { AVERAGE, netSource, openNewest, restore, setAside, type SavedRun } from "./state.ts";
import { START, type Position } from "./position.ts";
import type { Nets } from "./step/step.ts";
import { Stepper } from "./step/stepper.ts";
import type { RunParts } from "./run.ts";
import { Styles } from "./styles.ts";

/** checkpoints_dir/name, and the folder of states in it. */
export const runFolder = (o: TrainOptions): string => join(o.checkpoints_dir, o.name);
export const stateFolder = (o: TrainOptions): string => join(runFolder(o), "state");

/** The nets that a run trains, by role. */
function netsOf(o: TrainOptions): ["G" | "D" | "E", Net][] {
  return [["G", netOf(o)], ["D", discriminatorNet(o)], ...(o.use_vae ? ([["E", encoderNet(o)]] as ["E", Net][]) : [])];
}

async function openPerceptual(device: Device, o: TrainOptions): Promise<Nets["perceptual"]> {
  if (o.no_vgg_loss) return undefined;
  const file = o.vgg_weights || publishedWeights(SQUEEZENET_FILE, ", or give --vgg_weights FILE, or --no_vgg_loss");
  const checkpoint = await openCheckpointFile(file);
  try {
    const source = checkpointSource(checkpoint);
    const net = o.vgg_weights ? vgg19 : squeezenet;
    const values = o.vgg_weights ? source : squeezenetSource(source);
    return { net, parameters: await ParameterStore.loadNet(device, net.net, values, "f32") };
  } finally {
    await checkpoint.close();
  }
}

/** Path of <which_epoch>_net_<role>.safetensors, else of the .pth; undefined if neither exists. */
function savedPath(o: TrainOptions, role: string): string | undefined {
  const base = join(runFolder(o), `${o.which_epoch}_net_${role}`);
  return [`${base}.safetensors`, `${base}.pth`].find(existsSync);
}

async function savedNet(device: Device, o: TrainOptions, role: string, net: Net): Promise<ParameterStore> {
  const checkpoint = await openSavedNet(o, role);
  try {
    return await ParameterStore.loadNet(device, net, checkpointSource(checkpoint), "f32");
  } finally {
    await checkpoint.close();
  }
}

function openSavedNet(o: TrainOptions, role: string): Promise<Checkpoint> {
  const path = savedPath(o, role);
  if (path) return openCheckpointFile(path);
  throw new SpadeError(
    "file",
    join(runFolder(o), `${o.which_epoch}_net_${role}.safetensors`),
    "does not exist, nor a .pth of that name, nor a state to go on from",
    "check --name, --checkpoints_dir and --which_epoch, or leave out --continue_train",
  );
}

/** The position in the saved G's metadata; START if they hold none (nets of the published code). */
async function netsPosition(o: TrainOptions): Promise<Position> {
  const checkpoint = await openSavedNet(o, "G");
  await checkpoint.close();
  return savedPosition(checkpoint.metadata) ?? START;
}

/** Loads G's moving average from the state or the saved nets; if they have none, copies G. */
async function openAverage(
  device: Device,
  o: TrainOptions,
  G: ParameterStore,
  saved: SavedRun | "nets" | undefined,
): Promise<ParameterStore> {
  if (saved === "nets") return savedPath(o, AVERAGE) ? savedNet(device, o, AVERAGE, netOf(o)) : G.clone();
  const source = saved && netSource(saved, AVERAGE);
  return source?.shapes.size ? ParameterStore.loadNet(device, netOf(o), source, "f32") : G.clone();
}

/** `say` gets a line about where the nets come from. */
export async function openSession(device: Device, given: TrainOptions, say: (line: string) => void): Promise<RunParts> {
  const folder = runFolder(given);
  const latest = given.continue_train && given.which_epoch === "latest";
  // A run that was killed before its first save begins again as it began then; the result is the same.
  const begun = latest ? await beginningOf(folder) : undefined;
  const o = begun?.epoch === undefined ? given : { ...given, which_epoch: begun.epoch };
  const saved = latest && !begun ? await openNewest(stateFolder(o), say) : undefined;
  const unsaved = latest && !saved && !savedPath(o, "G");
  const anew = !o.continue_train || unsaved || (begun !== undefined && begun.epoch === undefined);
  const from = saved ?? (anew ? undefined : "nets");
  if (!saved) {
    if (!begun) await noteBeginning(folder, anew ? undefined : o.which_epoch);
    await setAside(stateFolder(o), say);
  }
  const plan = JSON.stringify(device.target.variants);
  if (saved && plan !== JSON.stringify(saved.variants ?? {}))
    say(
      `note: the run had the variants ${JSON.stringify(saved.variants ?? {})}, and goes on with ${plan}: sums round differently`,
    );
  try {
    const load = async (role: string, net: Net): Promise<ParameterStore> => {
      if (saved) return ParameterStore.loadNet(device, net, netSource(saved, role), "f32");
      if (!anew) return savedNet(device, o, role, net);
      return ParameterStore.loadNet(device, net, memorySource(initialState(net, o)), "f32");
    };
    const loaded: Partial<Record<"G" | "D" | "E", ParameterStore>> = {};
    for (const [role, net] of netsOf(o)) loaded[role] = await load(role, net);
    const nets: Nets = { G: loaded.G!, D: loaded.D!, E: loaded.E, perceptual: await openPerceptual(device, o) };
    const average = o.ema > 0 ? await openAverage(device, o, nets.G, from) : undefined;
    const stepper = new Stepper(device, o, nets, o.batchSize, {
      dtype: o.dtype,
      average: average && { parameters: average, decay: o.ema },
    });
    const styles = o.use_vae ? new Styles(o.z_dim) : undefined;
    if (saved) await restore(saved, stepper, nets, styles);
    const position = saved?.position ?? (from === "nets" ? await netsPosition(o) : START);
    say(origin(o, saved, anew, position));
    return {
      nets,
      stepper,
      styles,
      average,
      position: { ...position },
      losses: saved?.losses ?? {},
      resumed: saved !== undefined,
      // Without a note nothing was ever saved here, so that the whole log is this run's.
      begunAgain: begun ?? (given.continue_train && anew ? { log: 0 } : undefined),
      dispose() {
        stepper.dispose();
        for (const p of [nets.G, nets.D, nets.E, average, nets.perceptual?.parameters]) p?.dispose();
      },
    };
  } finally {
    await saved?.checkpoint.close();
  }
}

function origin(o: TrainOptions, saved: SavedRun | undefined, anew: boolean, { epoch, batch, step }: Position): string {
  const place = `epoch ${epoch}, ${counted(batch, "batch", "batches")} done, step ${step}`;
  if (saved) return `going on from ${saved.path}: ${place}`;
  if (!anew) return `going on from ${o.which_epoch}_net_*: ${place}; nets alone, so that Adam begins anew`;
  const why = o.continue_train ? "nothing is saved yet: " : "";
  return `${why}new nets (init_type ${o.init_type}, seed ${o.seed})`;
}
