// The published training options that the step itself reads, with their published defaults.

import { defaultConfig, type Config } from "../models/config.ts";
import { defaultDiscriminator, type DiscriminatorConfig } from "../models/discriminator.ts";
import { defaultEncoder, type EncoderConfig } from "../models/encoder.ts";
import { defaultLosses, type LossConfig } from "./losses.ts";

export interface OptimiserConfig {
  lr: number;
  beta1: number;
  beta2: number;
  /** Given, it turns the two time scales off: G and D both learn at lr. */
  no_TTUR: boolean;
}

export type TrainConfig = Config & DiscriminatorConfig & EncoderConfig & LossConfig & OptimiserConfig;

export const defaultTraining: TrainConfig = {
  ...defaultConfig,
  ...defaultDiscriminator,
  ...defaultEncoder,
  ...defaultLosses,
  lr: 0.0002,
  beta1: 0,
  beta2: 0.9,
  no_TTUR: false,
};

/** Learning rates of G (and E) and of D: Heusel et al. 2017's two time scales, as published lr/2 and 2 lr. */
export function learningRates(c: OptimiserConfig, lr = c.lr): { G: number; D: number } {
  return c.no_TTUR ? { G: lr, D: lr } : { G: lr / 2, D: lr * 2 };
}
