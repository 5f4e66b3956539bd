// kernels/parts/extent.ts: which parts of a picture a dispatch computes, if that is known only when it runs
//
// A stroke changes few pixels, and what a net's layers made of the others is still right. So the kernels of a picture take an optional
// list of the parts to compute. Their results keep the values of all other parts: they must have a buffer of their own (Graph.keep).
// With the list `ALL` a dispatch computes what it would without one, bit for bit. Parts are
//   tiles    2x2 pixels of a convolution's result, [ceil(H/2), ceil(W/2)]: Winograd's
//   strips   of a row of an elementwise op's result, [H, ceil(W / length)]; `stripPixels` of its input each
// Both are numbered row by row. Only pictures by themselves (N = 1) have lists.
//
// What it costs where all is computed: one load a thread. What it gains: docs/bench.md, `npm run bench -- edits`.

import text from "../../shaders/parts/extent.wgsl";
import {
  readScalars,
  type Binding,
  type Count,
  type CountedGroups,
  type Graph,
  type Target,
  type Tensor,
} from "../../src/runtime/index.ts";

export interface Extent {
  /** i32 [1 + parts]: how many parts are listed, and which; or ALL alone. */
  readonly list: Tensor;
  /** How many are listed, rounded up to 8 (a block of rows of gemm). Its name is the list's. */
  readonly count: Count;
}

/** The first number of a list that stands for all parts. */
export const ALL = -1;

const ROUND = 8;
/** What an extent's count is where so many parts are listed. */
export const countOf = (parts: number): number => Math.ceil(parts / ROUND) * ROUND;

/** Declares the input of that name: a list of up to `parts` parts. */
export const extentInput = (g: Graph, name: string, parts: number): Extent => ({
  list: g.input(name, [1 + parts], "i32", true),
  count: { name, capacity: countOf(parts) },
});

/** What a dispatch over listed parts adds to its own text, constants and bindings. The text defines part_at and part_count. */
export const extentParts = (
  extent: Extent | undefined,
): { text: string; constants: { listed: boolean }; bindings: { list?: Binding } } => ({
  text,
  constants: { listed: !!extent },
  bindings: extent ? { list: readScalars(extent.list) } : {},
});

/** `all` workgroups, or as many as the listed parts need: `per` parts a workgroup, of the parts `from` to `from + most - 1` in the list. */
export const extentGroups = (
  extent: Extent | undefined,
  all: number,
  slice: Pick<CountedGroups, "per" | "from" | "most">,
): number | CountedGroups => (extent ? { count: extent.count, ...slice } : all);

/**
 * Pixels of the input of a listed strip. Shorter than those of dispatches without lists (stripLength), as a strip is computed for one of its
 * pixels.
 */
export const stripPixels = ({ software }: Pick<Target, "software">): number => (software ? 8 : 4);
