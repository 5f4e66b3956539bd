// In place of pix2pixhd.ts and its painter in the page's main entry, which paints with SPADE's generator alone.

import { SpadeError } from "../../runtime/errors.ts";

/** @throws SpadeError unsupported: the entry that paints with it */
function elsewhere(): never {
  const fix = "import createSpade from spade-webgpu/pix2pixhd in place of spade-webgpu";
  throw new SpadeError("unsupported", "weights", "are those of a pix2pixHD generator", fix);
}

export {
  elsewhere as checkPix2pixhd,
  elsewhere as pix2pixhdNet,
  elsewhere as Pix2pixhdPainter,
  elsewhere as pix2pixhdSize,
  elsewhere as pix2pixhdStride,
};
