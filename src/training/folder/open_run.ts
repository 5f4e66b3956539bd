// Opens a run's nets and stepper: with the published initialisation, from the newest saved state, or from saved nets alone.

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Checkpoint } from "../../formats/checkpoint.ts";
import { openCheckpointFile } from "../../formats/file.ts";
import { publishedWeights } from "../../formats/packaged.ts";
import type { Net } from "../../models/weights/packing.ts";
import { ParameterStore } from "../../models/weights/parameters.ts";
import { checkpointSource } from "../../models/weights/source.ts";
import { SQUEEZENET_FILE, squeezenet, squeezenetSource } from "../../models/nets/squeezenet.ts";
import { vgg19 } from "../../models/nets/vgg19.ts";
import { SpadeError, type Device } from "../../runtime/index.ts";
import { counted, foreign } from "../../runtime/errors.ts";
import { initialSource } from "../init.ts";
import { openParts } from "../open_parts.ts";
import type { TrainOptions } from "../options.ts";
import { START, type Position } from "../position.ts";
import type { FolderRun } from "../run.ts";
import { savedTraining, type SavedTraining } from "../saved_net.ts";
import { AVERAGE, netSource, type Role } from "../state.ts";
import type { Nets } from "../step/step.ts";
import { InitNets } from "../fine_tune/open_init.ts";
import { beginningOf, noteBeginning, type Beginning } from "./beginning.ts";
import { stepPeers, type Peers } from "../peers/peers.ts";
import { checkLevels, checkNoise, explainShape, goingOn, withRoomsFor } from "./going_on.ts";
import { openNewest, setAside, type SavedRun } from "./state_files.ts";

/** checkpoints_dir/name, and the folder of states in it. */
export const runFolder = (o: TrainOptions): string => join(o.checkpoints_dir, o.name);
export const stateFolder = (o: TrainOptions): string => join(runFolder(o), "state");

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
    if (role === "G") checkNoise(o, checkpointSource(checkpoint).shapes);
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

/** What the saved G's metadata say of its run; undefined if they say nothing (nets of the published code). */
async function savedTrainingOf(o: TrainOptions): Promise<SavedTraining | undefined> {
  const checkpoint = await openSavedNet(o, "G");
  await checkpoint.close();
  return savedTraining(checkpoint.metadata);
}

/**
 * `say` gets a line about where the nets come from.
 * @param peers who trains it too. Rank 0 opens it first and changes the folder; the others find there how it begins
 */
export async function openSession(
  device: Device,
  given: TrainOptions,
  say: (line: string) => void,
  peers?: Peers,
): Promise<FolderRun> {
  const folder = runFolder(given);
  const latest = given.continue_train && given.which_epoch === "latest";
  // A run that was killed before its first save begins again as it began then; the result is the same.
  const begun = latest ? await beginningOf(folder) : undefined;
  const from = begun ? asBegun(given, begun) : given;
  const saved = latest && !begun ? await openNewest(stateFolder(from), say) : undefined;
  const unsaved = latest && !saved && !savedPath(from, "G");
  const anew = !from.continue_train || unsaved || (begun !== undefined && begun.epoch === undefined);
  if (saved) checkLevels(from, saved);
  const init = anew && from.init_from ? await InitNets.open(from, say) : undefined;
  if (!saved && !peers?.rank) {
    if (!begun)
      await noteBeginning(folder, anew ? { init_from: from.init_from || undefined } : { epoch: from.which_epoch });
    await setAside(stateFolder(from), say);
  }
  const plan = JSON.stringify(device.target.variants);
  if (saved && plan !== JSON.stringify(saved.variants ?? {}))
    say(
      `note: the run had the variants ${JSON.stringify(saved.variants ?? {})}, and goes on with ${plan}: sums round differently`,
    );
  const before = saved ?? (anew ? undefined : await savedTrainingOf(from));
  const o = goingOn(from, before, say);
  const position = before?.position ?? START;
  try {
    async function parametersOf(role: Role, net: Net): Promise<ParameterStore>;
    async function parametersOf(role: typeof AVERAGE, net: Net): Promise<ParameterStore | undefined>;
    async function parametersOf(role: string, net: Net): Promise<ParameterStore | undefined> {
      const source = saved && netSource(saved, role);
      if (source && role === "G") checkNoise(o, source.shapes);
      if (role === AVERAGE && !(source ? source.shapes.size : !anew && savedPath(o, AVERAGE))) return undefined;
      if (anew) {
        const fresh = initialSource(net, o);
        return ParameterStore.loadNet(device, net, init?.source(role as Role, net, fresh) ?? fresh, "f32");
      }
      try {
        return await (source ? ParameterStore.loadNet(device, net, source, "f32") : savedNet(device, o, role, net));
      } catch (error) {
        throw explainShape(o, error);
      }
    }
    const parts = await openParts(device, o, {
      parametersOf,
      perceptual: () => openPerceptual(device, o),
      saved: saved && withRoomsFor(saved, o.batchSize / (peers?.ranks ?? 1)),
      position,
      peers: peers && { exchange: peers.exchange, peers: stepPeers(peers), ranks: peers.ranks },
    });
    say(origin(o, saved, anew, position));
    return Object.assign(parts, {
      peers,
      options: { ...given, squeezenet_scale: o.squeezenet_scale, init_from: o.init_from },
      resumed: saved !== undefined,
      // Without a note nothing was ever saved here, so that the whole log is this run's.
      begunAgain: begun ?? (given.continue_train && anew ? { log: 0 } : undefined),
    });
  } finally {
    await saved?.checkpoint.close();
    await init?.close();
  }
}

/** The options of a run that begins once more as it began. */
function asBegun(given: TrainOptions, { epoch, init_from = "" }: Beginning): TrainOptions {
  return epoch === undefined ? { ...given, init_from } : { ...given, which_epoch: epoch };
}

function origin(o: TrainOptions, saved: SavedRun | undefined, anew: boolean, { epoch, batch, step }: Position): string {
  const place = `epoch ${epoch}, ${counted(batch, "batch", "batches")} done, step ${step}`;
  if (saved) return `going on from ${saved.path}: ${place}`;
  if (!anew) return `going on from ${o.which_epoch}_net_*: ${place}; nets alone, so that Adam begins anew`;
  const why = o.continue_train ? "nothing is saved yet: " : "";
  if (o.init_from)
    return `${why}nets from ${foreign(o.init_from)}, Adam begins anew (what is new: init_type ${o.init_type}, seed ${o.seed})`;
  return `${why}new nets (init_type ${o.init_type}, seed ${o.seed})`;
}
