// Seeded weights: values from a formula that gives the same result in any language, so that a net needs no file. The
// tensor with key K, for `seed` and `gain`, is
//
//     weight, weight_orig   seeded("<seed>:" + K, shape, gain * sqrt(6 / (fan_in + fan_out)))
//     bias, noise_var       seeded("<seed>:" + K, shape, 0.1 * gain); SEAN's noise_var 0.5 * gain
//     blending_gamma, _beta seeded("<seed>:" + K, shape, 2 * gain)
//     class tables' weight  0.5 + seeded("<seed>:" + K, shape, 0.5), in float32 (netG clade)
//     weight_u, weight_v    seeded("<seed>:" + K, shape, 1), then divided by its L2 norm
//
// with fan_in = prod(shape[1:]), fan_out = shape[0] * prod(shape[2:]); running_mean 0, running_var 1; a batch norm's
// own weight 1 and bias 0. This is not upstream's initialisation, which is for training. It gives nets that tests in
// different languages share.

import type { Config } from "../config.ts";
import { netOf } from "../kinds.ts";
import { fnv1a32 } from "../philox.ts";
import { vgg19Shapes } from "../nets/vgg19.ts";

/** A net's float32 tensors under upstream's key names. */
export type HostState = Map<string, { shape: number[]; data: Float32Array }>;

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Values in [-scale, scale). Element i is scale * (hash32(fnv1a32(name) + i) / 2^31 - 1), rounded once to float32. */
export function seeded(name: string, shape: readonly number[], scale: number): Float32Array {
  const out = new Float32Array(product(shape));
  const start = fnv1a32(name);
  for (let i = 0; i < out.length; i++) {
    let x = (start + i) | 0;
    x ^= x >>> 16;
    x = Math.imul(x, 0x7feb352d);
    x ^= x >>> 15;
    x = Math.imul(x, 0x846ca68b);
    x ^= x >>> 16;
    out[i] = ((x >>> 0) / 0x80000000 - 1) * scale;
  }
  return out;
}

/** Divides x by max(|x|, 1e-12), in place. */
function normalize(x: Float32Array | Float64Array): void {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * x[i];
  const norm = Math.max(Math.sqrt(sum), 1e-12);
  for (let i = 0; i < x.length; i++) x[i] /= norm;
}

/** Computes one tensor; the last part of its key selects the formula. */
function seededTensor(
  key: string,
  shape: readonly number[],
  seed: number,
  gain: number,
  ofNorm: boolean,
): Float32Array {
  const name = `${seed}:${key}`;
  const role = key.slice(key.lastIndexOf(".") + 1);
  if (key.endsWith("class_specified_affine.weight")) return seeded(name, shape, 0.5).map((v) => 0.5 + v);
  if (ofNorm && role === "weight") return new Float32Array(shape[0]).fill(1);
  if (ofNorm && role === "bias") return new Float32Array(shape[0]);
  switch (role) {
    case "running_mean":
      return new Float32Array(shape[0]);
    case "running_var":
      return new Float32Array(shape[0]).fill(1);
    case "blending_gamma":
    case "blending_beta":
      return seeded(name, shape, 2 * gain);
    case "bias":
    case "noise_var":
      return seeded(name, shape, (/(^|\.)(ace_.|n)\.noise_var$/.test(key) ? 0.5 : 0.1) * gain);
    case "weight_u":
    case "weight_v": {
      const values = seeded(name, shape, 1);
      normalize(values);
      return values;
    }
    case "weight":
    case "weight_orig": {
      const fanIn = product(shape.slice(1));
      const fanOut = shape[0] * product(shape.slice(2));
      return seeded(name, shape, gain * Math.sqrt(6 / (fanIn + fanOut)));
    }
    default:
      throw new Error(`seeded: no rule for ${key}`);
  }
}

/**
 * Computes the seeded state for a list of keys and shapes. A layer's bias comes before its weight, as in the oracle.
 */
export function seededState(shapes: ReadonlyMap<string, readonly number[]>, seed: number, gain: number): HostState {
  const state: HostState = new Map();
  const add = (key: string): void => {
    const shape = shapes.get(key);
    if (shape && !state.has(key))
      state.set(key, {
        shape: [...shape],
        data: seededTensor(key, shape, seed, gain, shapes.has(key.replace(/[^.]*$/, "running_mean"))),
      });
  };
  for (const key of shapes.keys()) {
    if (key.endsWith(".weight")) add(key.replace(/weight$/, "bias"));
    add(key);
  }
  return state;
}

export function seededGenerator(config: Config, seed: number, gain: number): HostState {
  return seededState(netOf(config).shapes, seed, gain);
}

/** Seeded VGG19. With gain 2 the features keep their magnitude through the layers. */
export function seededVgg(seed: number, gain = 2): HostState {
  return seededState(vgg19Shapes(), seed, gain);
}

/** Names of the spectrally normalised layers of a state. */
export function spectralLayers(state: HostState): string[] {
  return [...state.keys()].filter((key) => key.endsWith(".weight_orig")).map((key) => key.slice(0, -12));
}

/**
 * Does `iterations` power iterations on every spectrally normalised layer; replaces weight_u and weight_v in the state.
 *
 * One iteration is v <- W^T u / |.|, u <- W v / |.| with W as [Cout, Cin*k*k]. The length of u does not change the
 * direction of W^T u. So W v of one iteration and W^T u of the next use a row of W together while it is in the cache,
 * which takes one pass over the weights per iteration. Sums are in float64.
 */
export function powerIterate(state: HostState, iterations: number): void {
  for (const name of iterations > 0 ? spectralLayers(state) : []) {
    const w = state.get(`${name}.weight_orig`)!.data;
    const u = Float64Array.from(state.get(`${name}.weight_u`)!.data);
    const rows = u.length;
    const columns = w.length / rows;
    let v = new Float64Array(columns);
    let next = new Float64Array(columns);
    for (let r = 0; r < rows; r++) addRow(v, w, r * columns, u[r]);
    normalize(v);
    for (let i = 1; i <= iterations; i++) {
      for (let r = 0; r < rows; r++) {
        u[r] = dotRow(w, r * columns, v);
        if (i < iterations) addRow(next, w, r * columns, u[r]);
      }
      if (i < iterations) {
        normalize(next);
        [v, next] = [next, v];
        next.fill(0);
      }
    }
    normalize(u);
    state.set(`${name}.weight_u`, { shape: [rows], data: Float32Array.from(u) });
    state.set(`${name}.weight_v`, { shape: [columns], data: Float32Array.from(v) });
  }
}

/** Computes sigma = u^T W v of one spectrally normalised layer, in float64. */
export function spectralSigma(state: HostState, name: string): number {
  const w = state.get(`${name}.weight_orig`)!.data;
  const u = state.get(`${name}.weight_u`)!.data;
  const v = Float64Array.from(state.get(`${name}.weight_v`)!.data);
  let sigma = 0;
  for (let r = 0; r < u.length; r++) sigma += u[r] * dotRow(w, r * v.length, v);
  return sigma;
}

/** Adds scale * w[at ...] to sum. */
function addRow(sum: Float64Array, w: Float32Array, at: number, scale: number): void {
  for (let i = 0; i < sum.length; i++) sum[i] += scale * w[at + i];
}

/** Dot product of w[at ...] and v. Four partial sums, because in a single one each addition must wait for the last. */
function dotRow(w: Float32Array, at: number, v: Float64Array): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let i = 0;
  for (; i + 3 < v.length; i += 4) {
    a += w[at + i] * v[i];
    b += w[at + i + 1] * v[i + 1];
    c += w[at + i + 2] * v[i + 2];
    d += w[at + i + 3] * v[i + 3];
  }
  for (; i < v.length; i++) a += w[at + i] * v[i];
  return a + b + (c + d);
}
