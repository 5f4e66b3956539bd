// logs/: a run's curves and pictures for TensorBoard, under the published tags; one file per start, named like TensorFlow's.

import { readdir, truncate } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { extendFile, fileError, openFile } from "../../formats/file.ts";
import { SpadeError } from "../../runtime/errors.ts";
import { bytesUpTo, startRecords, summaryRecord, type EventImage } from "../../formats/tfevents.ts";

const now = (): number => Date.now() / 1000;

export class EventLog {
  private constructor(private readonly path: string) {}

  /**
   * `after`: cuts later events, and what is damaged, off older files; a file that can't be cut stays, with a note on stderr. -1 for a new run: the files stay, and TensorBoard ignores their events.
   */
  static async open(folder: string, after: number): Promise<EventLog> {
    if (after >= 0) {
      for (const entry of await readdir(folder, { withFileTypes: true })) {
        if (!entry.isFile() || !/^events\.out\.tfevents\./.test(entry.name)) continue;
        try {
          await cut(join(folder, entry.name), after);
        } catch (error) {
          if (!(error instanceof SpadeError)) throw error;
          console.warn(`${error.message}; the file stays as it is, and TensorBoard may show old events of it`);
        }
      }
    }
    const time = now();
    const path = join(folder, `events.out.tfevents.${String(Math.floor(time)).padStart(10, "0")}.${hostname()}`);
    await extendFile(path, startRecords({ time, step: after + 1 }));
    return new EventLog(path);
  }

  /** `step`: in pictures, like in the published code. */
  async add(
    step: number,
    scalars: Readonly<Record<string, number>>,
    images?: Readonly<Record<string, EventImage>>,
  ): Promise<void> {
    await extendFile(this.path, summaryRecord({ time: now(), step }, scalars, images));
  }
}

async function cut(path: string, after: number): Promise<void> {
  const file = await openFile(path);
  let bytes: number;
  try {
    bytes = await bytesUpTo(file, after);
  } finally {
    await file.close();
  }
  if (bytes === file.size) return;
  try {
    await truncate(path, bytes);
  } catch (error) {
    throw fileError(path, error);
  }
}
