// Measures how much the style changes a picture: the mean distance between the features of two pictures of one map in
// two styles, to be compared with the mean distance between photos. Small VAEs often ignore z; then the first distance
// is close to 0.

import type { FeatureExtractor } from "./features.ts";
import type { Pixels } from "../pictures/pil_bilinear.ts";

/** Below this fraction of the distance between photos, the styles have almost no effect. */
export const LEAST_DIVERSITY = 0.1;

function distance(a: Float32Array, b: Float32Array): number {
  let square = 0;
  for (let i = 0; i < a.length; i++) square += (a[i] - b[i]) ** 2;
  return Math.sqrt(square);
}

/** Mean over all maps of the distance between the features of two styles. `paint` paints a map in its style 0 or 1. */
export async function styleDiversity<Map>(
  extractor: Pick<FeatureExtractor, "features">,
  maps: readonly Map[],
  paint: (map: Map, style: 0 | 1) => Promise<Pixels>,
): Promise<number> {
  let sum = 0;
  for (const map of maps) {
    const [a, b] = await extractor.features([await paint(map, 0), await paint(map, 1)]);
    sum += distance(a, b);
  }
  return sum / maps.length;
}

/** Most pictures whose distances are all taken: half a million pairs. */
const MOST = 1000;

/**
 * Mean distance between the features of two pictures, over all pairs. Of more than 1,000 pictures, over the pairs of
 * 1,000 spread over the list: the pairs of a whole data set would take hours.
 */
export function pictureDiversity(features: readonly Float32Array[]): number {
  const count = Math.min(MOST, features.length);
  const some = Array.from({ length: count }, (_, i) => features[Math.floor((i * features.length) / count)]);
  let sum = 0;
  for (let i = 1; i < count; i++) for (let j = 0; j < i; j++) sum += distance(some[i], some[j]);
  return sum / ((count * (count - 1)) / 2);
}
