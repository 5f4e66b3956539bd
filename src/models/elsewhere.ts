// The page's main entry paints with SPADE's generator alone. What stands in place of another generator there throws this.

import { SpadeError } from "../runtime/errors.ts";

/** @param imports what to import in place of the main entry @throws SpadeError unsupported */
export function elsewhere(title: string, imports: string): never {
  const fix = `import ${imports} in place of spade-webgpu`;
  throw new SpadeError("unsupported", "weights", `are those of a ${title} generator`, fix);
}
