// Computes `seg`, the input of an exported model: upstream's dense one-hot tensor. Our own engine never uses it.

import type { Config } from "../../models/config.ts";
import { labelCount, semanticNc } from "../../models/config.ts";

/**
 * One-hot labels with don't-care, then the edge channel, 1 where a 4-neighbour is another instance: [semantic_nc, H,
 * W]. Every label must be below labelCount(config), don't-care included.
 */
export function denseSemantics(
  config: Config,
  label: ArrayLike<number>,
  instance: ArrayLike<number>,
  width: number,
): Float32Array {
  const size = label.length;
  const seg = new Float32Array(semanticNc(config) * size);
  for (let p = 0; p < size; p++) seg[label[p] * size + p] = 1;
  if (config.no_instance) return seg;
  const edge = labelCount(config) * size;
  for (let p = 0; p < size; p++) {
    if (p % width && instance[p] !== instance[p - 1]) seg[edge + p] = seg[edge + p - 1] = 1;
    if (p >= width && instance[p] !== instance[p - width]) seg[edge + p] = seg[edge + p - width] = 1;
  }
  return seg;
}
