// Tests that walk the table of variants: those that the adapter can't run are skipped, and so are counted as not run.

import { test } from "vitest";
import {
  canRun,
  variantNames,
  type OpVariants,
  type ShapeOf,
  type VariantOf,
  type VariantOp,
} from "../../kernels/parts/variants.ts";
import { testDevice } from "./device.ts";

const { target } = await testDevice();

export interface VariantCase<O extends VariantOp> {
  readonly name: VariantOf<O>;
  /** A plan that makes the op run it. */
  readonly variants: OpVariants;
  /** vitest's test, or test.skip where the adapter can't run it. */
  readonly test: typeof test | typeof test.skip;
  /** Whether the variant fits a shape that is not the adapter's affair. */
  fits(shape: ShapeOf<O>): boolean;
}

/** The variants of an op, in the table's order. */
export function variantCases<O extends VariantOp>(op: O): VariantCase<O>[] {
  // An adapter with everything, so that only the shape decides.
  const able = { ...target, features: new Set(["subgroups"]), subgroupSize: 8 };
  return variantNames(op).map((name) => ({
    name,
    variants: { [op]: name },
    test: canRun(op, name, target) ? test : test.skip,
    fits: (shape) => canRun(op, name, able, shape),
  }));
}
