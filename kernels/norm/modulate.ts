// kernels/norm/modulate.ts: SPADE's normalisation (Park et al. 2019, eq. 1) with its activation and the upsampling in front of it, in one pass
//
//   y[n,Y,X,c] = leaky( (x[n,Y/up,X/up,c] - mean[g,c]) * rstd[g,c] * (1 + gamma[id,c]) + beta[id,c] ),   id = ids[n,Y,X]
//
// up is 1 or 2: a nearest x2 upsampled x is read where it is and never written. gamma and beta are rows of tables, one row a
// distinct window of labels. g is 0 (batch norm) or n (instance norm).
// Backward: with xn the normalised x and dz = dy * (y > 0 ? 1 : slope), y's sign computed again,
//   dbeta[r,c] = sum of dz over pixels with id r      dgamma[r,c] = sum of dz * xn      (kernels/parts/segments.ts)
//   dxn = sum over the up*up pixels of dz * (1 + gamma[id]): all that follows is at x's size
//   dx = rstd * dxn      dmean = -rstd * sum_P dxn      drstd = sum_P dxn * (x - mean)      over the P pixels of x that g has
// Running statistics end here. From a batch's or an image's own, kernels/norm/statistics.ts adds dmean / P - rstd^3 * drstd * (x - mean) / P:
//   dx = rstd * (dxn - mean_P(dxn) - xn * mean_P(dxn * xn))
// in all, the formula of the papers (mean_P(dxn * xn) = rstd * drstd / P). Norms that share statistics sum their dmean and drstd first.
// traffic: x once for each of up rows (the second time from a cache), y once, ids once, and two table rows where the id differs from
// the pixel's before (COCO val 1993: 27 % of the pixels at 256x256, 60 % at 64x64). On lavapipe, 2 cores, 128x128x128 -> 256x256x128:
//   25 ms a pixel of x at a time (1.9 GB/s); 12.4 in strips of 4; 9.8 with the table rows kept while the id stays; 8.2 to 8.4 with
//   stepped addresses (5.9 GB/s; a plain copy has 4.1 to 4.5, at 256x256x64 5.2 against 4.4). Slower: 2x2 pixels unrolled by hand (16),
//   lanes over pixels with a loop over channels (22 to 27). Both rows of y in one thread: equal, but twice the time to compile.
// Backward: x, dy, ids and dx once in one pass, x, dy and the lists once in another. lavapipe, COCO val 1993, 128x128x64 -> 256x256x64:
//   modulate forward 6.2 ms, dx 7.6, tables 9.9 (half of it cut rows); 64x64x256: 3.6, 3.7, 4.9.

import modulateText from "../../shaders/norm/modulate.wgsl";
import dxText from "../../shaders/norm/modulate_dx.wgsl";
import momentsText from "../../shaders/norm/modulate_moments.wgsl";
import tablesText from "../../shaders/norm/modulate_tables.wgsl";
import {
  ceilDiv,
  defineOp,
  float,
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
import { joinParts, lanes, needLists, partsOf, rowGroups, Y_SPAN, type Lists } from "../parts/segments.ts";

export interface ModulateArgs {
  /** [N,h,w,C] */
  x: Tensor;
  /** f32 [G,C] or [C]; G is 1 or N */
  mean: Tensor;
  /** f32, as mean */
  rstd: Tensor;
  /** [...,C]: rows of a table */
  gamma: Tensor;
  /** of gamma's shape */
  beta: Tensor;
  /** i32 [N,H,W]: rows of the tables; H, W are h, w or their doubles */
  ids: Tensor;
  /** slope below zero; 1 = no activation */
  slope: number;
  /** of the result; x's by default */
  dtype?: DType;
  /** For the gradients of gamma and beta: pixels by id, from pixelLists. */
  lists?: Lists;
  /** How many rows of the tables are in use; only sizes the backward pass. */
  count?: Count;
}

export interface ModulatePlan {
  out: number[];
  up: 1 | 2;
  /** Rows of statistics. */
  groups: number;
  /** Pixels of x a thread. */
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
  // Long strips keep table rows longest; a GPU needs the threads.
  return { out: [n, oh, ow, c], up, groups, len: software ? 32 : 4 };
}

export const modulate = defineOp<ModulateArgs, Tensor>({
  name: "modulate",
  forward(g: Graph, { x, mean, rstd, gamma, beta, ids, slope, dtype }) {
    const { out, up, groups, len } = modulatePlan(
      { x: x.shape, mean: mean.shape, rstd: rstd.shape, gamma: gamma.shape, beta: beta.shape, ids: ids.shape },
      g.target.software,
    );
    const y = g.temp("y", out, dtype ?? x.dtype);
    const [n, h, w] = x.shape;
    const strips = n * h * up * ceilDiv(w, len);
    g.dispatch({
      shader: { name: "modulate", text: modulateText },
      constants: { UP: up, LEN: len, leaky: slope !== 1 },
      sizes: { ROWS: n * h, H: h, W: w, C4: x.pitch / 4, GROUPS: groups, SLOPE: float(slope), YSPAN: Y_SPAN },
      bindings: {
        x: read(x),
        mean: read(mean),
        rstd: read(rstd),
        gamma: read(gamma),
        beta: read(beta),
        ids: readScalars(ids),
        y: write(y),
      },
      groups: [ceilDiv(x.pitch / 4, 8), ceilDiv(Math.min(strips, Y_SPAN), 8), ceilDiv(strips, Y_SPAN)],
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
    };
  },
});

/** Strips of a group whose moments one thread adds up. */
const MOMENTS = 64;

/** Gradients of x, and where its statistics are its own, of mean and rstd: strips leave sums, added up in two steps. */
function pixelGradients(
  g: Graph,
  { x, mean, rstd, gamma, beta, ids, slope }: ModulateArgs,
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
  const rows = [...Array(up).keys()];
  const pixel = (q: number, p: number): string =>
    [
      `    { let p = pixel + ${q}u * $W * ${up}u + ${p}u; let k = ids[p];`,
      `      if (k != last${q}) { last${q} = k; scale${q} = 1.0 + vec4f(gamma[u32(k) * $C4 + c]);${leaky ? ` shift${q} = vec4f(beta[u32(k) * $C4 + c]);` : ""} }`,
      `      let f = vec4f(dy[p * $C4 + c]) * scale${q};`,
      leaky
        ? `      e += select(bitcast<f32>($SLOPE) * f, f, v * scale${q} + shift${q} > vec4f(0.0)); }`
        : "      e += f; }",
    ].join("\n");
  const bindings: Record<string, Binding> = {
    x: read(xs),
    mean: read(mean),
    rstd: read(rstd),
    gamma: read(gamma),
    ids: readScalars(ids),
    dy: read(dy),
  };
  if (leaky) bindings.beta = read(beta);
  if (dx) bindings.dx = write(dx);
  if (moments) bindings.moments = write(moments);
  g.dispatch({
    shader: { name: "modulate_dx", text: dxText },
    constants: {
      ...lanes(c4),
      UP: up,
      LEN: len,
      dx: wantsX,
      moments: own,
      declare: rows
        .map((q) => `  var last${q} = -1; var scale${q} = vec4f(0.0);${leaky ? ` var shift${q} = vec4f(0.0);` : ""}`)
        .join("\n"),
      pixels: rows.flatMap((q) => rows.map((p) => pixel(q, p))).join("\n"),
    },
    sizes: {
      ROWS: n * h,
      H: h,
      W: w,
      C4: c4,
      GROUPS: groups,
      YSPAN: Y_SPAN,
      ...(leaky ? { SLOPE: float(slope) } : {}),
    },
    bindings,
    groups: rowGroups(c4, strips),
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
  if (count > MOMENTS) {
    const step = Math.ceil(Math.sqrt(count));
    const slices = ceilDiv(count, step);
    from = g.temp("slices", [groups * slices, 2 * x.pitch]);
    add(moments, count, step, { y: write(from) });
    count = slices;
  }
  add(from, count, count, { rstd: read(rstd), dmean: write(dmean), drstd: write(drstd) });
  return { x: dx, mean: dmean, rstd: drstd };
}

/** Gradients of gamma and beta, f32 in the tables' shape; rows that no pixel names are left as they are. */
function tableGradients(
  g: Graph,
  { x, mean, rstd, gamma, beta, ids, slope, lists, count }: ModulateArgs,
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
  const sum = (cut: boolean, to: Record<string, Binding>): void =>
    g.dispatch({
      shader: { name: "modulate_tables", text: tablesText },
      constants: { ...lanes(c4), UP: ids.shape[1] / h, leaky, grouped, parts: cut },
      sizes: {
        W: w,
        C4: c4,
        YSPAN: Y_SPAN,
        ...(grouped ? { H: h } : {}),
        ...(leaky ? { SLOPE: float(slope) } : {}),
        ...(cut ? {} : { TABLE: table }),
      },
      bindings: {
        ...source,
        order: readScalars(order),
        ...(cut ? { parts: read(parts) } : { rows: readScalars(rows) }),
        ...to,
      },
      groups: rowGroups(c4, cut ? partsOf(lists!) : table, cut ? undefined : count),
      flops: 6 * product(dy.shape),
      bytes: dy.bytes + dy.bytes / (ids.shape[1] / h) ** 2 + order.bytes + 2 * dgamma.bytes,
    });
  if (partsOf(lists!) > 0) {
    const sums = g.temp("sums", [partsOf(lists!), 2, x.pitch]);
    sum(true, { sums: write(sums) });
    sum(false, { dgamma: write(dgamma), dbeta: write(dbeta) });
    joinParts(g, lists!, sums, dbeta, { c4, first: 2, count: table, stride: 2, offset: 0 });
    joinParts(g, lists!, sums, dgamma, { c4, first: 2, count: table, stride: 2, offset: 1 });
  } else sum(false, { dgamma: write(dgamma), dbeta: write(dbeta) });
  return { gamma: dgamma, beta: dbeta };
}
