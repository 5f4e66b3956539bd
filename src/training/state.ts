// A run's state, from which it resumes bit for bit: nets, Adam's moments, position in its data, rooms of the label tables, styles. One
// safetensors file with a checksum; written under a temporary name, synced, renamed. The last two are kept, so that whenever a run is killed, one whole
// state exists.

import { readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileSink, makeFolder, openCheckpointFile } from "../formats/file.ts";
import { toF32 } from "../formats/tensors.ts";
import type { Checkpoint } from "../formats/checkpoint.ts";
import { isTrained } from "../models/weights/packing.ts";
import type { StateSource } from "../models/weights/parameters.ts";
import { SpadeError } from "../runtime/errors.ts";
import { tensorsToWrite, type StateTensor, type StateTensors } from "./net_files.ts";
import type { Position } from "./position.ts";
import type { RunParts } from "./run.ts";
import { hasItsChecksum, savedFields, writeChecked, type SavedFields } from "./state_check.ts";
import type { Nets } from "./step/step.ts";
import type { Stepper, StepperState } from "./step/stepper.ts";
import type { Styles } from "./styles.ts";

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
/** The role of G's moving average in a state's keys and in file names. */
export const AVERAGE = "G_ema";
const KEPT = 2;
const NAME = /^step_(\d+)\.safetensors$/;

/** Reads everything back from the device. */
export async function takeSnapshot(
  stepper: Stepper,
  { nets, styles, average, position, losses }: Pick<RunParts, "nets" | "styles" | "average" | "position" | "losses">,
): Promise<Snapshot> {
  const tensors = new Map<string, StateTensor>();
  const moments = [...stepper.moments.G, ...stepper.moments.D];
  const saved = new Map<string, StateTensors>();
  for (const [role, p] of Object.entries({ G: nets.G, D: nets.D, E: nets.E, [AVERAGE]: average })) {
    if (!p) continue;
    const net = new Map<string, StateTensor>();
    const adam = moments.find((m) => m.parameters === p);
    for (const key of p.keys()) {
      const shape = p.shape(key);
      const tensor = { shape, data: await p.read(key) };
      net.set(key, tensor);
      tensors.set(`${role}.${key}`, tensor);
      if (!adam || !isTrained(key)) continue;
      for (const which of ["m", "v"] as const)
        tensors.set(`${role}.${key}.adam_${which}`, { shape, data: await adam.read(key, which) });
    }
    saved.set(role, net);
  }
  if (styles) tensors.set("styles", { shape: [styles.count, styles.dim], data: styles.values() });
  const { variants } = stepper.device.target;
  const plan = Object.keys(variants).length ? { variants } : {};
  const fields: SavedFields = { position, losses, stepper: stepper.state, ...plan };
  return {
    position: { ...position },
    nets: saved,
    tensors,
    metadata: { run: JSON.stringify(fields) },
  };
}

/** Writes a snapshot into `folder` and removes all states but the last two. */
export async function writeSnapshot(folder: string, { position, tensors, metadata }: Snapshot): Promise<void> {
  await makeFolder(folder);
  const name = `step_${String(position.step).padStart(8, "0")}.safetensors`;
  await writeChecked(await fileSink(join(folder, name), { sync: true }), tensorsToWrite(tensors), metadata);
  const old = (await states(folder)).slice(KEPT);
  for (const path of old) await rm(path, { force: true });
}

/** Before a new run: moves an earlier run's states to FOLDER.old and deletes what was there. */
export async function setAside(folder: string, say: (line: string) => void): Promise<void> {
  if (!(await states(folder)).length) return;
  const old = `${folder}.old`;
  await rm(old, { recursive: true, force: true });
  await rename(folder, old);
  say(`the states of an earlier run are now in ${old}`);
}

/** Paths of a folder's states, the newest first. */
async function states(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((n) => NAME.test(n))
    .sort((a, b) => Number(NAME.exec(b)![1]) - Number(NAME.exec(a)![1]))
    .map((n) => join(folder, n));
}

/** A saved state, opened. */
export interface SavedRun {
  readonly path: string;
  readonly position: Position;
  /** The latest value of every loss, as in the log. */
  readonly losses: Record<string, number>;
  readonly stepper: StepperState;
  readonly variants?: SavedFields["variants"];
  readonly checkpoint: Checkpoint;
}

/** The plan of variants with which the newest state was trained; undefined if it had none, or if there is no state. */
export async function savedVariants(folder: string): Promise<SavedFields["variants"]> {
  for (const path of await states(folder)) {
    const checkpoint = await openCheckpointFile(path).catch(() => undefined);
    await checkpoint?.close();
    const run = savedFields(checkpoint?.metadata.run);
    if (typeof run !== "string") return run.variants;
  }
  return undefined;
}

const damaged = (path: string, problem: string): SpadeError =>
  new SpadeError("file", path, problem, "go on from the state before it");

/** Opens the newest whole state of a folder; undefined if there is none. `say` gets a line per damaged state. */
export async function openNewest(folder: string, say: (line: string) => void): Promise<SavedRun | undefined> {
  const paths = await states(folder);
  for (const path of paths) {
    let checkpoint: Checkpoint | undefined;
    try {
      checkpoint = await openCheckpointFile(path);
      const run = savedFields(checkpoint.metadata.run);
      if (typeof run === "string") throw damaged(path, run);
      if (!(await hasItsChecksum(path, checkpoint.metadata)))
        throw damaged(path, "is damaged: its checksum is another one");
      return { path, ...run, checkpoint };
    } catch (error) {
      await checkpoint?.close();
      const { problem } = error instanceof SpadeError ? error : damaged(path, `can't be read (${String(error)})`);
      say(`${path} ${problem}; trying the one before it`);
    }
  }
  return undefined;
}

/** One net's tensors in a state. */
export function netSource({ checkpoint }: SavedRun, role: string): StateSource {
  const prefix = `${role}.`;
  const names = checkpoint.names().filter((n) => n.startsWith(prefix));
  return {
    shapes: new Map(names.map((n) => [n.slice(prefix.length), checkpoint.info(n).shape])),
    read: async (key) => toF32(await checkpoint.read(prefix + key)),
  };
}

/** Restores Adam's moments, table rooms, step counts, loss scales and styles. */
export async function restore(
  saved: SavedRun,
  stepper: Stepper,
  nets: Nets,
  styles: Styles | undefined,
): Promise<void> {
  const read = async (name: string): Promise<Float32Array> => toF32(await saved.checkpoint.read(name));
  for (const m of [...stepper.moments.G, ...stepper.moments.D]) {
    const role = ROLES.find((r) => nets[r] === m.parameters)!;
    for (const key of m.keys)
      for (const which of ["m", "v"] as const) m.write(key, which, await read(`${role}.${key}.adam_${which}`));
  }
  stepper.restore(saved.stepper);
  if (styles) styles.add(await read("styles"));
}
