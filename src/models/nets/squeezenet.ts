// SqueezeNet 1.0's features (Iandola et al. 2016), a perceptual net that is small enough to ship. Its feature maps are
// the ReLU outputs of conv1, fire3, fire5, fire7 and fire9.
//
// The net in the file takes BGR in 0..255 minus the mean. conv1 has no padding, so we fold this conversion into its
// weights when reading:
//   W' = 127.5 * W with its input channels reversed,   b' = b + sum W * (127.5 - mean)     for x in [-1,1], RGB

import { concat, conv2d, maxPool } from "../../../kernels/index.ts";
import type { Graph, Tensor } from "../../runtime/index.ts";
import type { StateSource } from "../weights/parameters.ts";
import { TAP_WEIGHTS, type Convs, type Perceptual } from "./perceptual.ts";

/** The weights, among those that we publish. */
export const SQUEEZENET_FILE = "squeezenet1_0_features.safetensors";

/** The fire modules: output channels of squeeze, and of each of the two expand convs. */
const FIRES: [name: string, squeeze: number, expand: number][] = [
  ["fire2", 16, 64],
  ["fire3", 16, 64],
  ["fire4", 32, 128],
  ["fire5", 32, 128],
  ["fire6", 48, 192],
  ["fire7", 48, 192],
  ["fire8", 64, 256],
  ["fire9", 64, 256],
];
/** Modules that follow a 3x3 max pooling, and modules whose output is a feature map. */
const AFTER_POOL = new Set(["fire2", "fire5", "fire9"]);
const TAPS = new Set(["fire3", "fire5", "fire7", "fire9"]);
const CONV1 = { channels: 96, k: 7 };

export function squeezenetShapes(): Map<string, number[]> {
  const shapes = new Map<string, number[]>();
  const conv = (name: string, cout: number, cin: number, k: number): number => {
    shapes.set(`${name}.weight`, [cout, cin, k, k]).set(`${name}.bias`, [cout]);
    return cout;
  };
  let cin = conv("conv1", CONV1.channels, 3, CONV1.k);
  for (const [name, squeeze, expand] of FIRES) {
    conv(`${name}.squeeze`, squeeze, cin, 1);
    cin = conv(`${name}.expand1x1`, expand, squeeze, 1) + conv(`${name}.expand3x3`, expand, squeeze, 3);
  }
  return shapes;
}

/** Mean of the input, in BGR order. */
const MEAN = [104, 117, 123];

/** The file's values, with conv1 changed to take RGB in [-1,1]. */
export function squeezenetSource(source: StateSource): StateSource {
  const taps = CONV1.k ** 2;
  /** Calls `visit` with every weight of conv1, its output and input channel, and its tap. */
  const each = (w: Float32Array, visit: (value: number, o: number, i: number, tap: number) => void): void =>
    w.forEach((value, at) => visit(value, Math.floor(at / (3 * taps)), Math.floor(at / taps) % 3, at % taps));
  return {
    shapes: source.shapes,
    async read(key) {
      const values = await source.read(key);
      if (key === "conv1.weight") {
        const folded = new Float32Array(values.length);
        each(values, (value, o, i, tap) => (folded[(o * 3 + 2 - i) * taps + tap] = 127.5 * value));
        return folded;
      }
      if (key !== "conv1.bias") return values;
      const bias = Float64Array.from(values);
      each(await source.read("conv1.weight"), (value, o, i) => (bias[o] += value * (127.5 - MEAN[i])));
      return Float32Array.from(bias);
    },
  };
}

function fire(g: Graph, convs: Convs, name: string, x: Tensor): Tensor {
  const [, h, w] = x.shape;
  const conv = (part: string, input: Tensor, k: number): Tensor =>
    g.scope(part, () =>
      conv2d(g, { x: input, ...convs(`${name}.${part}`, { k, h, w }), kh: k, kw: k, pad: k >> 1, act: "relu" }),
    );
  return g.scope(name, () => {
    const s = conv("squeeze", x, 1);
    return concat(g, { a: conv("expand1x1", s, 1), b: conv("expand3x3", s, 3), axis: 3 });
  });
}

export const squeezenet: Perceptual = {
  name: "SqueezeNet 1.0",
  net: { shapes: squeezenetShapes() },
  weights: TAP_WEIGHTS,
  scaled: true,
  record(g, convs, x) {
    const [, h, w] = x.shape;
    const { k } = CONV1;
    let y = g.scope("conv1", () =>
      conv2d(g, { x, ...convs("conv1", { k, h, w }), kh: k, kw: k, stride: 2, act: "relu" }),
    );
    const taps = [y];
    for (const [name] of FIRES) {
      const input = y;
      const from = AFTER_POOL.has(name)
        ? g.scope(name, () => maxPool(g, { x: input, k: 3, stride: 2, ceil: true }))
        : input;
      y = fire(g, convs, name, from);
      if (TAPS.has(name)) taps.push(y);
    }
    return taps;
  },
};
