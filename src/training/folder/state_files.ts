// The states in a run's folder. Each is written under a temporary name, synced, renamed. The last two are kept, so that whenever a run is
// killed, one whole state exists.

import { createHash } from "node:crypto";
import { readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileSink, makeFolder, openCheckpointFile, openFile } from "../../formats/file.ts";
import type { Checkpoint } from "../../formats/checkpoint.ts";
import { SpadeError } from "../../runtime/errors.ts";
import { tensorsToWrite } from "../saved_net.ts";
import type { SavedState, Snapshot } from "../state.ts";
import { hasItsChecksum, headerWithout, savedFields, writeChecked, type SavedFields } from "../state_check.ts";

const KEPT = 2;
const NAME = /^step_(\d+)\.safetensors$/;
/** Bytes read at once. */
const PIECE = 8 << 20;

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

/** A state of a folder, opened. */
export interface SavedRun extends SavedState {
  readonly path: string;
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
      if (!(await isWhole(path, checkpoint.metadata))) throw damaged(path, "is damaged: its checksum is another one");
      return { path, ...run, checkpoint };
    } catch (error) {
      await checkpoint?.close();
      const { problem } = error instanceof SpadeError ? error : damaged(path, `can't be read (${String(error)})`);
      say(`${path} ${problem}; trying the one before it`);
    }
  }
  return undefined;
}

/** Whether a state has the checksum that its metadata name. States of early versions have none and are believed. */
async function isWhole(path: string, metadata: Readonly<Record<string, string>>): Promise<boolean> {
  const { sha256, ...others } = metadata;
  const file = await openFile(path);
  try {
    if (sha256 === undefined) return await hasItsChecksum(file, metadata);
    // Up to version 0.5: of the whole file, with zeros in its place.
    if (Object.keys(others).some((name) => name !== "run")) return false;
    const header = await headerWithout(file, "sha256", sha256);
    if (!header) return false;
    const hash = createHash("sha256").update(header);
    for (let from = header.length; from < file.size; from += PIECE)
      hash.update(await file.read(from, Math.min(PIECE, file.size - from)));
    return hash.digest("hex") === sha256;
  } finally {
    await file.close();
  }
}
