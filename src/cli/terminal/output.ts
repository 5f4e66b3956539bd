// Where commands write what the user named: the one way to a result's file. It never replaces an input of the command (inputs.ts knows
// them), and an existing file of another kind only under --force; the file appears whole or not at all. A link to a regular file is
// written through: the link stays, and the file that it names is replaced.

import { constants, fstatSync } from "node:fs";
import { access, lstat, readlink, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { fileSink, makeFolders, replaceFile } from "../../formats/file.ts";
import { inputs } from "../../formats/inputs.ts";
import type { Sink } from "../../formats/tensors.ts";
import { foreign, SpadeError } from "../../runtime/errors.ts";
import { kindName, kindOfFile, type Kind } from "./file_kind.ts";

const REASONS: Record<string, string> = {
  EEXIST: "a part of its path is a file",
  ENOTDIR: "a part of its path is a file",
  ENOENT: "its folder does not exist and can't be made",
  EACCES: "no permission to write there",
  EPERM: "no permission to write there",
  EROFS: "the disk is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "your share of the disk is used up",
  EISDIR: "it is a folder",
  ELOOP: "it is a link that leads in a circle",
  ENAMETOOLONG: "its name is too long",
};

const refused = (path: string, reason: string, fix: string, cause?: unknown): SpadeError =>
  new SpadeError("file", path, `can't be written (${reason})`, fix, cause);

/** The one error of a file that can't be written; what is ours already stays. */
export function fileError(path: string, cause: unknown): unknown {
  if (cause instanceof SpadeError || !(cause instanceof Error)) return cause;
  const reason = REASONS[(cause as NodeJS.ErrnoException).code ?? ""] ?? cause.message.split("\n")[0];
  return refused(path, reason, "check the folder, its permissions and the disk", cause);
}

/** A result to write. */
export interface Output {
  path: string;
  kind: Kind;
}

interface Identity {
  dev: bigint;
  ino: bigint;
}
const keyOf = ({ dev, ino }: Identity): string => `${dev}:${ino}`;

/** What the inputs are on the disk, by device and inode; those that are not there (any more) are left out. */
class InputFiles {
  private readonly known = new Map<string, string>();
  private readonly looked = new Set<string>();

  /** In words, what input a file is. */
  async what(file: Identity): Promise<string | undefined> {
    const all = inputs();
    for (const [path, what] of this.looked.size === all.size ? [] : all) {
      if (this.looked.has(path)) continue;
      this.looked.add(path);
      const found = await stat(path, { bigint: true }).catch(() => undefined);
      if (found?.isFile() && !this.known.has(keyOf(found))) this.known.set(keyOf(found), what);
    }
    return this.known.get(keyOf(file));
  }
}

/** The results of one command. */
export class Outputs {
  private readonly inputs = new InputFiles();

  /** @param force an existing file of another kind may be replaced; an input never */
  constructor(private readonly force = false) {}

  /**
   * Before long work: everything that will be written, and the folders for it, which are made if all may be written. Name inputs first
   * (`noteInput`) that are not read yet.
   * @throws SpadeError usage: a result would replace an input, another result or a file of another kind; file: it can't be written
   */
  async check(files: readonly Output[]): Promise<void> {
    const taken = new Set<string>();
    for (const { path, kind } of files) {
      const place = await this.place(path, kind);
      if (taken.has(place)) throw overwrites(path, "another result");
      taken.add(place);
    }
    for (const { path } of files) await makeFolderOf(path);
  }

  /** A Sink into a result's file. Fails as `check`, which it repeats. */
  async sink({ path, kind }: Output): Promise<Sink> {
    const place = await this.place(path, kind);
    await makeFolderOf(path);
    return fileSink(place);
  }

  /** Writes a result's file. Fails as `check`. */
  async write({ path, kind }: Output, content: string | Uint8Array): Promise<void> {
    const place = await this.place(path, kind);
    await makeFolderOf(path);
    await replaceFile(place, content);
  }

  /** The path of the file to write, links followed. */
  private async place(path: string, kind: Kind): Promise<string> {
    const link = await existing(path, lstat(path));
    if (!link) return join(await realpath(dirname(path)).catch(() => resolve(dirname(path))), basename(path));
    const found = await existing(path, stat(path, { bigint: true }));
    if (!found)
      throw refused(
        path,
        `it is a link to ${await readlink(path)}, which does not exist`,
        "remove the link, or give another name",
      );
    const other = found.isFile() ? undefined : kindOfNode(found);
    if (other)
      throw refused(path, `it is ${other}`, found.isDirectory() ? "give a file" : "results go into files: give a file");
    if (isOwnStream(found)) throw refused(path, "this program's own output goes there", "give another name");
    const what = await this.inputs.what(found);
    if (what !== undefined) throw overwrites(path, what);
    const there = await kindOfFile(path).catch((cause: unknown) => {
      throw fileError(path, cause);
    });
    if (!this.force && there !== undefined && there !== kind)
      throw new SpadeError(
        "usage",
        path,
        `holds ${kindName(there)}, which ${kindName(kind)} would replace`,
        "give another name, or --force",
      );
    await access(path, constants.W_OK).catch((cause: unknown) => {
      throw fileError(path, cause);
    });
    return realpath(path);
  }
}

const overwrites = (path: string, what: string): SpadeError =>
  new SpadeError("usage", path, `would be written over ${what}`, "give another name or folder");

/** Undefined where there is no such file. */
async function existing<T>(path: string, looking: Promise<T>): Promise<T | undefined> {
  try {
    return await looking;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw fileError(path, cause);
  }
}

interface Node {
  isDirectory(): boolean;
  isFIFO(): boolean;
  isSocket(): boolean;
}
const kindOfNode = (node: Node): string =>
  node.isDirectory() ? "a folder" : node.isFIFO() ? "a pipe" : node.isSocket() ? "a socket" : "a device";

/** Whether stdout or stderr goes into this file: /dev/stdout, where a shell redirects it. */
function isOwnStream(file: Identity): boolean {
  return [1, 2].some((fd) => {
    try {
      return keyOf(fstatSync(fd, { bigint: true })) === keyOf(file);
    } catch {
      return false;
    }
  });
}

/** Makes the folder of a file to write; fails with `file` where nothing can be written into it. */
async function makeFolderOf(path: string): Promise<void> {
  try {
    await makeFolders(dirname(path));
    await access(dirname(path), constants.W_OK);
  } catch (cause) {
    throw fileError(path, cause);
  }
}

/** A word of a command line, in quotes if a shell needs them; with characters that no terminal should print, as bash's $'...'. */
export function quoted(arg: string): string {
  if (/^[\w@%+=:,./-]+$/.test(arg)) return arg;
  if (foreign(arg, Infinity) === arg) return `'${arg.replaceAll("'", `'\\''`)}'`;
  const escaped = (char: string): string => {
    if (char === "\\" || char === "'") return `\\${char}`;
    if (foreign(char) === char) return char;
    const code = char.codePointAt(0)!;
    return code < 128 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\U${code.toString(16).padStart(8, "0")}`;
  };
  return `$'${Array.from(arg, escaped).join("")}'`;
}
