// Times a picture dispatch by dispatch.

import { profileProgram, type Profile } from "../runtime/index.ts";
import type { Painter } from "./painter.ts";

/** Dispatch times of every stage of the current map's picture. @param z the style, of nets that have one */
export async function profilePainter(painter: Painter, z?: Float32Array): Promise<Profile[]> {
  if (z) painter.setStyle(z);
  const profiles: Profile[] = [];
  for (const { program, options } of painter.stages) profiles.push(await profileProgram(program, options));
  return profiles;
}
