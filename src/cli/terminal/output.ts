// Output files of commands: creates their folders, and turns write errors into errors that name the path.

import { access, constants, mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { SpadeError } from "../../runtime/errors.ts";

const REASONS: Record<string, string> = {
  EEXIST: "a part of its path is a file",
  ENOTDIR: "a part of its path is a file",
  EACCES: "no permission to write there",
  EPERM: "no permission to write there",
  EROFS: "the disk is read-only",
  ENOSPC: "the disk is full",
  EISDIR: "it is a folder",
};

/** The SpadeError of a file that can't be written; a `cause` that is a SpadeError, or no Error at all, is returned unchanged. */
export function fileError(path: string, cause: unknown): unknown {
  if (cause instanceof SpadeError || !(cause instanceof Error)) return cause;
  const reason = REASONS[(cause as NodeJS.ErrnoException).code ?? ""] ?? cause.message.split("\n")[0];
  return new SpadeError(
    "file",
    path,
    `can't be written (${reason})`,
    "check the folder, its permissions and the disk",
    cause,
  );
}

/** Creates the folder of an output file; fails with `file` if nothing can be written into it. */
export async function makeFolderOf(path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await access(dirname(path), constants.W_OK);
  } catch (cause) {
    throw fileError(path, cause);
  }
}

export async function writeOutput(path: string, bytes: string | Uint8Array): Promise<void> {
  await makeFolderOf(path);
  try {
    await writeFile(path, bytes);
  } catch (cause) {
    throw fileError(path, cause);
  }
}

/** A word of a command line, in quotes if a shell needs them. */
export const quoted = (arg: string): string =>
  /^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", `'\\''`)}'`;
