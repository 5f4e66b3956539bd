// Compiles pipelines in a process on the null device, and reads what its driver prints.

import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
// @ts-expect-error: a script without types
import * as untyped from "../../scripts/null/null_device.mjs";
import { root } from "../lib/maps.ts";
import type { Selection } from "./compile.ts";
import { readDump, type Events } from "./dump.ts";

export const { FAMILIES, isFamily, nullEnvironment, whyNot } = untyped as {
  /** Those of a run that names none. */
  FAMILIES: string[];
  isFamily(name: string): boolean;
  nullEnvironment(family: string, debug: string): Record<string, string>;
  /** What the null device lacks on this machine, with the command that installs it; "" if nothing. */
  whyNot(): string;
};

/** What the program of dist/ is called with in the child. */
export const CHILD = "--compile";

/** @throws SpadeError shader: as readDump */
export async function compileOn(family: string, selection: Selection, events: Events): Promise<void> {
  const args = [join(root, "dist", "bench", "static.js"), CHILD, JSON.stringify(selection)];
  const env = { ...process.env, ...nullEnvironment(family, "nocache,shaders,shaderstats") };
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"], env });
  try {
    await readDump(createInterface({ input: child.stderr, crlfDelay: Infinity }), events);
  } finally {
    child.kill();
  }
}
