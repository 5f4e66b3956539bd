// Lists the pictures of a folder, for all commands alike: which files count, in which order, and when two names are
// equal.

import { readdir, realpath, stat } from "node:fs/promises";
import { extname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { MOST_RECORDS, textOfFile } from "../formats/file.ts";
import { SpadeError } from "../runtime/errors.ts";

/** Upstream's file extensions, in upper or lower case, and .tif. */
const ENDINGS = new Set([".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".tiff", ".tif", ".webp"]);

/**
 * Whether a path, relative to the folder that is listed, leads to a hidden file or through a hidden folder. Programs
 * put copies of pictures there (.ipynb_checkpoints, macOS's ._name.png), which are not part of a data set.
 */
export function isHidden(path: string): boolean {
  return path.split(/[\\/]/).some((part) => part.startsWith("."));
}

/**
 * A name in the form in which names are compared: macOS stores accents as characters of their own (NFD), other systems
 * mostly do not (NFC), and both look equal. Files are opened by the name that they have.
 */
export const comparable = (name: string): string => name.normalize("NFC");

/** Sorts paths as upstream does: runs of digits as numbers, the rest as text. */
export function naturalSort(paths: readonly string[]): string[] {
  // Parts with an odd index are runs of digits. Without leading zeros, the longer run is the larger number.
  const keyed = paths.map((path) => ({
    path,
    parts: comparable(path)
      .split(/(\d+)/)
      .map((part, i) => (i % 2 ? part.replace(/^0+(?=\d)/, "") : part)),
  }));
  return keyed.sort((a, b) => compareParts(a.parts, b.parts)).map(({ path }) => path);
}

function compareParts(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    if (a[i] === b[i]) continue;
    if (i % 2 && a[i].length !== b[i].length) return a[i].length - b[i].length;
    return a[i] < b[i] ? -1 : 1;
  }
  return a.length - b.length;
}

export async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

/** The real path of a folder; that of a missing one as it would be. */
export const realFolder = (path: string): Promise<string> => realpath(path).catch(() => resolve(path));

/** Whether `path` lies below `folder`. */
export function isBelow(path: string, folder: string): boolean {
  const way = relative(resolve(folder), resolve(path));
  return way !== "" && way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

export interface Listing {
  /** Follow links to folders. */
  links?: boolean;
  /** Read the folder's `files.list` if it has one. */
  cached?: boolean;
  /** Which of the pictures to list, and what they are, for the message if there are none. */
  only?: { test: (path: string) => boolean; what: string };
}

/**
 * Lists the pictures below a folder, or with `cached` those in its `files.list` if it has one. `option`: the option
 * named in messages. Fails with `file` if the folder can't be read or has none.
 */
export async function listFolder(folder: string, option: string, how: Listing = {}): Promise<string[]> {
  const { links = false, cached = true, only } = how;
  if (!folder) throw new SpadeError("usage", option, "is not given", "give the folder");
  if (!(await isFolder(folder)))
    throw new SpadeError("file", folder, "is not a folder that can be read", `check the path and ${option}`);
  const listed = cached ? textOfFile(join(folder, "files.list"), MOST_RECORDS) : undefined;
  let found: string[] = [];
  if (listed !== undefined) {
    found = listed.split(/\r?\n/).filter((line) => line !== "");
  } else await walk(folder, links, found, new Set());
  const wanted = only ? found.filter((path) => only.test(path)) : found;
  if (wanted.length || (listed !== undefined && !only)) return wanted;
  throw new SpadeError(
    "file",
    folder,
    found.length ? `has no ${only!.what} in it` : "has no picture in it",
    found.length ? `check ${option}` : `pictures end in ${[...ENDINGS].join(", ")}; check ${option}`,
  );
}

/** Walks folders like os.walk. Follows links to folders only if `links` is set, and visits each folder once then. */
async function walk(folder: string, links: boolean, found: string[], seen: Set<string>): Promise<void> {
  if (links) {
    const real = await realpath(folder);
    if (seen.has(real)) return;
    seen.add(real);
  }
  let entries;
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (cause) {
    throw new SpadeError(
      "file",
      folder,
      `can't be read (${(cause as NodeJS.ErrnoException).code})`,
      "check its permissions",
      cause,
    );
  }
  for (const entry of entries) {
    if (isHidden(entry.name)) continue;
    const path = join(folder, entry.name);
    const folderHere = entry.isDirectory() || (entry.isSymbolicLink() && (await isFolder(path)));
    if (folderHere) {
      if (links || !entry.isSymbolicLink()) await walk(path, links, found, seen);
    } else if (ENDINGS.has(extname(path).toLowerCase())) found.push(path);
  }
}

/**
 * Finds files by names that may be written in another form (see `comparable`). Reads each folder at most once, and only
 * for a name with such characters that does not exist as it is. Gives the path with the name as stored, or the given
 * one if there is no such file.
 */
export class StoredNames {
  private readonly folders = new Map<string, Promise<Map<string, string>>>();

  async find(folder: string, name: string): Promise<string> {
    const path = join(folder, name);
    if (comparable(name) === name.normalize("NFD") || (await stat(path).catch(() => undefined))) return path;
    let names = this.folders.get(folder);
    if (!names) {
      names = readdir(folder, { recursive: true })
        .catch(() => [])
        .then((all) => new Map(all.map((stored) => [comparable(stored), stored])));
      this.folders.set(folder, names);
    }
    return join(folder, (await names).get(comparable(join(name))) ?? name);
  }
}
