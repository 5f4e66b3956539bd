// Puts a run's nets, moments, stepper and styles together on a device, wherever the values come from.

import { kindOf, netOf } from "../models/kinds.ts";
import { discriminatorNet } from "../models/nets/discriminator.ts";
import { encoderNet } from "../models/nets/encoder.ts";
import { RegionMeans } from "../models/sean/region_styles.ts";
import type { Net } from "../models/weights/packing.ts";
import type { ParameterStore } from "../models/weights/parameters.ts";
import type { Device } from "../runtime/index.ts";
import type { TrainOptions } from "./options.ts";
import type { Position } from "./position.ts";
import type { RunParts } from "./run.ts";
import { AVERAGE, restore, type Role, type SavedState } from "./state.ts";
import type { Nets, StepOptions } from "./step/step.ts";
import { Stepper } from "./step/stepper.ts";
import { Styles } from "./styles.ts";

/** The nets that a run trains, by role. */
export function netsOf(o: TrainOptions): [Role, Net][] {
  return [["G", netOf(o)], ["D", discriminatorNet(o)], ...(o.use_vae ? ([["E", encoderNet(o)]] as [Role, Net][]) : [])];
}

/** Where a run begins. */
export interface Origin {
  /** Loads a net's parameters, in f32; of G's moving average, undefined makes it a copy of G. */
  parametersOf(role: Role, net: Net): Promise<ParameterStore>;
  parametersOf(role: typeof AVERAGE, net: Net): Promise<ParameterStore | undefined>;
  perceptual(): Promise<Nets["perceptual"]>;
  /** Who else trains these nets, each its part of every batch. */
  readonly peers?: Pick<StepOptions, "exchange" | "peers"> & { readonly ranks: number };
  /** The state whose moments, table rooms, styles and losses go on. */
  readonly saved?: SavedState;
  readonly position: Position;
}

/** A run that is ready for its next step. If anything fails, what was opened is freed. */
export async function openParts(device: Device, o: TrainOptions, origin: Origin): Promise<RunParts> {
  const opened: { dispose(): void }[] = [];
  const dispose = (): void => {
    for (const part of opened.reverse()) part.dispose();
  };
  const noted = <T extends { dispose(): void } | undefined>(part: T): T => {
    if (part) opened.push(part);
    return part;
  };
  try {
    const loaded: Partial<Record<Role, ParameterStore>> = {};
    for (const [role, net] of netsOf(o)) loaded[role] = noted(await origin.parametersOf(role, net));
    const perceptual = await origin.perceptual();
    noted(perceptual?.parameters);
    const nets: Nets = { G: loaded.G!, D: loaded.D!, E: loaded.E, perceptual };
    const average = o.ema > 0 ? noted((await origin.parametersOf(AVERAGE, netOf(o))) ?? nets.G.clone()) : undefined;
    const { ranks = 1, ...others } = origin.peers ?? {};
    // Peers average all losses and gradients, and the style's divergence is a sum over the batch.
    const config = { ...o, lambda_kld: o.lambda_kld * ranks };
    const stepper = noted(
      new Stepper(device, config, nets, o.batchSize / ranks, {
        dtype: o.dtype,
        average: average && { parameters: average, decay: o.ema },
        ...others,
      }),
    );
    const regions = kindOf(o).regions?.(o);
    const styles = o.use_vae ? new Styles(o.z_dim) : regions && new RegionMeans(regions);
    const { saved, position } = origin;
    if (saved) await restore(saved, stepper, nets, styles);
    return { nets, stepper, styles, average, position: { ...position }, losses: saved?.losses ?? {}, dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}
