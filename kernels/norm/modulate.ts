// kernels/norm/modulate.ts: SPADE's normalisation (Park et al. 2019, eq. 1) with the activation after it and the upsampling before it
//
//   y[n,Y,X,c] = leaky( (x[n,Y/up,X/up,c] - mean[g,c]) * rstd[g,c] * (1 + gamma[id,c]) + beta[id,c] ),   id = ids[n,Y,X]
//
// up is 1 or 2: the nearest x2 upsampling of x is read through and never written to memory. gamma and beta are tables with one row for
// each distinct window of labels. g is 0 (batch norm) or n (instance norm).
//
// CLADE (Tan et al. 2021) is the same with a row for each class, without the 1 (`whole`), and with two numbers for each pixel that say
// where in its region it lies (`factors`, f): y = leaky( xn * gamma * (1 + f0) + beta * (1 + f1) ). Then below gamma's and beta's terms of
// a sum are multiplied by 1 + f0 and 1 + f1, (1 + gamma) becomes gamma * (1 + f0), and
//   df0 = sum over channels of dz * xn * gamma      df1 = sum over channels of dz * beta
//
// Backward: let xn be the normalised x, dz = dy * (y > 0 ? 1 : slope), where y's sign is computed again. Then
//   dbeta[r,c] = sum of dz over pixels with id r      dgamma[r,c] = sum of dz * xn      (kernels/parts/segments.ts)
//   dxn = sum over the up*up pixels of dz * (1 + gamma[id]), so all that follows has x's size
//   dx = rstd * dxn      dmean = -rstd * sum_P dxn      drstd = sum_P dxn * (x - mean)      over the P pixels of x in group g
// With running statistics that is all. If the statistics are those of the batch or image itself, the backward of
// kernels/norm/statistics.ts adds dmean / P - rstd^3 * drstd * (x - mean) / P to dx, in all the formula of the papers (docs/kernels.md
// derives it):
//   dx = rstd * (dxn - mean_P(dxn) - xn * mean_P(dxn * xn))
// Several modulations of one x (a block's norm_0 and norm_s) share statistics; their dmean and drstd are added before that step.
//
// traffic: x up times (the second time from a cache), y once, ids once, and two table rows where the id differs from that of the pixel
// before (COCO val 1993: 27 % of the pixels at 256x256, 60 % at 64x64). Backward: x, dy, ids and dx once for dx; x, dy and the lists once
// for the tables.
//
// What each step gained, on lavapipe, 2 cores, 128x128x128 -> 256x256x128:
//   one pixel of x a thread                                    25 ms (1.9 GB/s)
//   strips of 4 pixels                                         12.4
//   table rows kept in registers while the id stays the same    9.8
//   addresses stepped, not multiplied out                       8.2 to 8.4 (5.9 GB/s; a plain copy has 4.1 to 4.5)
// Slower: 2x2 pixels unrolled by hand (16), lanes over pixels with a loop over channels (22 to 27). Equal, but twice as long to compile:
// both rows of y in one thread. Backward, COCO val 1993, 128x128x64 -> 256x256x64: forward 6.2 ms, dx 7.6, tables 9.9 (half of it for
// segments that are cut); 64x64x256: 3.6, 3.7, 4.9.

import modulateText from "../../shaders/norm/modulate.wgsl";
import factorsText from "../../shaders/norm/modulate_factors.wgsl";
import dxText from "../../shaders/norm/modulate_dx.wgsl";
import momentsText from "../../shaders/norm/modulate_moments.wgsl";
import rangeText from "../../shaders/parts/segments_range.wgsl";
import tablesText from "../../shaders/norm/modulate_tables.wgsl";
import {
  ceilDiv,
  defineOp,
  float,
  LIST_SEGMENTS,
  PIXEL_ROW_SHIFT,
  product,
  read,
  readScalars,
  SpadeError,
  write,
  type Binding,
  type Count,
  type DType,
  type Graph,
  type Tensor,
} from "../../src/runtime/index.ts";
import { extentParts, stripPixels, type Extent } from "../parts/extent.ts";
import { rowGrid, strided, stripLength } from "../parts/grid.ts";
import { joinParts, needLists, partsOf, type Lists } from "../parts/segments.ts";

export interface ModulateArgs {
  /** [N,h,w,C] */
  x: Tensor;
  /** f32 [G,C] or [C]; G is 1 or N */
  mean: Tensor;
  /** f32, as mean */
  rstd: Tensor;
  /** [...,C]: the rows of a table */
  gamma: Tensor;
  /** of gamma's shape */
  beta: Tensor;
  /** i32 [N,H,W]: row numbers of the tables; H, W are h, w or twice as large */
  ids: Tensor;
  /** slope below zero; 1 = no activation */
  slope: number;
  /** Type of the result; x's by default. */
  dtype?: DType;
  /** Whether gamma is the whole factor: nothing is added to it. */
  whole?: boolean;
  /** [N,H,W,2]: gamma and beta of each pixel are multiplied by 1 + these. */
  factors?: Tensor;
  /** For the gradients of gamma and beta: pixels by id, from pixelLists. */
  lists?: Lists;
  /** The strips of the result to compute, of stripPixels of x each and one picture. For painting: without gradients. */
  extent?: Extent;
  /** Number of rows of the tables in use; only the backward pass needs it, for its grid. */
  count?: Count;
}

export interface ModulatePlan {
  out: number[];
  up: 1 | 2;
  /** G, the number of rows of statistics. */
  groups: number;
  /** Pixels of x a thread (a strip). */
  len: number;
}

/** Shape rule. @throws SpadeError shape */
export function modulatePlan(
  a: Record<"x" | "mean" | "rstd" | "gamma" | "beta" | "ids", readonly number[]>,
  software: boolean,
): ModulatePlan {
  const [n, h, w, c] = a.x;
  const [idsN, oh, ow] = a.ids;
  const fail = (problem: string, fix: string): never => {
    throw new SpadeError("shape", "modulate", problem, fix);
  };
  const up = oh / h;
  if (a.x.length !== 4 || a.ids.length !== 3 || idsN !== n || ow !== w * up || (up !== 1 && up !== 2)) {
    return fail(
      `ids [${a.ids.join(",")}] do not fit x [${a.x.join(",")}]`,
      "give ids of x's size or of its double, one map an image",
    );
  }
  for (const name of ["mean", "rstd", "gamma", "beta"] as const) {
    if (a[name][a[name].length - 1] !== c)
      fail(
        `${name} [${a[name].join(",")}] does not have x's ${c} channels`,
        "give the statistics and tables of this layer",
      );
  }
  const groups = product(a.mean.slice(0, -1));
  if ((groups !== 1 && groups !== n) || product(a.rstd.slice(0, -1)) !== groups) {
    fail(
      `${groups} rows of mean and ${product(a.rstd.slice(0, -1))} of rstd for ${n} images`,
      "give one row (batch) or one an image (instance) of both",
    );
  }
  return { out: [n, oh, ow, c], up, groups, len: stripLength({ software }) };
}

/** Constants of the shaders that multiply by gamma. */
const look = (whole: boolean | undefined, factors: Tensor | undefined): { BASE: string; factors: boolean } => ({
  BASE: whole ? "0.0" : "1.0",
  factors: !!factors,
});

export const modulate = defineOp<ModulateArgs, Tensor>({
  name: "modulate",
  forward(g: Graph, { x, mean, rstd, gamma, beta, ids, slope, dtype, whole, factors, extent }) {
    const { out, up, groups, ...plan } = modulatePlan(
      { x: x.shape, mean: mean.shape, rstd: rstd.shape, gamma: gamma.shape, beta: beta.shape, ids: ids.shape },
      g.target.software,
    );
    const y = g.temp("y", out, dtype ?? x.dtype);
    const [n, h, w] = x.shape;
    const len = extent ? stripPixels(g.target) : plan.len;
    const grid = rowGrid(x.pitch / 4, n * h * up * ceilDiv(w, len), extent?.count);
    const parts = extentParts(extent);
    g.dispatch({
      shader: { name: "modulate", text: `${modulateText}\n${parts.text}` },
      constants: {
        ...grid.constants,
        ...look(whole, factors),
        ...parts.constants,
        UP: up,
        LEN: len,
        leaky: slope !== 1,
      },
      sizes: { ROWS: n * h, H: h, W: w, C4: x.pitch / 4, GROUPS: groups, SLOPE: float(slope) },
      bindings: {
        x: read(x),
        mean: read(mean),
        rstd: read(rstd),
        gamma: read(gamma),
        beta: read(beta),
        ids: readScalars(ids),
        ...(factors && { factors: read(factors) }),
        ...parts.bindings,
        y: write(y),
      },
      groups: grid.groups,
      flops: 5 * product(out),
      bytes: x.bytes + y.bytes + ids.bytes + Math.min(gamma.bytes, y.bytes) + Math.min(beta.bytes, y.bytes),
    });
    return y;
  },
  recompute: true,
  backward(g, a, _, dy, wanted) {
    const own = wanted.has("mean") || wanted.has("rstd");
    return {
      ...(own || wanted.has("x") ? pixelGradients(g, a, dy, wanted.has("x"), own) : {}),
      ...(wanted.has("gamma") || wanted.has("beta") ? tableGradients(g, a, dy) : {}),
      ...(wanted.has("factors") ? { factors: factorGradients(g, a, dy) } : {}),
    };
  },
});

/** Most strips of a group whose sums are added in one stage; more take two. Not tuned. */
const ONE_STAGE = 64;

/**
 * The gradient of x if `wantsX`, and those of mean and rstd if `own` (the statistics depend on x). Each strip writes two sums a channel
 * (`moments`), which are then added in one or two stages.
 */
function pixelGradients(
  g: Graph,
  { x, mean, rstd, gamma, beta, ids, slope, whole, factors }: ModulateArgs,
  dy: Tensor,
  wantsX: boolean,
  own: boolean,
): Partial<Record<keyof ModulateArgs, Tensor>> {
  const { up, groups, len } = modulatePlan(
    { x: x.shape, mean: mean.shape, rstd: rstd.shape, gamma: gamma.shape, beta: beta.shape, ids: ids.shape },
    g.target.software,
  );
  const xs = g.again(x);
  const [n, h, w] = x.shape;
  const c4 = x.pitch / 4;
  const leaky = slope !== 1;
  const strips = n * h * ceilDiv(w, len);
  const dx = wantsX ? g.temp("dx", x.shape, x.dtype) : undefined;
  const moments = own ? g.temp("moments", [strips, 2 * x.pitch]) : undefined;
  const grid = rowGrid(c4, strips);
  const bindings: Record<string, Binding> = {
    x: read(xs),
    mean: read(mean),
    rstd: read(rstd),
    gamma: read(gamma),
    ids: readScalars(ids),
    dy: read(dy),
  };
  if (leaky) bindings.beta = read(beta);
  if (factors) bindings.factors = read(factors);
  if (dx) bindings.dx = write(dx);
  if (moments) bindings.moments = write(moments);
  g.dispatch({
    shader: { name: "modulate_dx", text: dxText },
    constants: {
      ...grid.constants,
      ...look(whole, factors),
      UP: up,
      double: up === 2,
      LEN: len,
      dx: wantsX,
      moments: own,
      leaky,
    },
    sizes: {
      ROWS: n * h,
      H: h,
      W: w,
      C4: c4,
      GROUPS: groups,
      ...(leaky ? { SLOPE: float(slope) } : {}),
    },
    bindings,
    groups: grid.groups,
    flops: (5 * up * up + 6) * product(x.shape),
    bytes: x.bytes + dy.bytes + ids.bytes + Math.min(gamma.bytes, dy.bytes) + (dx?.bytes ?? 0),
  });
  if (!moments) return { x: dx };
  const dmean = g.temp("dmean", mean.shape);
  const drstd = g.temp("drstd", rstd.shape);
  const add = (from: Tensor, count: number, step: number, to: Record<string, Binding>): void =>
    g.dispatch({
      shader: { name: "modulate_moments", text: momentsText },
      constants: { last: "dmean" in to },
      sizes: { C4: c4, GROUPS: groups, ROWS: count, LEN: step },
      bindings: { moments: read(from), ...to },
      groups: [ceilDiv(groups * ceilDiv(count, step) * 2 * c4, 64)],
      flops: groups * count * 8 * c4,
    });
  let from = moments;
  let count = strips / groups;
  if (count > ONE_STAGE) {
    const step = Math.ceil(Math.sqrt(count));
    const slices = ceilDiv(count, step);
    from = g.temp("slices", [groups * slices, 2 * x.pitch]);
    add(moments, count, step, { y: write(from) });
    count = slices;
  }
  add(from, count, count, { rstd: read(rstd), dmean: write(dmean), drstd: write(drstd) });
  return { x: dx, mean: dmean, rstd: drstd };
}

/** Gradients of gamma and beta, f32 and of their shape. Rows beyond those in the lists are not written. */
function tableGradients(
  g: Graph,
  { x, mean, rstd, gamma, beta, ids, slope, lists, count, whole, factors }: ModulateArgs,
  dy: Tensor,
): { gamma: Tensor; beta: Tensor } {
  const { order, rows, parts } = needLists(lists, "modulate", "pixelLists");
  const xs = g.again(x);
  const [, h, w] = x.shape;
  const c4 = x.pitch / 4;
  const table = product(gamma.shape.slice(0, -1));
  const leaky = slope !== 1;
  const [dgamma, dbeta] = ["dgamma", "dbeta"].map((name) => g.temp(name, gamma.shape));
  const grouped = product(mean.shape.slice(0, -1)) > 1;
  const source: Record<string, Binding> = { x: read(xs), mean: read(mean), rstd: read(rstd), dy: read(dy) };
  if (leaky) Object.assign(source, { gamma: read(gamma), beta: read(beta) });
  if (factors) source.factors = read(factors);
  /** Sums the parts of cut segments (`cut`), or whole segments. */
  const sum = (cut: boolean, to: Record<string, Binding>): void => {
    const grid = rowGrid(c4, cut ? partsOf(lists!) : table, cut ? undefined : count);
    g.dispatch({
      shader: { name: "modulate_tables", text: `${tablesText}\n${rangeText}` },
      constants: {
        ...grid.constants,
        ...look(whole, factors),
        UP: ids.shape[1] / h,
        leaky,
        grouped,
        parts: cut,
        LIST_SEGMENTS,
        PIXEL_ROW_SHIFT,
      },
      sizes: {
        W: w,
        C4: c4,
        ...(grouped ? { H: h } : {}),
        ...(leaky ? { SLOPE: float(slope) } : {}),
        ...(cut ? {} : { FIRST: LIST_SEGMENTS, COUNT: table }),
      },
      bindings: {
        ...source,
        order: readScalars(order),
        ...(cut ? { parts: read(parts) } : { rows: readScalars(rows) }),
        ...to,
      },
      groups: grid.groups,
      flops: 6 * product(dy.shape),
      bytes: dy.bytes + dy.bytes / (ids.shape[1] / h) ** 2 + order.bytes + 2 * dgamma.bytes,
    });
  };
  if (partsOf(lists!) > 0) {
    const sums = g.temp("sums", [partsOf(lists!), 2, x.pitch]);
    const join = { c4, first: LIST_SEGMENTS, count: table, stride: 2 };
    sum(true, { sums: write(sums) });
    sum(false, { dgamma: write(dgamma), dbeta: write(dbeta) });
    joinParts(g, lists!, sums, dbeta, { ...join, offset: 0 });
    joinParts(g, lists!, sums, dgamma, { ...join, offset: 1 });
  } else sum(false, { dgamma: write(dgamma), dbeta: write(dbeta) });
  return { gamma: dgamma, beta: dbeta };
}

/** The gradient of `factors`. */
function factorGradients(
  g: Graph,
  { x, mean, rstd, gamma, beta, ids, slope, whole, factors }: ModulateArgs,
  dy: Tensor,
): Tensor {
  const xs = g.again(x);
  const [, h, w] = x.shape;
  const d = g.temp("dfactors", factors!.shape, factors!.dtype);
  const leaky = slope !== 1;
  const n = product(ids.shape);
  g.dispatch({
    shader: { name: "modulate_factors", text: factorsText },
    constants: { BASE: look(whole, factors).BASE, UP: ids.shape[1] / h, leaky },
    sizes: {
      ...{ N: n, H: h, W: w, C4: x.pitch / 4, GROUPS: product(mean.shape.slice(0, -1)) },
      ...(leaky ? { SLOPE: float(slope) } : {}),
    },
    bindings: {
      ...{ x: read(xs), mean: read(mean), rstd: read(rstd), gamma: read(gamma), beta: read(beta) },
      ...{ ids: readScalars(ids), dy: read(dy), dfactors: write(d), factors: read(factors!) },
    },
    groups: strided(g.target, n),
    flops: 9 * product(dy.shape),
    bytes: x.bytes + dy.bytes + ids.bytes + 2 * d.bytes,
  });
  return d;
}
