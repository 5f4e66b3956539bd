import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cacheFolder, once } from "../../src/cli/terminal/once.ts";

test("a note comes once for each user, other notes too, and every time where nothing can be remembered", async () => {
  const folder = await mkdtemp(join(tmpdir(), "spade-once-"));
  const shown: string[] = [];
  const say = (line: string): void => void shown.push(line);
  const cache = join(folder, "cache", "deep");
  for (const line of ["note: a", "note: a", "note: b", "note: a"]) once(line, say, cache);
  expect(shown).toEqual(["note: a", "note: b"]);
  await writeFile(join(folder, "file"), "");
  for (let i = 0; i < 2; i++) once("note: c", say, join(folder, "file"));
  expect(shown.slice(2)).toEqual(["note: c", "note: c"]);
  await rm(folder, { recursive: true });
});

test("the cache folder follows the system's conventions", () => {
  expect(cacheFolder({ XDG_CACHE_HOME: "/c" }, "linux")).toBe(join("/c", "spade-webgpu"));
  expect(cacheFolder({}, "linux")).toMatch(/\.cache.spade-webgpu$/);
  expect(cacheFolder({}, "darwin")).toMatch(/Library.Caches.spade-webgpu$/);
  expect(cacheFolder({ LOCALAPPDATA: "L" }, "win32")).toBe(join("L", "spade-webgpu"));
});
