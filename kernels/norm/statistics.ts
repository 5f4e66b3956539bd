// kernels/norm/statistics.ts: mean and variance of each channel, for batch norm (over N,H,W) and instance norm (over H,W of each image)
//
//   mean = sum x / P     variance = sum (x - mean)^2 / P (biased: the norm divides by it)     rstd = 1 / sqrt(variance + eps)
//   running <- (1 - momentum) * running + momentum * (mean, variance * count / (count - 1))    (as PyTorch, unbiased there)
//
// Where x is a convolution's result whose moments that convolution computed (kernels/parts/moments.ts), its slices are combined, and x is
// not read at all; else there is a pass over x.
// Never E[x^2] - E[x]^2: with mean 1000 and deviation 0.1 no digit of it is right in f32. Each slice of about sqrt(P) pixels is read
// twice (the corrected two-pass sum: the mean, then squared distances from it, less the square of their sum), relative to the group's
// first pixel. Slices are combined as in Chan, Golub and LeVeque 1983, in a fixed order. x may be f16; all sums are f32. A
// nearest-upsampled x has the mean and variance of x itself; only `count`, for the running variance, is that of the upsampled one.
// Backward: with d = x - mean, dmean/dx = 1 / P, dvariance/dx = 2 d / P, drstd/dx = -rstd^3 d / P, so
//   dx = (dmean + d * (2 dvariance - rstd^3 drstd)) / P
// where P counts x's own values, upsampled or not: each of them moves the mean by 1 / P. dmean and drstd come from the norms that use the
// statistics (kernels/norm/modulate.ts, normalise.ts). Running statistics are buffers: they have no gradient.
// Synchronised batch norm: peers exchange (n, mean, M2) after the slices are combined, and the sums dmean and drstd in the backward pass;
// P is then the number of all peers' values, and rstd = 1 / sqrt(max(variance, eps)), as published for several GPUs (docs/upstream.md), whose
// gradient is 0 up to eps. Without peers none of it is recorded.
// traffic: x once (the second reading of a slice hits a cache), 8 bytes a slice and channel for the slices. lavapipe, 2 cores: 256x256x64
// 5.7 ms (3.0 GB/s of x), 128x128x128 1.6 to 3.1, 16x16x1024 0.5; combining the slices takes 0.1 to 0.2 of it.

import sliceText from "../../shaders/norm/statistics_slice.wgsl";
import slicesText from "../../shaders/norm/statistics_slices.wgsl";
import combineText from "../../shaders/norm/statistics_combine.wgsl";
import finishText from "../../shaders/norm/statistics_finish.wgsl";
import dxText from "../../shaders/norm/statistics_dx.wgsl";
import inverseStdText from "../../shaders/norm/statistics_inverse_std.wgsl";
import runningText from "../../shaders/norm/statistics_running.wgsl";
import {
  ceilDiv,
  defineOp,
  float,
  notDifferentiable,
  product,
  read,
  readScalars,
  SpadeError,
  write,
  type Binding,
  type Graph,
  type Tensor,
} from "../../src/runtime/index.ts";
import { momentsOf, type Moments } from "../parts/moments.ts";
import { layered, rowGrid, stripLength } from "../parts/grid.ts";
import { sqrtSlices, type Slices } from "../parts/sums.ts";

export interface StatisticsArgs {
  /** [N,H,W,C] */
  x: Tensor;
  per: "batch" | "instance";
  /** 1e-5 by default. */
  eps?: number;
  /** Values of a channel that the norm is over, if it is over an upsampled x; x's own by default. */
  count?: number;
  /** Over the batches of all peers, if the graph has any; only per batch. */
  synced?: boolean;
}

/** f32 [G,C] each; G is 1 for batch, N for instance. */
export interface Statistics {
  mean: Tensor;
  /** Biased. */
  variance: Tensor;
  rstd: Tensor;
  /** f32 [3,C], with peers: n (as the norm sees it, `count` of all peers), mean, M2 = n * variance. */
  joined?: Tensor;
}

/** The slices are of a group's pixels. */
export interface StatisticsPlan extends Slices {
  groups: number;
  /** Pixels of a group. */
  pixels: number;
}

/** Values of a channel where peers have some too: at least so many. */
const OF_PEERS = 2;

/** PyTorch refuses a norm over one value a channel in training mode. @throws SpadeError shape */
function moreThanOne(count: number, where: string): void {
  if (count < 2)
    throw new SpadeError(
      "shape",
      where,
      "has 1 value a channel, whose deviation is 0",
      "use a larger picture or batch in training mode",
    );
}

/** Shape rule and slices. @throws SpadeError shape */
export function statisticsPlan(
  [n, h, w]: readonly number[],
  per: "batch" | "instance",
  count?: number,
): StatisticsPlan {
  const groups = per === "batch" ? 1 : n;
  const pixels = (n * h * w) / groups;
  moreThanOne(count ?? pixels, "statistics");
  return { groups, pixels, ...sqrtSlices(pixels) };
}

const EPS = 1e-5;
export const statistics = defineOp<StatisticsArgs, Statistics>({
  name: "statistics",
  forward(g: Graph, { x, per, eps = EPS, count, synced }) {
    // g.peers first: bundles for painting replace it by false.
    const isJoined = g.peers && synced && per === "batch";
    const plan = statisticsPlan(x.shape, per, isJoined ? OF_PEERS : count);
    const { groups, pixels } = plan;
    const c = x.shape[3];
    const c4 = x.pitch / 4;
    const moments = groups === 1 ? momentsOf(x) : undefined;
    const { means, distances } = moments ?? sliceMoments(g, x, plan);
    const slices = means.shape.at(-2)!;
    const [mean, variance, rstd] = ["mean", "variance", "rstd"].map((name) => g.temp(name, [groups, c]));
    const sizes = { C4: c4, GROUPS: groups, PIXELS: pixels, SLICES: slices, ...(!moments && { LEN: plan.len }) };
    const joined = isJoined ? g.temp("joined", [3, c]) : undefined;
    const results = { mean: write(mean), variance: write(variance), rstd: write(rstd) };
    const values = count ?? pixels;
    g.dispatch({
      shader: { name: "statistics_combine", text: combineText },
      constants: { joined: !!joined, counted: !!moments },
      sizes: {
        ...sizes,
        ...(joined ? { COUNT: float(values), REPEATS: float(values / pixels) } : { C: c, EPS: float(eps) }),
      },
      bindings: {
        ...(moments ? { counts: readScalars(moments.counts) } : { x: read(x) }),
        means: read(means),
        distances: read(distances),
        ...(joined ? { joined: write(joined) } : results),
      },
      groups: [ceilDiv(groups * c4, 64)],
      flops: 6 * groups * slices * c,
      bytes: means.bytes + distances.bytes + 4 * mean.bytes,
    });
    if (!joined) return { mean, variance, rstd };
    g.exchange({ name: `${g.label} moments`, reduction: "moments", tensors: [joined] });
    g.dispatch({
      shader: { name: "statistics_finish", text: finishText },
      sizes: { C: c, C4: c4, EPS: float(eps) },
      bindings: { joined: read(joined), ...results },
      groups: [ceilDiv(c4, 64)],
      flops: 4 * c,
    });
    return { mean, variance, rstd, joined };
  },
  backward(g, { x, per, eps = EPS, count }, { mean, rstd, joined }, grad) {
    const { groups, pixels } = statisticsPlan(x.shape, per, joined ? OF_PEERS : count);
    if (joined) {
      const tensors = [grad.mean, grad.rstd, grad.variance].filter((t) => t !== undefined);
      g.exchange({ name: `${g.label} sums`, reduction: "sum", tensors });
    }
    const dx = g.temp("dx", x.shape, x.dtype);
    const c4 = x.pitch / 4;
    const len = stripLength(g.target);
    const grid = rowGrid(c4, ceilDiv(groups * pixels, len));
    const bindings: Record<string, Binding | undefined> = { x: read(g.again(x)), mean: read(mean) };
    if (grad.mean) bindings.dmean = read(grad.mean);
    if (grad.rstd) Object.assign(bindings, { rstd: read(rstd), drstd: read(grad.rstd) });
    if (grad.variance) bindings.dvariance = read(grad.variance);
    g.dispatch({
      shader: { name: "statistics_dx", text: dxText },
      constants: {
        ...grid.constants,
        LEN: len,
        dmean: !!grad.mean,
        drstd: !!grad.rstd,
        dvariance: !!grad.variance,
        joined: !!joined,
      },
      sizes: {
        C4: c4,
        PIXELS: pixels,
        GROUPS: groups,
        ...(joined && { SHARE: float(pixels / (count ?? pixels)), EPS: float(eps) }),
      },
      bindings: { ...bindings, joined: joined && read(joined), dx: write(dx) },
      groups: grid.groups,
      flops: 3 * product(x.shape),
    });
    return { x: dx };
  },
});

/** The pass over x: mean (relative to the group's first pixel) and M2 of each slice. */
function sliceMoments(
  g: Graph,
  x: Tensor,
  { groups, pixels, len, slices }: StatisticsPlan,
): Pick<Moments, "means" | "distances"> {
  const c4 = x.pitch / 4;
  const means = g.temp("slice_means", [groups, slices, x.shape[3]]);
  const distances = g.temp("slice_distances", [groups, slices, x.shape[3]]);
  const grid = layered(ceilDiv(groups * slices * c4, 64));
  g.dispatch({
    shader: { name: "statistics_slices", text: `${slicesText}\n${sliceText}` },
    sizes: { C4: c4, GROUPS: groups, PIXELS: pixels, LEN: len, SLICES: slices },
    bindings: { x: read(x), means: write(means), distances: write(distances) },
    groups: [grid.x, 1, grid.layers],
    flops: 5 * product(x.shape),
  });
  return { means, distances };
}

export interface RunningArgs {
  /** external [C], updated in place */
  running_mean: Tensor;
  /** external [C], updated in place */
  running_var: Tensor;
  /** [1,C], from statistics per batch */
  mean: Tensor;
  /** [1,C], biased. */
  variance: Tensor;
  /** Values of a channel, after upsampling. */
  count: number;
  /** The statistics' own; then n there counts, instead of `count`. */
  joined?: Tensor;
  /** Weight of the new value; 0.1 in the published net. */
  momentum: number;
}

export const runningStatistics = defineOp<RunningArgs, void>({
  name: "statistics_running",
  forward(g: Graph, { running_mean, running_var, mean, variance, count, joined, momentum }) {
    moreThanOne(joined ? OF_PEERS : count, "running_statistics");
    if (mean.pitch !== running_mean.pitch || product(mean.shape) !== product(running_mean.shape)) {
      throw new SpadeError(
        "shape",
        "running_statistics",
        `mean [${mean.shape.join(",")}] does not fit running_mean [${running_mean.shape.join(",")}]`,
        "give batch statistics of this layer",
      );
    }
    const c4 = running_mean.pitch / 4;
    g.dispatch({
      shader: { name: "statistics_running", text: runningText },
      constants: { joined: !!joined },
      sizes: { C4: c4, MOMENTUM: float(momentum), ...(joined ? {} : { UNBIAS: float(count / (count - 1)) }) },
      bindings: {
        joined: joined && read(joined),
        mean: read(mean),
        variance: read(variance),
        running_mean: write(running_mean),
        running_var: write(running_var),
      },
      groups: [ceilDiv(c4, 64)],
      flops: 7 * product(mean.shape),
    });
  },
  backward: notDifferentiable,
});

export interface InverseStdArgs {
  /** [C] */
  variance: Tensor;
  /** 1e-5 by default */
  eps?: number;
}

/** 1 / sqrt(variance + eps), [1,C]: computed once from the running variance for eval mode. It has no gradient. */
export const inverseStd = defineOp<InverseStdArgs, Tensor>({
  name: "statistics_inverse_std",
  forward(g: Graph, { variance, eps = EPS }) {
    const c = product(variance.shape);
    const rstd = g.temp("rstd", [1, c]);
    g.dispatch({
      shader: { name: "statistics_inverse_std", text: inverseStdText },
      sizes: { C: c, C4: rstd.pitch / 4, EPS: float(eps) },
      bindings: { variance: read(variance), rstd: write(rstd) },
      groups: [ceilDiv(rstd.pitch / 4, 64)],
      flops: 2 * c,
    });
    return rstd;
  },
  backward: notDifferentiable,
});
