// The page's main entry paints with SPADE's generator alone. What stands in place of another generator there throws this.

import { SpadeError } from "../runtime/errors.ts";

const INSTEAD = " in place of spade-webgpu";

/** @param imports what to import in place of the main entry @throws SpadeError unsupported */
export function elsewhere(title: string, imports: string): never {
  const fix = `import ${imports}${INSTEAD}`;
  throw new SpadeError("unsupported", "weights", `are those of a ${title} generator`, fix);
}

/** Whether this is the error of a net that another entry paints with, from whatever bundle. */
export const isElsewhere = (error: unknown): error is SpadeError =>
  error instanceof SpadeError && error.code === "unsupported" && error.fix.endsWith(INSTEAD);
