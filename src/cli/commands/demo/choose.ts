// Which demo the options ask for.

import type { Progress } from "../../terminal/progress.ts";
import { DRAWN, drawnDemo, type DemoOptions } from "./demo.ts";

/** Paints, and gives the lines to print. @throws SpadeError */
export async function demo(o: DemoOptions, progress: Progress): Promise<string[]> {
  if (o.regions) return (await import("./demo_regions.ts")).regionsDemo(o, progress);
  if (Object.hasOwn(DRAWN, o.map)) return drawnDemo(o, progress);
  return (await import("./demo_seeded.ts")).seededDemo(o, progress);
}
