// The noise of nets with add_noise (ours, after SEAN's ACE): before each SPADE norm, a standard normal plane for each picture, times a
// factor for each channel that is learnt. The planes depend on the program's input "noise", a seed, and on the norm's name.

import { addNoise, normalPlane } from "../../../kernels/index.ts";
import { product, type Graph, type HostArray, type Tensor } from "../../runtime/index.ts";
import type { Config } from "../config.ts";
import { fnv1a32, keyOf, normalValues } from "../philox.ts";
import type { ParameterStore } from "../weights/parameters.ts";

/**
 * Declares the input "noise" of a net with add_noise.
 * @returns what records x, upsampled `up` times, with the noise of a norm; undefined for other nets
 */
export function noiseLayer(
  g: Graph,
  c: Config,
  p: ParameterStore,
): ((norm: string, x: Tensor, up: 1 | 2) => Tensor) | undefined {
  if (!c.add_noise) return undefined;
  const seed = g.input("noise", [2], "i32");
  return (norm, x, up) =>
    g.scope(norm, () => {
      const n = product(x.shape.slice(0, 3)) * up * up;
      const plane = normalPlane(g, { seed, layer: fnv1a32(norm), n });
      return addNoise(g, { x, up, plane, v: p.tensor(g, `${norm}.noise_var`) });
    });
}

/** Value of the input "noise", if the net has it. @param seed an integer of at most 2^53 in magnitude */
export const noiseValue = (c: Config, seed = 0): Record<string, HostArray> =>
  c.add_noise ? { noise: Int32Array.from(keyOf(seed)) } : {};

/** The plane of a norm on the host, [N,H,W] dense: what normalPlane computes, but for the rounding of log, cos and sin. */
export const noisePlane = (seed: number, norm: string, n: number): Float32Array => normalValues(seed, n, fnv1a32(norm));
