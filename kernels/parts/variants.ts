// kernels/parts/variants.ts: the ops that have several variants, on which adapters each variant runs, and which one is used
//
// A plan file names variants by op, or by op and shape: { "gemm": "tiled", "conv2d 3x3/1 64->64 at 128x128": "winograd" }. A variant
// named for a shape must fit that shape. A variant named for an op is used for every shape that it fits. In all other cases the first
// variant in the table that fits and pays is used. Unknown names, and variants that the adapter can't run, throw.
//
// `pays` holds thresholds that were found by measuring, on lavapipe (mesa 25.0.7, 2 cores) unless the op's header names another
// adapter. `npm run bench -- kernels` measures them, and a plan file overrides them. Constants in kernels/ whose comment says "Tuned
// on ..." (tiles, slices, scratch memory) were found in the same way. No plan file reaches those yet; where another adapter wants other
// values, this table is the place for them, as further variants.

import { SpadeError, type Target } from "../../src/runtime/index.ts";

/** One way to compute an op. */
export interface Variant<P> {
  /** Whether the adapter can run it for this shape; without a shape, for any. */
  fits(target: Target, shape?: P): boolean;
  /** Whether to use it, if it fits and the plan file does not decide; left out: yes. */
  pays?(target: Target, shape: P): boolean;
}

/** The variants of an op, in the order in which they are tried. The last one fits everything. */
interface VariantSet<P, N extends string> {
  /** How plan files write a shape. */
  describe(shape: P): string;
  readonly variants: Readonly<Record<N, Variant<P>>>;
}

const variantsOf =
  <P>() =>
  <N extends string>(set: VariantSet<P, N>): VariantSet<P, N> =>
    set;

/** c[z] = a[z] * b[z] of m rows, k terms, n columns, z matrices (padded sizes; m may be a capacity). */
export interface GemmShape {
  z: number;
  m: number;
  k: number;
  n: number;
}

export interface ConvShape {
  kh: number;
  kw: number;
  stride: number;
  /** Padded to 4. */
  cin: number;
  cout: number;
  /** Of the input. */
  h: number;
  w: number;
  /** Whether a derived copy of the weights can be made (for Winograd or a matrix product); if not, the conv reads the packed weights. */
  copies: boolean;
}

/** A conv's weight gradient: cin and cout padded to 4, and the size of the conv's result. */
export interface WeightGradientShape extends Pick<ConvShape, "kh" | "kw" | "stride" | "cin" | "cout"> {
  oh: number;
  ow: number;
}

/** A depthwise conv of c channels, padded; h and w of the input. */
export interface DepthwiseShape extends Pick<ConvShape, "kh" | "kw" | "stride" | "h" | "w"> {
  dilation: number;
  c: number;
}

/** Lanes of a subgroup, if the adapter has one fixed size that the subgroup kernels are written for (each lane has its rows). */
export function subgroupLanes({ features, subgroupSize: n }: Target): number | undefined {
  return features.has("subgroups") && (n === 8 || n === 16 || n === 32) ? n : undefined;
}

const hasLanes = (t: Target): boolean => subgroupLanes(t) !== undefined;
const anywhere = (): boolean => true;
const onSoftware = ({ software }: Target): boolean => software;

/**
 * Fewest input and output channels for which Winograd's transforms pay, against the direct and against the subgroup variant. Tuned on
 * lavapipe, four pictures, Winograd and subgroup: 16 -> 16 at 96x128 24.1 and 10.3 ms; 32 -> 32 at 64x48 14.4 and 13.4; 64 -> 64 at
 * 31x23 8.7 and 25.
 */
const WINOGRAD_LEAST = { direct: 16, subgroup: 32 };
const winogradPays = (t: Target, { cin, cout, h, w }: ConvShape): boolean => {
  const least = t.software && hasLanes(t) ? WINOGRAD_LEAST.subgroup : WINOGRAD_LEAST.direct;
  return cin >= least && cout >= least && h >= 4 && w >= 4;
};

/** Fewest input channels that keep all lanes busy, and fewest output channels for which the transforms pay. Tuned on lavapipe. */
const DW_LEAST_IN = 32;
const DW_LEAST_OUT = 16;
const tilesFit = (t: Target, p?: WeightGradientShape): boolean =>
  !p || (p.kh === 3 && p.kw === 3 && p.stride === 1 && 64 * p.cin * p.cout <= t.limits.maxStorageBufferBindingSize);
const tilesPay = (_: Target, { cin, cout, oh, ow }: WeightGradientShape): boolean =>
  cin >= DW_LEAST_IN && cout >= DW_LEAST_OUT && oh >= 4 && ow >= 4;

/** Of conv2d, or of its data gradient: winograd's transforms pay for different channels. */
const conv = (pays: Variant<ConvShape>["pays"]) =>
  variantsOf<ConvShape>()({
    describe: ({ kh, kw, stride, cin, cout, h, w }) => `${kh}x${kw}/${stride} ${cin}->${cout} at ${h}x${w}`,
    variants: {
      winograd: { fits: (_, p) => !p || (p.kh === 3 && p.kw === 3 && p.stride === 1 && p.copies), pays },
      gemm: { fits: (_, p) => !p || (p.kh === 1 && p.kw === 1 && p.stride === 1 && p.copies) },
      subgroup: { fits: hasLanes, pays: onSoftware },
      direct: { fits: anywhere },
    },
  });

/** The table. `conv2d_dx` is conv2d's data gradient; its shape is that of the conv. */
export const VARIANTS = {
  gemm: variantsOf<GemmShape>()({
    describe: ({ z, m, k, n }) => `${z} x ${m}x${k}x${n}`,
    variants: {
      // Slower on lavapipe, where a barrier costs more than it saves.
      tiled: { fits: anywhere, pays: (t) => !t.software },
      subgroup: { fits: hasLanes, pays: onSoftware },
      portable: { fits: anywhere },
    },
  }),
  conv2d: conv(winogradPays),
  // The data gradient is a conv of dz with input and output channels exchanged.
  conv2d_dx: conv((t, p) => winogradPays(t, { ...p, cin: p.cout, cout: p.cin })),
  weight_gradient: variantsOf<WeightGradientShape>()({
    describe: ({ kh, kw, stride, cin, cout, oh, ow }) => `${kh}x${kw}/${stride} ${cin}->${cout} to ${oh}x${ow}`,
    variants: {
      winograd_subgroup: { fits: (t, p) => hasLanes(t) && tilesFit(t, p), pays: tilesPay },
      winograd_portable: { fits: tilesFit, pays: tilesPay },
      direct_subgroup: { fits: hasLanes },
      direct_portable: { fits: anywhere },
    },
  }),
  depthwise_conv: variantsOf<DepthwiseShape>()({
    describe: ({ kh, kw, stride, dilation, c, h, w }) => `${kh}x${kw}/${stride}d${dilation} ${c} at ${h}x${w}`,
    variants: { rolling: { fits: (_, p) => !p || p.kh * p.kw <= 9 }, direct: { fits: anywhere } },
  }),
  /** The weight gradient of label_table: k rows and n columns, padded. */
  label_table_dw: variantsOf<{ k: number; n: number }>()({
    describe: ({ k, n }) => `${k}->${n}`,
    variants: { subgroup: { fits: hasLanes }, portable: { fits: anywhere } },
  }),
};

export type VariantOp = keyof typeof VARIANTS;
export type VariantOf<O extends VariantOp> = keyof (typeof VARIANTS)[O]["variants"] & string;
export type ShapeOf<O extends VariantOp> = Parameters<(typeof VARIANTS)[O]["describe"]>[0];
/** Plan entries for whole ops, checked by the compiler. Entries for shapes are checked when the plan is used. */
export type OpVariants = { readonly [O in VariantOp]?: VariantOf<O> };

/** Names of an op's variants, in order. */
export const variantNames = <O extends VariantOp>(op: O): VariantOf<O>[] =>
  Object.keys(VARIANTS[op].variants) as VariantOf<O>[];

type AnyVariant = Variant<unknown>;
const variantAt = (op: VariantOp, name: string): AnyVariant | undefined =>
  Object.hasOwn(VARIANTS[op].variants, name)
    ? (VARIANTS[op].variants as unknown as Record<string, AnyVariant>)[name]
    : undefined;

/** Whether the adapter can run a variant of an op: for this shape, or for any. */
export const canRun = <O extends VariantOp>(op: O, name: VariantOf<O>, target: Target, shape?: ShapeOf<O>): boolean =>
  variantAt(op, name)!.fits(target, shape);

const usage = (where: string, problem: string, fix: string): SpadeError => new SpadeError("usage", where, problem, fix);

/**
 * Checks a plan against the table and the adapter.
 * @param where the plan's name in messages
 * @throws SpadeError usage: an unknown op or variant, or one that the adapter can't run
 */
export function checkVariants(plan: Readonly<Record<string, string>>, where: string, target: Target): void {
  for (const [key, name] of Object.entries(plan)) {
    const op = key.split(" ")[0];
    const at = `${where}, "${key}"`;
    if (!Object.hasOwn(VARIANTS, op))
      throw usage(at, "is no op with variants", `there are ${Object.keys(VARIANTS).join(", ")}`);
    const names = variantNames(op as VariantOp);
    const variant = variantAt(op as VariantOp, name);
    if (!variant) throw usage(at, `"${String(name)}" is no variant of ${op}`, `there are ${names.join(", ")}`);
    if (variant.fits(target)) continue;
    const able = names.filter((n) => variantAt(op as VariantOp, n)!.fits(target));
    throw usage(at, `${name} can't run on this adapter`, `it can run ${able.join(", ")}`);
  }
}

/** Plans that were checked, each with the target it was checked for: a copied target may share its plan. */
const checked = new WeakMap<object, Target>();

/** The variant to use for a shape. @throws SpadeError usage: the target's plan is wrong, or names a variant that does not fit the shape */
export function choose<O extends VariantOp>(op: O, target: Target, shape: ShapeOf<O>): VariantOf<O> {
  const plan = target.variants;
  if (checked.get(plan) !== target) {
    checkVariants(plan, "variants", target);
    checked.set(plan, target);
  }
  const names = variantNames(op);
  const fitting = names.filter((name) => variantAt(op, name)!.fits(target, shape));
  const text = (VARIANTS[op].describe as (shape: unknown) => string)(shape);
  const own = plan[`${op} ${text}`] as VariantOf<O> | undefined;
  if (own !== undefined) {
    if (fitting.includes(own)) return own;
    throw usage(
      `variants, "${op} ${text}"`,
      `${own} does not fit this shape`,
      `one of these does: ${fitting.join(", ")}`,
    );
  }
  const all = plan[op] as VariantOf<O> | undefined;
  if (all !== undefined && fitting.includes(all)) return all;
  return fitting.find((name) => variantAt(op, name)!.pays?.(target, shape) ?? true)!;
}
