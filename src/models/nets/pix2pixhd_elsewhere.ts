// In place of pix2pixhd.ts and its painter in the page's main entry, which paints with SPADE's generator alone.

import { elsewhere } from "../elsewhere.ts";

/** @throws SpadeError unsupported: the entry that paints with it */
const there = (): never => elsewhere("pix2pixHD", "createSpade from spade-webgpu/pix2pixhd");

export {
  there as checkPix2pixhd,
  there as pix2pixhdNet,
  there as Pix2pixhdPainter,
  there as pix2pixhdSize,
  there as pix2pixhdStride,
};
