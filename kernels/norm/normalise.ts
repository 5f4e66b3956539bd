// kernels/norm/normalise.ts: plain batch or instance normalisation with its activation (discriminator, encoder)
//
//   o = (x[n,y,x,c] - mean[g,c]) * rstd[g,c] * weight[c] + bias[c]        y = o > 0 ? o : slope * o
//
// g is 0 (batch) or n (instance). weight and bias are given together or not at all (instance norm has none). mean and rstd come from
// `statistics`, whose backward carries their gradients on to x.
// Backward: with dz = dy * (o > 0 ? 1 : slope), where o is computed again from x (y is not needed),
//   dx = dz * weight * rstd        dmean = -weight * rstd * sum dz          drstd = weight * sum dz * (x - mean)
//   dbias = sum_g sum dz           dweight = sum_g rstd * sum dz * (x - mean)
// The sums have two stages of fixed order: slices of about sqrt(P) pixels, then the slices of a channel. All are f32.
// traffic: forward x and y once; backward x and dy twice, dx once. lavapipe, 4 x 65x65x128: forward 8.6 ms, backward 13.5
// (dx 9.4, sums 4.0, adding the slices 0.1).

import normaliseText from "../../shaders/norm/normalise.wgsl";
import dxText from "../../shaders/norm/normalise_dx.wgsl";
import sliceText from "../../shaders/norm/statistics_slice.wgsl";
import sumsText from "../../shaders/norm/normalise_sums.wgsl";
import combineText from "../../shaders/norm/normalise_combine.wgsl";
import {
  ceilDiv,
  defineOp,
  float,
  product,
  read,
  SpadeError,
  storedElements,
  write,
  type Binding,
  type Graph,
  type Tensor,
} from "../../src/runtime/index.ts";
import { layered, strided } from "../parts/grid.ts";
import { sqrtSlices, type Slices } from "../parts/sums.ts";

export interface NormaliseArgs {
  /** [N,H,W,C] */
  x: Tensor;
  /** f32 [G,C]; G is 1 or N */
  mean: Tensor;
  /** f32, as mean */
  rstd: Tensor;
  /** f32 [C] */
  weight?: Tensor;
  /** f32 [C] */
  bias?: Tensor;
  /** slope below zero; 1 = no activation */
  slope: number;
}

/** The slices are of a group's pixels. */
export interface NormalisePlan extends Slices {
  groups: number;
  /** Pixels of a group. */
  pixels: number;
}

/** Shape rule. @throws SpadeError shape */
export function normalisePlan(
  x: readonly number[],
  mean: readonly number[],
  rstd: readonly number[],
  affine: readonly (readonly number[] | undefined)[],
): NormalisePlan {
  const fail = (problem: string, fix: string): never => {
    throw new SpadeError("shape", "normalise", problem, fix);
  };
  const [n, h, w, c] = x;
  const groups = product(mean.slice(0, -1));
  if (x.length !== 4 || [mean, rstd].some((s) => s[s.length - 1] !== c || product(s.slice(0, -1)) !== groups)) {
    fail(`mean [${mean.join(",")}] and rstd [${rstd.join(",")}] do not fit x [${x.join(",")}]`, "give x's statistics");
  }
  if (groups !== 1 && groups !== n)
    fail(`${groups} rows of statistics for ${n} images`, "give one row, or one an image");
  const given = affine.filter((s) => s !== undefined);
  if (given.length === 1 || given.some((s) => product(s) !== c)) {
    fail(`weight and bias do not fit ${c} channels`, "give both of this layer's, or none");
  }
  const pixels = (n * h * w) / groups;
  return { groups, pixels, ...sqrtSlices(pixels) };
}

const planOf = ({ x, mean, rstd, weight, bias }: NormaliseArgs): NormalisePlan =>
  normalisePlan(x.shape, mean.shape, rstd.shape, [weight?.shape, bias?.shape]);

const affineBindings = ({ weight, bias }: NormaliseArgs): Record<string, Binding> =>
  weight && bias ? { weight: read(weight), bias: read(bias) } : {};

export const normalise = defineOp<NormaliseArgs, Tensor>({
  name: "normalise",
  recompute: true,
  forward(g: Graph, args) {
    const { x, mean, rstd, weight, slope } = args;
    const { groups, pixels } = planOf(args);
    const y = g.temp("y", x.shape, x.dtype);
    const n4 = storedElements(x.shape, x.dtype) / 4;
    g.dispatch({
      shader: { name: "normalise", text: normaliseText },
      constants: { affine: !!weight },
      sizes: { N4: n4, C4: x.pitch / 4, PIXELS: pixels, GROUPS: groups, SLOPE: float(slope) },
      bindings: { x: read(x), mean: read(mean), rstd: read(rstd), ...affineBindings(args), y: write(y) },
      groups: strided(g.target, n4),
      flops: 5 * product(x.shape),
    });
    return y;
  },
  backward(g, args, _y, dy, wanted) {
    const { mean, rstd, weight, bias, slope } = args;
    const x = g.again(args.x);
    const { groups, pixels, len, slices } = planOf(args);
    const c4 = x.pitch / 4;
    const common = { x: read(x), mean: read(mean), rstd: read(rstd), ...affineBindings(args) };
    const constants = { affine: !!weight };
    const grads: Partial<Record<keyof NormaliseArgs, Tensor>> = {};
    if (wanted.has("x")) {
      const n4 = storedElements(x.shape, x.dtype) / 4;
      grads.x = g.temp("dx", x.shape, x.dtype);
      g.dispatch({
        shader: { name: "normalise_dx", text: dxText },
        constants,
        sizes: { N4: n4, C4: c4, PIXELS: pixels, GROUPS: groups, SLOPE: float(slope) },
        bindings: { ...common, dy: read(dy), dx: write(grads.x) },
        groups: strided(g.target, n4),
        flops: 6 * product(x.shape),
      });
    }
    if (![...wanted].some((name) => name !== "x")) return grads;
    const c = x.shape[3];
    const sums = g.temp("slice_sums", [groups, slices, c]);
    const products = g.temp("slice_products", [groups, slices, c]);
    const grid = layered(ceilDiv(groups * slices * c4, 64));
    g.dispatch({
      shader: { name: "normalise_sums", text: `${sumsText}\n${sliceText}` },
      constants,
      sizes: { C4: c4, GROUPS: groups, PIXELS: pixels, LEN: len, SLICES: slices, SLOPE: float(slope) },
      bindings: { ...common, dy: read(dy), sums: write(sums), products: write(products) },
      groups: [grid.x, 1, grid.layers],
      flops: 8 * product(x.shape),
    });
    grads.mean = g.temp("dmean", mean.shape);
    grads.rstd = g.temp("drstd", rstd.shape);
    const out: Record<string, Binding> = { dmean: write(grads.mean), drstd: write(grads.rstd) };
    if (weight && bias) {
      grads.weight = g.temp("dweight", weight.shape);
      grads.bias = g.temp("dbias", bias.shape);
      Object.assign(out, { weight: read(weight), dweight: write(grads.weight), dbias: write(grads.bias) });
    }
    g.dispatch({
      shader: { name: "normalise_combine", text: combineText },
      constants,
      sizes: { C4: c4, GROUPS: groups, SLICES: slices },
      bindings: { sums: read(sums), products: read(products), rstd: read(rstd), ...out },
      groups: [ceilDiv(c4, 64)],
      flops: 4 * groups * slices * c,
    });
    return grads;
  },
});
