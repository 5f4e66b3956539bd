// In place of CLADE's generator and its painter in the page's main entry, which paints with SPADE's generator alone.

import { SpadeError } from "../../runtime/errors.ts";

/** @throws SpadeError unsupported: the entry that paints with it */
function elsewhere(): never {
  const fix = "import createSpade from spade-webgpu/clade in place of spade-webgpu";
  throw new SpadeError("unsupported", "weights", "are those of a CLADE generator", fix);
}

export { elsewhere as checkClade, elsewhere as CladePainter, elsewhere as cladeShapes };
