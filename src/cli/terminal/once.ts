// Notes that a user needs once and not with every command. The user's cache folder remembers which were printed.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** The folder for what may be deleted at any time, by the conventions of the system. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env, platform: string = process.platform): string {
  const home = homedir();
  if (env.XDG_CACHE_HOME) return join(env.XDG_CACHE_HOME, "spade-webgpu");
  if (platform === "darwin") return join(home, "Library", "Caches", "spade-webgpu");
  if (platform === "win32" && env.LOCALAPPDATA) return join(env.LOCALAPPDATA, "spade-webgpu");
  return join(home, ".cache", "spade-webgpu");
}

/** Calls `say` with a line that this user has not been shown yet. Where the folder can't be written, a line comes every time. */
export function once(line: string, say: (line: string) => void, folder = cacheFolder()): void {
  const path = join(folder, "notes.txt");
  let shown = "";
  try {
    shown = readFileSync(path, "utf8");
  } catch {
    // No note was shown yet.
  }
  if (shown.split("\n").includes(line)) return;
  say(line);
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path, `${line}\n`, { flag: "a" });
  } catch {
    // A home that is read-only or missing, as in some containers.
  }
}
