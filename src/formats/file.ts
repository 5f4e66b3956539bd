// Files as RandomAccess and Sink. With packaged.ts, this is the only file in this folder that imports Node modules.

import { closeSync, existsSync, openSync, readSync, rmSync } from "node:fs";
import { appendFile, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";

import { SpadeError } from "../runtime/errors.ts";
import { openCheckpoint } from "./any_checkpoint.ts";
import type { Checkpoint, OpenOptions } from "./checkpoint.ts";
import { noteInput } from "./inputs.ts";
import { checkRange } from "./tensors.ts";
import type { RandomAccess, Sink } from "./tensors.ts";

/** Opens a file as RandomAccess; close it when done. Fails with `file` if it cannot be opened. */
export async function openFile(path: string): Promise<RandomAccess & { close(): Promise<void> }> {
  noteInput(path);
  try {
    const handle = await open(path, "r");
    const stat = await handle.stat();
    if (!stat.isFile()) {
      await handle.close();
      throw new SpadeError(
        "file",
        path,
        "is not a file",
        stat.isDirectory() ? "give a file in that folder" : "give a regular file",
      );
    }
    const name = basename(path);
    return {
      name,
      size: stat.size,
      async read(offset, length) {
        checkRange(name, stat.size, offset, length);
        const bytes = new Uint8Array(length);
        for (let at = 0; at < length;) {
          const { bytesRead } = await handle.read(bytes, at, length - at, offset + at);
          if (bytesRead === 0)
            throw new SpadeError(
              "file",
              path,
              "was cut off while it was read",
              "leave the file alone until this is done",
            );
          at += bytesRead;
        }
        return bytes;
      },
      close: () => handle.close(),
    };
  } catch (error) {
    throw fileError(path, error);
  }
}

/** Creates a folder and its missing parents. Fails with `file`. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await makeFolders(path);
  } catch (error) {
    throw fileError(path, error);
  }
}

/** The same, failing as Node does. On a read-only disk Node's recursive mkdir says ENOENT; the plain one gives the true reason. */
export async function makeFolders(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    let first = resolve(path);
    while (!existsSync(dirname(first))) first = dirname(first);
    await mkdir(first);
    await mkdir(path, { recursive: true });
  }
}

/** The temporary files of Sinks that are open. */
const unfinished = new Set<string>();

/** Removes what open Sinks have written so far, before the process ends by a signal. */
export function removeUnfinished(): void {
  for (const path of unfinished) rmSync(path, { force: true });
}

/**
 * Opens a Sink that writes a file. The bytes go to a temporary file beside it, which `close` renames. A failure
 * (of `close` too) leaves neither half a file nor a damaged old one.
 * With `sync`, `close` waits until the file and its directory entry are on disk.
 */
export async function fileSink(path: string, { sync = false }: { sync?: boolean } = {}): Promise<Sink> {
  const temporary = `${path}.${process.pid}.part`;
  const attempt = async <T>(action: Promise<T>): Promise<T> => {
    try {
      return await action;
    } catch (error) {
      throw fileError(path, error);
    }
  };
  const handle = await attempt(open(temporary, "w"));
  unfinished.add(temporary);
  let isOpen = true;
  const closeHandle = async (): Promise<void> => {
    if (isOpen) await handle.close();
    isOpen = false;
  };
  const abort = async (): Promise<void> => {
    await closeHandle().catch(() => undefined);
    await rm(temporary, { force: true });
    unfinished.delete(temporary);
  };
  return {
    async write(bytes) {
      for (let at = 0; at < bytes.length;) at += (await attempt(handle.write(bytes, at))).bytesWritten;
    },
    async close() {
      try {
        if (sync) await attempt(handle.sync());
        await attempt(closeHandle());
        await attempt(rename(temporary, path));
        unfinished.delete(temporary);
      } catch (error) {
        await abort();
        throw error;
      }
      if (sync) await attempt(syncFolder(dirname(path)));
    },
    abort,
  };
}

/** Flushes a folder's entries to disk. Where a folder can't be opened (Windows), the rename itself is enough. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r").catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}

/** Writes a file under a temporary name, then renames it over any old one. Fails with `file`. */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const sink = await fileSink(path);
  try {
    await sink.write(typeof content === "string" ? new TextEncoder().encode(content) : content);
    await sink.close();
  } catch (error) {
    await sink.abort();
    throw error;
  }
}

/** Appends to a file, or creates it. Fails with `file`; part of the content may have been written by then. */
export async function extendFile(path: string, content: string | Uint8Array): Promise<void> {
  try {
    await appendFile(path, content);
  } catch (error) {
    throw fileError(path, error);
  }
}

/** Bytes of a list of labels or a plan; a record of a run, which grows with it, may have more. */
const MOST_TEXT = 8e6;
/** Bytes of a run's records and of a list of files. */
export const MOST_RECORDS = 256e6;

/**
 * Reads a text file of at most `most` bytes; returns undefined if it does not exist. A pipe or a device is read no further than that.
 * @throws SpadeError file: it is larger, or can't be read
 */
export function textOfFile(path: string, most = MOST_TEXT): string | undefined {
  noteInput(path);
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const pieces: Buffer[] = [];
    for (let size = 0; ;) {
      const piece = Buffer.allocUnsafe(1 << 18);
      const bytes = readSync(file, piece);
      if (!bytes) return Buffer.concat(pieces).toString("utf8");
      size += bytes;
      if (size > most)
        throw new SpadeError("file", path, `has more than ${most} bytes, the most for such a file`, "check the path");
      pieces.push(piece.subarray(0, bytes));
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw fileError(path, error);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** The same, of a file that must exist. @throws SpadeError file */
export function existingText(path: string, most?: number): string {
  const text = textOfFile(path, most);
  if (text === undefined) throw new SpadeError("file", path, "does not exist", "check the path");
  return text;
}

/** Removes temporary files that fileSink left in a folder when a process was killed. No one may be writing there. */
export async function removeParts(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) if (/\.\d+\.part$/.test(name)) await rm(join(folder, name), { force: true });
}

/** Calls openCheckpoint on a file path. */
export async function openCheckpointFile(path: string, options: OpenOptions = {}): Promise<Checkpoint> {
  return openCheckpoint(await openFile(path), options);
}

const REASONS: Record<string, [string, string]> = {
  ENOENT: ["does not exist", "check the path"],
  EACCES: ["may not be opened", "check its permissions"],
  EPERM: ["may not be opened", "check its permissions"],
  EISDIR: ["is a folder", "give a file"],
  EEXIST: ["can't be made: a part of its path is a file", "check the path"],
  ENOTDIR: ["does not exist", "check the path: a part of it is a file"],
  ENOSPC: ["does not fit: the disk is full", "make room, or write elsewhere"],
  EDQUOT: ["does not fit: your share of the disk is used up", "make room, or write elsewhere"],
  EROFS: ["is on a disk that is read-only", "write elsewhere"],
  ENAMETOOLONG: ["has a name that is too long", "give a shorter one"],
  ELOOP: ["is a link that leads in a circle", "give the file itself"],
};

/** Turns a Node system error into a `file` error that names the path; returns any other error unchanged. */
export function fileError(path: string, error: unknown): unknown {
  if (error instanceof SpadeError || !(error instanceof Error) || !("code" in error)) return error;
  const [problem, fix] = REASONS[String(error.code)] ?? [
    `cannot be used (${String(error.code)})`,
    "check the path and the disk",
  ];
  return new SpadeError("file", path, problem, fix, error);
}
