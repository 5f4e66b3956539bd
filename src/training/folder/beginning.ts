// How a run began, kept in its folder until its first state is saved: a run that is killed before that begins once more in the same way,
// and not where an earlier run of the folder ended.

import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { parseJson } from "../../formats/budget.ts";
import { fileError, makeFolder, replaceFile, textOfFile } from "../../formats/file.ts";

export interface Beginning {
  /** The epoch whose saved nets it began with; undefined for new nets. */
  epoch?: string;
  /** --init_from of new nets that began with those of a file. */
  init_from?: string;
  /** Bytes of loss_log.txt before the run: lines of earlier runs. */
  log: number;
}

const fileOf = (folder: string): string => join(folder, "unsaved.json");

/** Notes that a run begins now in `folder`. */
export async function noteBeginning(folder: string, how: Omit<Beginning, "log"> = {}): Promise<void> {
  await makeFolder(folder);
  const log = await stat(join(folder, "loss_log.txt")).catch(() => undefined);
  await replaceFile(fileOf(folder), `${JSON.stringify({ ...how, log: log?.size ?? 0 } satisfies Beginning)}\n`);
}

/** How the folder's last run began, if nothing of it is saved; undefined otherwise. */
export async function beginningOf(folder: string): Promise<Beginning | undefined> {
  try {
    const { epoch, init_from, log } = parseJson(textOfFile(fileOf(folder)) ?? "", fileOf(folder)) as Record<
      string,
      unknown
    >;
    if (!Number.isSafeInteger(log) || (log as number) < 0) return undefined;
    return {
      ...(typeof epoch === "string" && /^[\w.-]+$/.test(epoch) ? { epoch } : {}),
      ...(typeof init_from === "string" ? { init_from } : {}),
      log: log as number,
    };
  } catch {
    return undefined;
  }
}

/** After the first state is saved. */
export async function forgetBeginning(folder: string): Promise<void> {
  try {
    await rm(fileOf(folder), { force: true });
  } catch (error) {
    throw fileError(fileOf(folder), error);
  }
}
