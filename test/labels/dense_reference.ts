// The label path as published, the long way and in float64: one-hot tensor (+ edge channel), torch's nearest resize, two
// dense convolutions with zero padding and a ReLU between. And the same two layers from the dictionary. Both sum over taps,
// then channels, from the bias on: adding zeros changes no float64, so equal means bit for bit.
//
// Nothing here is shared with src/labels but types.

import type { LabelMap } from "../../src/labels/label_map.ts";
import type { LevelWindows } from "../../src/labels/windows.ts";

/** [channels, h, w]. */
export interface Planes {
  data: Float64Array;
  channels: number;
  h: number;
  w: number;
}

/** weight [outputs, inputs, k, k], bias [outputs]. */
export interface Conv {
  weight: Float64Array;
  bias: Float64Array;
  inputs: number;
  outputs: number;
  k: number;
}

export function randomConv(inputs: number, outputs: number, k: number, seed: number): Conv {
  let state = seed | 0;
  const next = (): number => (state = (Math.imul(state, 1664525) + 1013904223) | 0) / 2 ** 31 + 1e-12;
  const values = (n: number): Float64Array => Float64Array.from({ length: n }, next);
  return { weight: values(outputs * inputs * k * k), bias: values(outputs), inputs, outputs, k };
}

/** One-hot labels, 255 as `dontCare` if the net has it; the edge channel last, from `instance`, if `edges`. */
export function oneHot(
  map: LabelMap,
  instance: LabelMap | null,
  net: { labelCount: number; dontCare: number | null; edges: boolean },
): Planes {
  const { width: w, height: h } = map;
  const channels = net.labelCount + (net.edges ? 1 : 0);
  const data = new Float64Array(channels * h * w);
  const label = (i: number): number => (map.data[i] === 255 && net.dontCare !== null ? net.dontCare : map.data[i]);
  const id = (y: number, x: number): number => (instance ? instance.data[y * w + x] : label(y * w + x));
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      data[(label(y * w + x) * h + y) * w + x] = 1;
      if (!net.edges) continue;
      const differs = (yy: number, xx: number): boolean =>
        yy >= 0 && yy < h && xx >= 0 && xx < w && id(yy, xx) !== id(y, x);
      const edge = differs(y, x - 1) || differs(y, x + 1) || differs(y - 1, x) || differs(y + 1, x);
      data[(net.labelCount * h + y) * w + x] = edge ? 1 : 0;
    }
  }
  return { data, channels, h, w };
}

/** F.interpolate(mode="nearest"). */
export function resizeNearest(x: Planes, h: number, w: number): Planes {
  const source = (i: number, size: number, out: number): number => {
    const scale = new Float32Array([size / out]);
    const product = new Float32Array([i * scale[0]]);
    return Math.min(Math.trunc(product[0]), size - 1);
  };
  const data = new Float64Array(x.channels * h * w);
  for (let c = 0; c < x.channels; c++) {
    for (let i = 0; i < h; i++) {
      for (let j = 0; j < w; j++) {
        data[(c * h + i) * w + j] = x.data[(c * x.h + source(i, x.h, h)) * x.w + source(j, x.w, w)];
      }
    }
  }
  return { data, channels: x.channels, h, w };
}

export function convolve(x: Planes, conv: Conv): Planes {
  const { h, w } = x;
  const { k, inputs, outputs } = conv;
  const r = (k - 1) / 2;
  const data = new Float64Array(outputs * h * w);
  for (let o = 0; o < outputs; o++) {
    for (let y = 0; y < h; y++) {
      for (let xx = 0; xx < w; xx++) {
        let sum = conv.bias[o];
        for (let tap = 0; tap < k * k; tap++) {
          const sy = y + Math.floor(tap / k) - r;
          const sx = xx + (tap % k) - r;
          if (sy < 0 || sy >= h || sx < 0 || sx >= w) continue;
          for (let c = 0; c < inputs; c++)
            sum += conv.weight[(o * inputs + c) * k * k + tap] * x.data[(c * h + sy) * w + sx];
        }
        data[(o * h + y) * w + xx] = sum;
      }
    }
  }
  return { data, channels: outputs, h, w };
}

/** conv2(relu(conv1(x))) */
export function denseTwoLayers(x: Planes, conv1: Conv, conv2: Conv): Float64Array {
  const hidden = convolve(x, conv1);
  hidden.data.forEach((v, i) => (hidden.data[i] = Math.max(v, 0)));
  return convolve(hidden, conv2).data;
}

/** The same for each image [outputs, h, w], from the dictionary: a gather of weight columns, a table, a gather of rows. */
export function lookedUpTwoLayers(windows: LevelWindows, labelCount: number, conv1: Conv, conv2: Conv): Float64Array[] {
  const { h, w, k, images, innerCount, innerWindows, outerCount, outerWindows, outerIds } = windows;
  const taps = k * k;
  const hidden = conv1.outputs;
  const column = (o: number, channel: number, tap: number): number =>
    conv1.weight[(o * conv1.inputs + channel) * taps + tap];
  const a = new Float64Array(innerCount * hidden); // row 0 stays zero
  for (let id = 1; id < innerCount; id++) {
    for (let o = 0; o < hidden; o++) {
      let sum = conv1.bias[o];
      for (let tap = 0; tap < taps; tap++) {
        const code = innerWindows[id * taps + tap];
        if (code < 0) continue;
        sum += column(o, code >> 1, tap);
        if (code & 1) sum += column(o, labelCount, tap);
      }
      a[id * hidden + o] = Math.max(sum, 0);
    }
  }
  const g = new Float64Array(outerCount * conv2.outputs);
  for (let id = 0; id < outerCount; id++) {
    for (let o = 0; o < conv2.outputs; o++) {
      let sum = conv2.bias[o];
      for (let tap = 0; tap < taps; tap++) {
        for (let c = 0; c < hidden; c++) {
          sum += conv2.weight[(o * hidden + c) * taps + tap] * a[outerWindows[id * taps + tap] * hidden + c];
        }
      }
      g[id * conv2.outputs + o] = sum;
    }
  }
  return Array.from({ length: images }, (_, n) =>
    Float64Array.from({ length: conv2.outputs * h * w }, (_, i) => {
      const id = outerIds[n * h * w + (i % (h * w))];
      return g[id * conv2.outputs + Math.floor(i / (h * w))];
    }),
  );
}
