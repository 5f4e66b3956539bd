// The generator in evaluation mode, written out in float64 from the published description: slow, dense, one image.
// Nothing of src/ but the types of its inputs is used, so that what it agrees with is right and not merely alike.

import type { Config } from "../../src/models/config.ts";
import type { HostState } from "../../src/models/weights/seeded.ts";

interface Map3 {
  c: number;
  h: number;
  w: number;
  data: Float64Array;
}

const map3 = (c: number, h: number, w: number): Map3 => ({ c, h, w, data: new Float64Array(c * h * w) });
const each = (x: Map3, f: (v: number) => number): Map3 => ({ ...x, data: x.data.map(f) });
const leaky = (x: Map3): Map3 => each(x, (v) => (v > 0 ? v : 0.2 * v));

/** torch's nearest: floor(i * in / out). */
function nearest(x: Map3, h: number, w: number): Map3 {
  const y = map3(x.c, h, w);
  for (let c = 0; c < x.c; c++)
    for (let i = 0; i < h; i++)
      for (let j = 0; j < w; j++)
        y.data[(c * h + i) * w + j] = x.data[(c * x.h + Math.floor((i * x.h) / h)) * x.w + Math.floor((j * x.w) / w)];
  return y;
}

function conv(state: HostState, name: string, x: Map3): Map3 {
  let weight = state.get(`${name}.weight`);
  let sigma = 1;
  if (!weight) {
    weight = state.get(`${name}.weight_orig`)!;
    const u = state.get(`${name}.weight_u`)!.data;
    const v = state.get(`${name}.weight_v`)!.data;
    sigma = 0;
    for (let r = 0; r < u.length; r++)
      for (let s = 0; s < v.length; s++) sigma += u[r] * weight.data[r * v.length + s] * v[s];
  }
  const [cout, cin, k] = weight.shape;
  const bias = state.get(`${name}.bias`)?.data;
  const y = map3(cout, x.h, x.w);
  const [{ h, w, data }, r] = [x, k >> 1];
  // One tap of one channel at a time, row by row: the same sums as pixel by pixel, in a tenth of the time.
  for (let o = 0; o < cout; o++) {
    const out = y.data.subarray(o * h * w, (o + 1) * h * w);
    for (let c = 0; c < cin; c++)
      for (let a = 0; a < k; a++)
        for (let b = 0; b < k; b++) {
          const tap = weight.data[((o * cin + c) * k + a) * k + b];
          const [from, to] = [Math.max(0, r - b), Math.min(w, w + r - b)];
          for (let i = Math.max(0, r - a); i < Math.min(h, h + r - a); i++) {
            const source = (c * h + i + a - r) * w + b - r;
            for (let j = from; j < to; j++) out[i * w + j] += tap * data[source + j];
          }
        }
    for (let p = 0; p < h * w; p++) out[p] = out[p] / sigma + (bias ? bias[o] : 0);
  }
  return y;
}

function normalized(state: HostState, name: string, x: Map3): Map3 {
  const y = map3(x.c, x.h, x.w);
  const size = x.h * x.w;
  for (let c = 0; c < x.c; c++) {
    const plane = x.data.subarray(c * size, (c + 1) * size);
    let mean = state.get(`${name}.running_mean`)?.data[c];
    let variance = state.get(`${name}.running_var`)?.data[c];
    if (mean === undefined || variance === undefined) {
      const m = plane.reduce((s, v) => s + v, 0) / size;
      variance = plane.reduce((s, v) => s + (v - m) ** 2, 0) / size;
      mean = m;
    }
    const [m, s] = [mean, Math.sqrt(variance + 1e-5)];
    y.data.set(
      plane.map((v) => (v - m) / s),
      c * size,
    );
  }
  return y;
}

/** x + plane * noise_var[c], where the net has noise. */
function noisy(state: HostState, name: string, x: Map3, planes: Planes): Map3 {
  const factors = state.get(`${name}.noise_var`)?.data;
  if (!factors) return x;
  const plane = planes(name, x.h * x.w);
  return { ...x, data: x.data.map((v, i) => v + plane[i % plane.length] * factors[Math.floor(i / plane.length)]) };
}

function spadeNorm(state: HostState, name: string, x: Map3, seg: Map3, planes: Planes): Map3 {
  const h = normalized(state, `${name}.param_free_norm`, noisy(state, name, x, planes));
  const hidden = each(conv(state, `${name}.mlp_shared.0`, nearest(seg, x.h, x.w)), (v) => Math.max(v, 0));
  const gamma = conv(state, `${name}.mlp_gamma`, hidden);
  const beta = conv(state, `${name}.mlp_beta`, hidden);
  return { ...h, data: h.data.map((v, i) => v * (1 + gamma.data[i]) + beta.data[i]) };
}

/** CLADE: a row of each class table, by the largest label channel; factors by position; the edges' channel behind the others. */
function cladeNorm(state: HostState, config: Config, name: string, x: Map3, seg: Map3, dist: Map3): Map3 {
  const affine = `${name}.class_specified_affine`;
  const classes = state.get(`${affine}.weight`)!.shape[0];
  const s = nearest(seg, x.h, x.w);
  const size = x.h * x.w;
  const ids = Array.from({ length: size }, (_, p) => {
    let best = 0;
    for (let c = 1; c < classes; c++) if (s.data[c * size + p] > s.data[best * size + p]) best = c;
    return best;
  });
  const factor = (part: string): ArrayLike<number> =>
    config.add_dist ? conv(state, `${affine}.dist_conv_${part}`, nearest(dist, x.h, x.w)).data : new Float64Array(size);
  const [fw, fb] = [factor("w"), factor("b")];
  const [weight, bias] = ["weight", "bias"].map((part) => state.get(`${affine}.${part}`)!.data);
  const normal = normalized(state, `${name}.param_free_norm`, x);
  const y = normal.data.map((v, i) => {
    const [p, c] = [i % size, Math.floor(i / size)];
    return v * weight[ids[p] * x.c + c] * (1 + fw[p]) + bias[ids[p] * x.c + c] * (1 + fb[p]);
  });
  if (config.no_instance) return { ...x, data: y };
  const edge = conv(state, `${name}.inst_conv`, { c: 1, h: x.h, w: x.w, data: s.data.slice(-size) });
  return { ...x, c: x.c + 1, data: Float64Array.from([...y, ...edge.data]) };
}

type Norm = (name: string, x: Map3) => Map3;

function block(state: HostState, name: string, x: Map3, norm: Norm): Map3 {
  const learned = state.has(`${name}.conv_s.weight_orig`) || state.has(`${name}.conv_s.weight`);
  const skip = learned ? conv(state, `${name}.conv_s`, norm(`${name}.norm_s`, x)) : x;
  let dx = conv(state, `${name}.conv_0`, leaky(norm(`${name}.norm_0`, x)));
  dx = conv(state, `${name}.conv_1`, leaky(norm(`${name}.norm_1`, dx)));
  return { ...dx, data: dx.data.map((v, i) => v + skip.data[i]) };
}

/** The plane of a norm, [h, w] dense, of h * w values. */
export type Planes = (norm: string, n: number) => ArrayLike<number>;

/**
 * seg [semantic_nc, H, W] and, with a VAE, z [z_dim] -> image [3, H, W]. @param planes of a net with add_noise @param dist [2, H, W], of one
 * with add_dist
 */
export function hostGenerator(
  config: Config,
  state: HostState,
  seg: Float32Array,
  z?: Float32Array,
  planes: Planes = () => [],
  dist: Float32Array = new Float32Array(0),
): Float64Array {
  const ups = { normal: 5, more: 6, most: 7 }[config.num_upsampling_layers];
  const w = config.crop_size / 2 ** ups;
  const h = w / config.aspect_ratio;
  const [H, W] = [h * 2 ** ups, w * 2 ** ups];
  const map: Map3 = { c: seg.length / (H * W), h: H, w: W, data: Float64Array.from(seg) };
  const places: Map3 = { c: 2, h: H, w: W, data: Float64Array.from(dist) };
  const norm: Norm = (name, x) =>
    state.has(`${name}.class_specified_affine.weight`)
      ? cladeNorm(state, config, name, x, map, places)
      : spadeNorm(state, name, x, map, planes);
  const twice = (x: Map3): Map3 => nearest(x, 2 * x.h, 2 * x.w);
  let x: Map3;
  if (z) {
    const weight = state.get("fc.weight")!.data;
    const bias = state.get("fc.bias")!.data;
    x = map3(16 * config.ngf, h, w);
    x.data.forEach((_, i) => {
      let sum = bias[i];
      for (let j = 0; j < z.length; j++) sum += weight[i * z.length + j] * z[j];
      x.data[i] = sum;
    });
  } else {
    x = conv(state, "fc", nearest(map, h, w));
  }
  x = twice(block(state, "head_0", x, norm));
  x = block(state, "G_middle_0", x, norm);
  if (config.num_upsampling_layers !== "normal") x = twice(x);
  x = block(state, "G_middle_1", x, norm);
  for (let i = 0; i < (config.num_upsampling_layers === "most" ? 5 : 4); i++) {
    x = block(state, `up_${i}`, twice(x), norm);
  }
  return conv(state, "conv_img", leaky(x)).data.map(Math.tanh);
}
