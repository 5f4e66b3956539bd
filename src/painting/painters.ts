// The painter of each kind of generator. A kind without a painter is a compile error.

import type { Config, NetG } from "../models/config.ts";
import type { ParameterStore } from "../models/weights/parameters.ts";
import type { LevelWindows } from "../labels/windows.ts";
import type { Device, Target } from "../runtime/index.ts";
import type { Recording } from "./stage.ts";
import type { Painter, PainterKind, PainterOptions } from "./painter.ts";
import { Pix2pixhdPainter } from "./pix2pixhd_painter.ts";
import { CladePainter } from "./whole/clade_painter.ts";
import { SeanPainter } from "./sean/sean_painter.ts";
import { SpadePainter } from "./spade_painter.ts";

const PAINTERS: Readonly<Record<NetG, PainterKind>> = {
  spade: SpadePainter,
  clade: CladePainter,
  pix2pixhd: Pix2pixhdPainter,
  sean: SeanPainter,
};

/** Creates a painter. It owns the parameters from now on: its dispose() frees them. */
export function createPainter(
  device: Device,
  c: Config,
  parameters: ParameterStore,
  options?: PainterOptions,
): Promise<Painter> {
  return PAINTERS[c.netG].create(device, c, parameters, options);
}

/**
 * The recordings of a painter, without a GPU: later ones import the tensors that earlier ones keep.
 * @param parameters not allocated (ParameterStore.onPaper); weights that are replaced by copies are released
 * @param windows the dictionary of the map; default: room for a typical map
 */
export function recordPainter(
  target: Target,
  c: Config,
  parameters: ParameterStore,
  windows?: readonly LevelWindows[],
  options?: PainterOptions,
): Recording[] {
  return PAINTERS[c.netG].record(target, c, parameters, windows, options);
}
