// The generator that a config's netG names, from its weights to a runner.

import type { Device, DType } from "../runtime/index.ts";
import type { Config } from "../models/config.ts";
import { Parameters, type StateSource } from "../models/weights/parameters.ts";
import { pix2pixhdNet } from "../models/nets/pix2pixhd.ts";
import { Pix2PixHDRunner } from "./pix2pixhd_runner.ts";
import { GeneratorRunner, type Painter, type RunnerOptions } from "./runner.ts";

/** As Parameters.load. @throws SpadeError shape */
export function loadGenerator(
  device: Device,
  c: Config,
  source: StateSource,
  dtype: DType,
  onProgress?: (done: number, total: number) => void,
): Promise<Parameters> {
  if (c.netG === "pix2pixhd") return Parameters.loadNet(device, pix2pixhdNet(c), source, dtype, onProgress);
  return Parameters.load(device, c, source, dtype, onProgress);
}

export function createPainter(
  device: Device,
  c: Config,
  parameters: Parameters,
  options?: RunnerOptions,
): Promise<Painter> {
  const Runner = c.netG === "pix2pixhd" ? Pix2PixHDRunner : GeneratorRunner;
  return Runner.create(device, c, parameters, options);
}
