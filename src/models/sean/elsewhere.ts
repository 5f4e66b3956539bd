// In place of SEAN's generator, its painter and its styles in the page's main entry, which paints with SPADE's generator alone.

import { SpadeError } from "../../runtime/errors.ts";

/** @throws SpadeError unsupported: the entry that paints with it */
function elsewhere(): never {
  const fix = "import from spade-webgpu/sean in place of spade-webgpu";
  throw new SpadeError("unsupported", "weights", "are those of a SEAN generator", fix);
}

export {
  elsewhere as checkSean,
  elsewhere as codesFor,
  elsewhere as decodeRegionStyles,
  elsewhere as encodeRegions,
  elsewhere as mixRegionStyles,
  elsewhere as paintedCodes,
  elsewhere as regionCodes,
  elsewhere as regionInfo,
  elsewhere as seanNet,
  elsewhere as SeanPainter,
  elsewhere as styleCodes,
};
