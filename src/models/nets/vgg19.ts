// VGG19 (Simonyan and Zisserman 2015) up to relu5_1, with torchvision's key names. As in upstream, the input is the
// picture in [-1,1], not normalised with ImageNet's mean and standard deviation.

import { conv2d, maxPool } from "../../../kernels/index.ts";
import type { Tensor } from "../../runtime/index.ts";
import { TAP_WEIGHTS, type Perceptual } from "./perceptual.ts";

/** The convs in torchvision's `features`: index and output channels. */
const CONVS: [index: number, channels: number][] = [
  [0, 64],
  [2, 64],
  [5, 128],
  [7, 128],
  [10, 256],
  [12, 256],
  [14, 256],
  [16, 256],
  [19, 512],
  [21, 512],
  [23, 512],
  [25, 512],
  [28, 512],
];
/** Convs that follow a 2x2 max pooling. */
const AFTER_POOL = new Set([5, 10, 19, 28]);
/** Convs whose ReLU output is a feature map: relu1_1, 2_1, 3_1, 4_1, 5_1. */
const TAPS = new Set([0, 5, 10, 19, 28]);

/** The keys that we use from torchvision's file, with their shapes. */
export function vgg19Shapes(): Map<string, number[]> {
  const shapes = new Map<string, number[]>();
  let cin = 3;
  for (const [i, cout] of CONVS) {
    shapes.set(`features.${i}.weight`, [cout, cin, 3, 3]).set(`features.${i}.bias`, [cout]);
    cin = cout;
  }
  return shapes;
}

export const vgg19: Perceptual = {
  name: "VGG19",
  net: { shapes: vgg19Shapes() },
  weights: TAP_WEIGHTS,
  scaled: false,
  record(g, convs, x) {
    const taps: Tensor[] = [];
    for (const [i] of CONVS) {
      const name = `features.${i}`;
      const input = x;
      x = g.scope(name, () => {
        const from = AFTER_POOL.has(i) ? maxPool(g, { x: input, k: 2, stride: 2 }) : input;
        const [, h, w] = from.shape;
        return conv2d(g, { x: from, ...convs(name, { k: 3, h, w }), kh: 3, kw: 3, pad: 1, act: "relu" });
      });
      if (TAPS.has(i)) taps.push(x);
    }
    return taps;
  },
};
