// The published initialisation of a net, as the published code does it on a GPU (docs/upstream.md): init_weights writes into `weight`, which on a GPU
// is no longer the storage of a spectrally normalised layer's `weight_orig`, so these weights keep PyTorch's default, U(-1/sqrt(fan_in),
// 1/sqrt(fan_in)); all other weights get `init_type`; every bias is 0, and so are noise_var, the blending factors and the convs of CLADE's
// positions; the weights of CLADE's class tables are U(0, 1). Values depend on (seed, key) alone, not on the other nets or their order.

import type { Net } from "../models/weights/packing.ts";
import { keyedSeed, normalValues, uniformValues } from "../models/philox.ts";
import type { StateSource } from "../models/weights/parameters.ts";
import type { InitType } from "./options.ts";

export interface InitOptions {
  init_type: InitType;
  init_variance: number;
  seed: number;
}

const scaled = (values: Float32Array, by: number): Float32Array => values.map((v) => v * by);
const unit = (values: Float32Array): Float32Array => scaled(values, 1 / Math.hypot(...chunkNorms(values)));

/** Norms of chunks: spreading all values into one call would overflow the stack. */
function chunkNorms(values: Float32Array): number[] {
  const norms: number[] = [];
  for (let i = 0; i < values.length; i += 4096) norms.push(Math.hypot(...values.subarray(i, i + 4096)));
  return norms;
}

/** A matrix with orthonormal rows (or columns, where there are more rows), times gain: Gram and Schmidt on normal values. */
function orthogonal(seed: number, rows: number, columns: number, gain: number): Float32Array {
  const [n, length] = rows <= columns ? [rows, columns] : [columns, rows];
  const values = Float64Array.from(normalValues(seed, n * length));
  for (let i = 0; i < n; i++) {
    const v = values.subarray(i * length, (i + 1) * length);
    for (let j = 0; j < i; j++) {
      const u = values.subarray(j * length, (j + 1) * length);
      let dot = 0;
      for (let k = 0; k < length; k++) dot += u[k] * v[k];
      for (let k = 0; k < length; k++) v[k] -= dot * u[k];
    }
    let sum = 0;
    for (let k = 0; k < length; k++) sum += v[k] * v[k];
    for (let k = 0; k < length; k++) v[k] /= Math.sqrt(sum);
  }
  const out = new Float32Array(rows * columns);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++)
      out[r * columns + c] = gain * (rows <= columns ? values[r * length + c] : values[c * length + r]);
  return out;
}

/** A weight [Cout, Cin, ...] or [out, in] under init_type; `gain`: init_variance. */
function weight(type: InitType, gain: number, shape: readonly number[], seed: number): Float32Array {
  const size = shape.reduce((a, b) => a * b, 1);
  const taps = shape.slice(2).reduce((a, b) => a * b, 1);
  const [fanIn, fanOut] = [shape[1] * taps, shape[0] * taps];
  const normal = (std: number): Float32Array => scaled(normalValues(seed, size), std);
  const uniform = (bound: number): Float32Array => scaled(uniformValues(seed, size), bound);
  switch (type) {
    case "normal":
      return normal(gain);
    case "xavier":
      return normal(gain * Math.sqrt(2 / (fanIn + fanOut)));
    case "xavier_uniform":
      return uniform(Math.sqrt(6 / (fanIn + fanOut)));
    case "kaiming":
      return normal(Math.sqrt(2 / fanIn));
    case "orthogonal":
      return orthogonal(seed, shape[0], size / shape[0], gain);
    case "none":
      return uniform(1 / Math.sqrt(fanIn));
  }
}

/** One tensor of a net before its first step. */
function initialValues(key: string, shape: readonly number[], options: InitOptions): Float32Array {
  const seed = keyedSeed(options.seed, key);
  const size = shape.reduce((a, b) => a * b, 1);
  if (key.endsWith(".class_specified_affine.weight")) return uniformValues(seed, size).map((v) => (1 + v) / 2);
  if (/\.dist_conv_[wb]\.weight$/.test(key)) return new Float32Array(size);
  switch (key.slice(key.lastIndexOf(".") + 1)) {
    case "bias":
    case "noise_var":
    case "blending_gamma":
    case "blending_beta":
    case "running_mean":
      return new Float32Array(size);
    case "running_var":
      return new Float32Array(size).fill(1);
    case "weight_u":
    case "weight_v":
      return unit(normalValues(seed, size));
    case "weight_orig":
      return weight("none", 0, shape, seed);
    default:
      // A batch norm's weight: N(1, init_variance^2).
      if (shape.length === 1) return scaled(normalValues(seed, size), options.init_variance).map((v) => 1 + v);
      return weight(options.init_type, options.init_variance, shape, seed);
  }
}

/** A net before its first step; each tensor is drawn when it is read. */
export const initialSource = ({ shapes }: Pick<Net, "shapes">, options: InitOptions): StateSource => ({
  shapes,
  read: (key) => initialValues(key, shapes.get(key)!, options),
});
