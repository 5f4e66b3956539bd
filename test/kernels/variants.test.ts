// The table of variants and the plans that choose from it. On paper: no adapter is needed.

import { describe, expect, test } from "vitest";
import { checkVariants, choose, VARIANTS, variantNames, type VariantOp } from "../../kernels/parts/variants.ts";
import { paperTarget, type Target } from "../../src/runtime/index.ts";

const lanes = { features: new Set(["subgroups"]), subgroupSize: 8 };
const cpu = paperTarget({ software: true, ...lanes });
const plainCpu = paperTarget({ software: true });
const gpu = paperTarget({ software: false, features: new Set(["subgroups"]), subgroupSize: 32 });
const oldGpu = paperTarget({ software: false });
const withPlan = (target: Target, variants: Record<string, string>): Target => ({ ...target, variants });

const matrix = { z: 1, m: 64, k: 64, n: 64 };
const conv = { kh: 3, kw: 3, stride: 1, cin: 64, cout: 64, h: 32, w: 32, copies: true };
const dw = { kh: 3, kw: 3, stride: 1, cin: 64, cout: 64, oh: 32, ow: 32 };

describe("without a plan, the first variant that fits and pays", () => {
  test.each<[string, Target, string, string, string, string, string]>([
    ["lavapipe", cpu, "subgroup", "winograd", "subgroup", "winograd_subgroup", "subgroup"],
    ["a CPU without subgroups", plainCpu, "portable", "winograd", "direct", "winograd_portable", "portable"],
    ["a GPU", gpu, "tiled", "winograd", "direct", "winograd_subgroup", "subgroup"],
    ["a GPU without subgroups", oldGpu, "tiled", "winograd", "direct", "winograd_portable", "portable"],
  ])("on %s", (_, target, gemm, wide, plain, gradient, table) => {
    expect(choose("gemm", target, matrix)).toBe(gemm);
    expect(choose("conv2d", target, conv)).toBe(wide);
    for (const op of ["conv2d", "conv2d_dx"] as const) {
      expect(choose(op, target, { ...conv, copies: false })).toBe(plain);
      expect(choose(op, target, { ...conv, stride: 2 })).toBe(plain);
      expect(choose(op, target, { ...conv, kh: 1, kw: 1 })).toBe("gemm");
    }
    expect(choose("weight_gradient", target, dw)).toBe(gradient);
    expect(choose("weight_gradient", target, { ...dw, stride: 2 })).toBe(gradient.replace("winograd", "direct"));
    expect(choose("label_table_dw", target, { k: 128, n: 64 })).toBe(table);
  });

  test("Winograd needs channels on both sides, more of them where the subgroup conv is its rival", () => {
    const at = (target: Target, cin: number, cout: number): string => choose("conv2d", target, { ...conv, cin, cout });
    expect([at(plainCpu, 16, 16), at(plainCpu, 12, 16)]).toEqual(["winograd", "direct"]);
    expect([at(cpu, 32, 32), at(cpu, 16, 64), at(cpu, 64, 16)]).toEqual(["winograd", "subgroup", "subgroup"]);
    // The data gradient swaps the two sides.
    expect(choose("conv2d_dx", cpu, { ...conv, cin: 64, cout: 16 })).toBe("subgroup");
    expect(choose("weight_gradient", cpu, { ...dw, cin: 32, cout: 16 })).toBe("winograd_subgroup");
    expect(choose("weight_gradient", cpu, { ...dw, cin: 16, cout: 32 })).toBe("direct_subgroup");
  });
});

describe("a plan", () => {
  test("for an op holds wherever the variant fits", () => {
    const target = withPlan(cpu, { gemm: "portable", conv2d: "winograd" });
    expect(choose("gemm", target, matrix)).toBe("portable");
    expect(choose("conv2d", target, { ...conv, cin: 4, cout: 4 })).toBe("winograd");
    expect(choose("conv2d", target, { ...conv, stride: 2 })).toBe("subgroup");
    expect(choose("conv2d_dx", target, { ...conv, cin: 4, cout: 4 })).toBe("subgroup");
  });

  test("for a shape goes before that of its op, and must fit", () => {
    const target = withPlan(cpu, { conv2d: "winograd", "conv2d 3x3/1 64->64 at 32x32": "direct" });
    expect(choose("conv2d", target, conv)).toBe("direct");
    expect(choose("conv2d", target, { ...conv, h: 16 })).toBe("winograd");
    const wrong = withPlan(cpu, { "conv2d 3x3/2 64->64 at 32x32": "winograd" });
    expect(() => choose("conv2d", wrong, { ...conv, stride: 2 })).toThrow(
      expect.objectContaining({
        code: "usage",
        problem: "winograd does not fit this shape",
        fix: "one of these does: subgroup, direct",
      }),
    );
  });

  test.each<[Target, Record<string, string>, RegExp]>([
    [cpu, { gem: "tiled" }, /"gem": is no op with variants; there are gemm, conv2d, .*/],
    [cpu, { gemm: "tild" }, /"gemm": "tild" is no variant of gemm; there are tiled, subgroup, portable$/],
    [cpu, { gemm: "constructor" }, /is no variant/],
    [cpu, { constructor: "x" }, /is no op/],
    [plainCpu, { gemm: "subgroup" }, /subgroup can't run on this adapter; it can run tiled, portable$/],
    [plainCpu, { "weight_gradient 3x3/1 64->64 to 32x32": "winograd_subgroup" }, /can't run on this adapter/],
  ])("that is wrong throws, whatever op asks first (%#)", (target, variants, message) => {
    expect(() => choose("label_table_dw", withPlan(target, variants), { k: 4, n: 4 })).toThrow(message);
    expect(() => checkVariants(variants, "plan.json", target)).toThrow(message);
    expect(() => checkVariants(variants, "plan.json", target)).toThrow(/^plan\.json, /);
  });
});

test("the last variant of every op runs everywhere, so that there is always one", () => {
  for (const op of Object.keys(VARIANTS) as VariantOp[]) {
    const last = variantNames(op).at(-1)!;
    const variant = (VARIANTS[op].variants as Record<string, { fits(t: Target): boolean; pays?: unknown }>)[last];
    expect(variant.fits(oldGpu), op).toBe(true);
    expect(variant.pays, op).toBeUndefined();
  }
});
