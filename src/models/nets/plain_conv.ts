// The layer used in the discriminator, the encoder and pix2pixHD's generator: conv, norm (none, batch, instance),
// activation, with upstream's key names.

import type { Activation } from "../../../kernels/conv/conv2d.ts";
import { conv2d, inverseStd, normalise, runningStatistics, statistics } from "../../../kernels/index.ts";
import { product, SpadeError, type Graph, type Tensor } from "../../runtime/index.ts";
import type { PlainNorm } from "../config.ts";
import { convWeights } from "./generator.ts";
import type { ConvWeights } from "../weights/derived.ts";
import type { ParameterStore } from "../weights/parameters.ts";

export const LEAK = 0.2;
/** Upstream's momentum of the running statistics. */
const MOMENTUM = 0.1;

export interface PlainConv {
  /** Key of the layer. With a norm, the conv's key is `<name>.0` and the norm's `<name>.1`. */
  readonly name: string;
  readonly cin: number;
  readonly cout: number;
  readonly k: number;
  readonly stride: number;
  readonly pad: number;
  /** The norm. If its kind is "none", the conv has a bias. */
  readonly norm: PlainNorm;
  readonly act: Activation;
  /** Whether the conv is transposed; its weights are then [cin, cout, k, k]. */
  readonly transposed?: boolean;
}

/** Slope for negative values of the activation after a norm. */
const SLOPES: Partial<Record<Activation, number>> = { none: 1, leaky: LEAK, relu: 0 };

export const convName = ({ name, norm }: PlainConv): string => (norm.kind === "none" ? name : `${name}.0`);

/** Keys and shapes of a layer, in PyTorch's order. */
export function plainConvShapes(layer: PlainConv): [string, number[]][] {
  const { name, cin, cout, k, norm } = layer;
  const conv = convName(layer);
  const shape = layer.transposed ? [cin, cout, k, k] : [cout, cin, k, k];
  const plain = norm.kind === "none";
  const bias: [string, number[]][] = plain ? [[`${conv}.bias`, [cout]]] : [];
  const out: [string, number[]][] = norm.spectral
    ? [...bias, [`${conv}.weight_orig`, shape], [`${conv}.weight_u`, [cout]], [`${conv}.weight_v`, [cin * k * k]]]
    : [[`${conv}.weight`, shape], ...bias];
  if (norm.kind === "batch") {
    for (const key of ["weight", "bias", "running_mean", "running_var"]) out.push([`${name}.1.${key}`, [cout]]);
  }
  return out;
}

/** A layer's parameters. In training mode, records one power iteration first. */
export function plainWeights(g: Graph, p: ParameterStore, layer: PlainConv, train: boolean): ConvWeights {
  const { norm } = layer;
  return convWeights(g, p, { name: convName(layer), spectral: norm.spectral, bias: norm.kind === "none" }, train);
}

/**
 * Records the layer on x. Training mode does one power iteration, uses batch statistics, and updates the running
 * statistics.
 */
export function recordPlainConv(
  g: Graph,
  p: ParameterStore,
  layer: PlainConv,
  x: Tensor,
  train: boolean,
  weights = plainWeights(g, p, layer, train),
): Tensor {
  const { k, stride, pad } = layer;
  return recordPlainLayer(g, p, layer, train, (act) => conv2d(g, { x, ...weights, kh: k, kw: k, stride, pad, act }));
}

/** Does the same with any convolution `conv`, which must also apply the activation if there is no norm. */
export function recordPlainLayer(
  g: Graph,
  p: ParameterStore,
  layer: PlainConv,
  train: boolean,
  conv: (act: Activation) => Tensor,
): Tensor {
  const { name, norm, act } = layer;
  return g.scope(name, () => (norm.kind === "none" ? conv(act) : recordNorm(g, p, layer, conv("none"), train)));
}

function recordNorm(g: Graph, p: ParameterStore, { name, norm, act }: PlainConv, x: Tensor, train: boolean): Tensor {
  const slope = SLOPES[act];
  if (slope === undefined) throw new SpadeError("unsupported", name, `${act} behind a norm`, "leave the norm out");
  if (norm.kind === "instance") return normalise(g, { x, ...moments(statistics(g, { x, per: "instance" })), slope });
  const of = (key: string): Tensor => p.tensor(g, `${name}.1.${key}`);
  const affine = { weight: of("weight"), bias: of("bias") };
  const [running_mean, running_var] = [of("running_mean"), of("running_var")];
  if (!train)
    return normalise(g, { x, mean: running_mean, rstd: inverseStd(g, { variance: running_var }), ...affine, slope });
  const { rstd, ...s } = statistics(g, { x, per: "batch", synced: norm.synced });
  const count = product(x.shape.slice(0, 3));
  runningStatistics(g, { running_mean, running_var, ...s, count, momentum: MOMENTUM });
  return normalise(g, { x, mean: s.mean, rstd, ...affine, slope });
}

const moments = ({ mean, rstd }: { mean: Tensor; rstd: Tensor }): { mean: Tensor; rstd: Tensor } => ({ mean, rstd });
