// In place of SEAN's generator, its painter and its styles in the page's main entry, which paints with SPADE's generator alone.

import { elsewhere } from "../elsewhere.ts";

/** @throws SpadeError unsupported: the entry that paints with it */
const there = (): never => elsewhere("SEAN", "from spade-webgpu/sean");

export {
  there as checkSean,
  there as codesFor,
  there as decodeRegionStyles,
  there as encodeRegions,
  there as mixRegionStyles,
  there as paintedCodes,
  there as regionCodes,
  there as regionInfo,
  there as seanNet,
  there as SeanPainter,
  there as styleCodes,
};
