// In place of CLADE's generator and its painter in the page's main entry, which paints with SPADE's generator alone.

import { elsewhere } from "../elsewhere.ts";

/** @throws SpadeError unsupported: the entry that paints with it */
const there = (): never => elsewhere("CLADE", "createSpade from spade-webgpu/clade");

export { there as checkClade, there as CladePainter, there as cladeShapes };
