// What paints with each kind of generator. A kind without a painter does not compile.

import type { Config, NetG } from "../models/config.ts";
import type { Parameters } from "../models/weights/parameters.ts";
import type { Device } from "../runtime/index.ts";
import type { Painter, RunnerOptions } from "./painter.ts";
import { Pix2PixHDRunner } from "./pix2pixhd_runner.ts";
import { GeneratorRunner } from "./runner.ts";

interface PainterKind {
  create(device: Device, c: Config, parameters: Parameters, options?: RunnerOptions): Promise<Painter>;
}

const PAINTERS: Readonly<Record<NetG, PainterKind>> = { spade: GeneratorRunner, pix2pixhd: Pix2PixHDRunner };

/** Takes the parameters over: the painter's dispose() frees them. */
export function createPainter(
  device: Device,
  c: Config,
  parameters: Parameters,
  options?: RunnerOptions,
): Promise<Painter> {
  return PAINTERS[c.netG].create(device, c, parameters, options);
}
