// What an earlier run's opt file adds to the command line.

import { join } from "node:path";
import type { Progress } from "../terminal/progress.ts";
import { ignoredOptions } from "./dead_options.ts";
import { savedOptions } from "./train_options.ts";

/** The options of the opt file that --load_from_opt_file names. Prints a note about given options that are ignored. */
export async function stated(
  given: Record<string, unknown>,
  progress: Progress,
  honoured: readonly string[],
): Promise<Record<string, unknown>> {
  const note = ignoredOptions(given, honoured);
  if (note) progress.say(note);
  const { checkpoints_dir = "./checkpoints", name = "label2coco", load_from_opt_file: from } = given;
  const folder = join(String(checkpoints_dir), String(name));
  return { ...(await savedOptions(from as string | true | undefined, folder, (line) => progress.say(line))) };
}
