// The noise of nets with add_noise (ours, after SEAN's ACE): before each SPADE norm, a standard normal plane for each picture, times a
// factor for each channel that is learnt. The planes depend on the program's input "noise", a seed, and on the norm's name.

import { addNoise, normalPlane } from "../../../kernels/index.ts";
import { product, type Graph, type HostArray, type Tensor } from "../../runtime/index.ts";
import { fnv1a32, keyOf, normalValues } from "../philox.ts";
import type { ParameterStore } from "../weights/parameters.ts";

/** Declares the seed of a recording's planes. */
export const noiseInput = (g: Graph): Tensor => g.input("noise", [2], "i32");

/** Value of noiseInput. @param seed an integer of at most 2^53 in magnitude */
export const noiseValue = (seed: number): Record<string, HostArray> => ({ noise: Int32Array.from(keyOf(seed)) });

/** Records x, upsampled `up` times, with the noise of a norm. */
export function recordNoise(g: Graph, p: ParameterStore, seed: Tensor, norm: string, x: Tensor, up: number): Tensor {
  return g.scope(norm, () => {
    const n = product(x.shape.slice(0, 3)) * up * up;
    const plane = normalPlane(g, { seed, layer: fnv1a32(norm), n });
    return addNoise(g, { x, up: up as 1 | 2, plane, v: p.tensor(g, `${norm}.noise_var`) });
  });
}

/** The plane of a norm on the host, [N,H,W] dense: what normalPlane computes, but for the rounding of log, cos and sin. */
export const noisePlane = (seed: number, norm: string, n: number): Float32Array => normalValues(seed, n, fnv1a32(norm));
