// Small nets to train and samples for them. Each sample is a function of its number, with which a page makes the same ones.

import type { Sample } from "../../src/train.ts";
import { tiny } from "../training/tiny.ts";

/** Options of test/training/tiny.ts. */
export const options = {
  label_nc: tiny.label_nc,
  contain_dontcare_label: tiny.contain_dontcare_label,
  crop_size: tiny.crop_size,
  ngf: tiny.ngf,
  ndf: tiny.ndf,
  num_D: tiny.num_D,
  n_layers_D: tiny.n_layers_D,
  batchSize: 1,
  seed: 5,
} as const;

/** Stripes of four labels that move with `i`, and a picture of noise in their colours. Uses nothing from outside: it runs in a page too. */
export function sampleOf(i: number, side = 64): Sample {
  const label = new Uint8Array(side * side);
  const rgba = new Uint8ClampedArray(4 * side * side);
  let state = i + 1;
  for (let p = 0; p < label.length; p++) {
    const id = ((((p + 3 * i) % side) * 4) / side) & 3;
    label[p] = id;
    for (let c = 0; c < 3; c++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      rgba[4 * p + c] = 60 * id + 20 * c + (state >>> 27);
    }
    rgba[4 * p + 3] = 255;
  }
  return {
    label: { data: label, width: side, height: side },
    image: { data: rgba, width: side, height: side },
  };
}

export function* samplesFrom(first: number): Generator<Sample> {
  for (let i = first; ; i++) yield sampleOf(i);
}
