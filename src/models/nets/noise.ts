// The noise of SEAN's ACE (Zhu et al. 2020) and, ours, of SPADE's nets with add_noise: before each norm, a standard normal plane for each
// picture, times a factor for each channel that is learnt. Planes that are not given depend on the program's input "noise", a seed, and on
// the norm's key.

import { addNoise, normalPlane } from "../../../kernels/index.ts";
import { product, type Graph, type HostArray, type Tensor } from "../../runtime/index.ts";
import type { Config } from "../config.ts";
import { fnv1a32, keyOf, normalValues } from "../philox.ts";
import type { ParameterStore } from "../weights/parameters.ts";
import type { Layers } from "./generator.ts";

/** Gives the plane of a norm by its key, standard normal, f32 [n]. */
export type Planes = (g: Graph, key: string, n: number) => Tensor;

/** Declares the input "noise", a seed (and which of the peers this is); planes depend on it and on the norm's key. */
export function seededPlanes(g: Graph): Planes {
  const seed = g.input("noise", [g.peers ? 3 : 2], "i32");
  return (g, key, n) => normalPlane(g, { seed, layer: fnv1a32(key), n });
}

/** Value of the input of seededPlanes. @param seed an integer of at most 2^53 in magnitude */
export const planesSeed = (seed = 0): Record<string, HostArray> => ({ noise: Int32Array.from(keyOf(seed)) });

/** What records x, upsampled `up` times, with the noise of the norm of a key. */
export const noisy =
  (g: Graph, p: ParameterStore, planes: Planes): NonNullable<Layers["noise"]> =>
  (key, x, up) =>
    g.scope(key, () => {
      const plane = planes(g, key, product(x.shape.slice(0, 3)) * up * up);
      return addNoise(g, { x, up, plane, v: p.tensor(g, `${key}.noise_var`) });
    });

/** The noise of a net with add_noise, by a seed; undefined for other nets. */
export const noiseLayer = (g: Graph, c: Config, p: ParameterStore): Layers["noise"] =>
  c.add_noise ? noisy(g, p, seededPlanes(g)) : undefined;

/** Value of the input of noiseLayer, if the net has it. */
export const noiseValue = (c: Config, seed?: number): Record<string, HostArray> =>
  c.add_noise ? planesSeed(seed) : {};

/** The plane of a norm on the host, [N,H,W] dense: what normalPlane computes, but for the rounding of log, cos and sin. */
export const noisePlane = (seed: number, norm: string, n: number): Float32Array => normalValues(seed, n, fnv1a32(norm));
