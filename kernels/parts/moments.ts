// kernels/parts/moments.ts: what a convolution that is asked for the moments of its result writes beside it, for `statistics`
//
// A slice is some of the result's pixels: how many they are, and for each channel their mean and M2, the sum of squared distances from it.
// `statistics` joins the slices and needs no pass of its own over the result. Not an op: the gradient of mean and variance reaches the
// result through the backward pass of `statistics`, whichever of the two computed the slices.

import type { Tensor } from "../../src/runtime/index.ts";

/** The slices are of all images together. */
export interface Moments {
  /** f32 [slices]: pixels of each. */
  counts: Tensor;
  /** f32 [slices, C] */
  means: Tensor;
  /** f32 [slices, C]: M2. */
  distances: Tensor;
}

const known = new WeakMap<Tensor, Moments>();

/** Notes the moments of a result. */
export const noteMoments = (y: Tensor, moments: Moments): void => void known.set(y, moments);

/** The moments of a tensor, if the convolution that made it was asked for them and its variant computes them. */
export const momentsOf = (x: Tensor): Moments | undefined => known.get(x);
