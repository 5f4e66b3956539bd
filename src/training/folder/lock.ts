// One run a folder at a time: run.lock in it names the process that trains there. A process that has died keeps no lock.
//
// A lock appears whole (a hard link of a file that is written already) and is replaced by one process at most: who finds the lock of a
// dead process takes the lock RUN.LOCK.TOKEN first, where TOKEN is the dead one's, looks again, and puts its own lock in its place. As
// tokens are never used twice, whoever comes late finds another token there and begins again.

import { randomBytes } from "node:crypto";
import { readFileSync, readlinkSync, unlinkSync } from "node:fs";
import { link, open, readdir, readFile, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileError } from "../../formats/file.ts";
import { foreign, SpadeError } from "../../runtime/errors.ts";

const NAME = "run.lock";
/** How often a lock is touched, and after how long without it the process of another machine counts as dead. */
const BEAT_MS = 20_000;
const STALE_MS = 180_000;

/** Who holds a lock. */
interface Owner {
  /** Of this lock alone. */
  token: string;
  pid: number;
  host: string;
  /** The boot and the space of process numbers: containers of one machine may have one host name. "" where they are not known. */
  machine: string;
  /** When the process started, in the system's own count; "" where it is not known. */
  start: string;
  /** ISO 8601 */
  since: string;
}

const attempt = (read: () => string): string => {
  try {
    return read().trim();
  } catch {
    return "";
  }
};
const machine = (): string =>
  [
    attempt(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8")),
    attempt(() => readlinkSync("/proc/self/ns/pid")),
  ].join(" ").trim(); // prettier-ignore

/** State and start of a process (man 5 proc); undefined where there is none, or no /proc. */
function processStat(pid: number): { state: string; start: string } | undefined {
  // The name, in parentheses, may hold anything.
  const fields = attempt(() => readFileSync(`/proc/${pid}/stat`, "utf8"))
    .split(/^.*\) /s)[1]
    ?.split(" ");
  return fields && { state: fields[0], start: fields[19] };
}

/** Whether a process of this machine still runs. @param start "" where only its number is known */
function runs(pid: number, start: string): boolean {
  if (start !== "") {
    const found = processStat(pid);
    // A zombie has ended; only its parent has not asked yet how.
    return found !== undefined && found.start === start && !["Z", "X"].includes(found.state);
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** A lock as found on the disk. */
interface Found {
  token: string;
  /** Undefined where the file does not say it. */
  owner: Owner | undefined;
  /** By the disk's clock. */
  touched: number;
}

async function look(path: string): Promise<Found | undefined> {
  try {
    const [text, { mtimeMs, ino }] = [await readFile(path, "utf8"), await stat(path)];
    const owner = parse(text);
    return { token: owner?.token ?? `unknown-${ino}-${Math.floor(mtimeMs)}`, owner, touched: mtimeMs };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw fileError(path, error);
  }
}

function parse(text: string): Owner | undefined {
  try {
    const owner = JSON.parse(text) as Owner;
    const texts = [owner.token, owner.host, owner.machine, owner.start, owner.since];
    if (!Number.isSafeInteger(owner.pid) || owner.pid < 1 || texts.some((t) => typeof t !== "string")) return undefined;
    return /^[0-9a-f]{16}$/.test(owner.token) ? owner : undefined;
  } catch {
    return undefined;
  }
}

/** A lock that this process holds or is about to. */
class Lock {
  readonly token = randomBytes(8).toString("hex");
  private readonly text: string;
  private handle: FileHandle | undefined;
  private timer: NodeJS.Timeout | undefined;
  private path: string | undefined;

  constructor() {
    const start = processStat(process.pid)?.start ?? "";
    const since = new Date().toISOString();
    const owner: Owner = { token: this.token, pid: process.pid, host: hostname(), machine: machine(), start, since };
    this.text = `${JSON.stringify(owner)}\n`;
  }

  /** Takes the lock at `path`; gives who holds it, where someone does. */
  async take(path: string): Promise<Found | undefined> {
    const ready = `${path}.${this.token}.new`;
    try {
      for (;;) {
        const now = await this.write(ready);
        const done = await this.create(ready, path);
        if (done === "again") continue;
        if (done) break;
        const found = await look(path);
        if (!found) continue;
        if (isHeld(found, now)) return found;
        const claim = new Lock();
        const other = await claim.take(`${path}.${found.token}`);
        if (other) return other;
        try {
          if ((await look(path))?.token !== found.token) continue;
          await rename(ready, path);
          break;
        } catch (error) {
          // The winner of another round has cleaned up.
          if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
        } finally {
          await claim.release();
        }
      }
      this.path = path;
      this.timer = setInterval(() => void this.touch().catch(() => undefined), BEAT_MS).unref();
      process.on("exit", this.atExit);
      return undefined;
    } finally {
      await rm(ready, { force: true }).catch(() => undefined);
      if (!this.path) await this.handle?.close();
    }
  }

  /** Writes the file that becomes the lock; gives the disk's time. */
  private async write(ready: string): Promise<number> {
    await this.handle?.close();
    this.handle = undefined;
    await rm(ready, { force: true });
    this.handle = await open(ready, "wx");
    await this.touch();
    return (await this.handle.stat()).mtimeMs;
  }

  /** Whether the lock is made; "again" where what was ready is gone. */
  private async create(ready: string, path: string): Promise<boolean | "again"> {
    try {
      await link(ready, path);
      return true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EEXIST") return false;
      if (code === "ENOENT") return "again";
    }
    // A disk without hard links: the lock is empty for a moment, in which it counts as held.
    try {
      const handle = await open(path, "wx");
      await this.handle?.close();
      this.handle = handle;
      await this.touch();
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
      throw error;
    }
  }

  /** Through the open file, not by its name: what was taken over stays as its new owner wrote it. */
  private async touch(): Promise<void> {
    await this.handle?.write(this.text, 0);
  }

  private own(text: string): boolean {
    return parse(text)?.token === this.token;
  }

  /** A second Ctrl-C ends the process at once. */
  private readonly atExit = (): void => {
    try {
      if (this.path && this.own(readFileSync(this.path, "utf8"))) unlinkSync(this.path);
    } catch {
      // Then the process is seen to be dead.
    }
  };

  async release(): Promise<void> {
    const { path } = this;
    if (!path) return;
    this.path = undefined;
    clearInterval(this.timer);
    process.off("exit", this.atExit);
    await this.handle?.close();
    const text = await readFile(path, "utf8").catch(() => "");
    if (this.own(text)) await rm(path, { force: true }).catch(() => undefined);
  }
}

/** @param now by the disk's clock */
function isHeld({ owner, touched }: Found, now: number): boolean {
  if (owner && owner.host === hostname() && owner.machine === machine()) return runs(owner.pid, owner.start);
  return now - touched < STALE_MS;
}

/**
 * Locks a run's folder, which is there.
 * @returns what releases it; the end of the process does so too
 * @throws SpadeError usage: another run has it; file: it can't be written
 */
export async function lockRun(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, NAME);
  const lock = new Lock();
  let held: Found | undefined;
  try {
    held = await lock.take(path);
  } catch (error) {
    throw fileError(path, error);
  }
  if (held) throw inUse(folder, held);
  // What dead processes left of taking the lock; those that are alive look again and find this one.
  for (const name of await readdir(dirname(path)).catch(() => []))
    if (name.startsWith(`${basename(path)}.`)) await rm(join(folder, name), { force: true }).catch(() => undefined);
  return () => lock.release();
}

function inUse(folder: string, { owner }: Found): SpadeError {
  if (!owner)
    return new SpadeError("usage", folder, "another run begins there", "wait for its end, or give another --name");
  const { pid, host, since } = owner;
  const local = host === hostname() && owner.machine === machine();
  const stop = local ? `kill ${pid}` : `kill ${pid} on ${foreign(host, 60)}; a dead run there lets go after 3 minutes`;
  return new SpadeError(
    "usage",
    folder,
    `is in use: process ${pid} on ${foreign(host, 60)} trains there since ${foreign(since, 30)}`,
    `wait for its end, stop it (${stop}), or give another --name`,
  );
}
