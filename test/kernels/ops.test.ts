// Every op of the table: its example, forward and gradients against float64 references, and those against central differences; with
// sizes in uniforms and as GPUs have them, in the grids of software and hardware adapters, with f16 storage, in every variant.

import { describe, expect, test } from "vitest";
import { ops } from "../../kernels/index.ts";
import { VARIANTS, type VariantOp } from "../../kernels/parts/variants.ts";
import { notDifferentiable } from "../../src/runtime/index.ts";
import { testDevice } from "../support/device.ts";
import type { OpCase, OpName } from "../support/op_case.ts";
import { checkReference, compare, recording, runCase, type RunOptions } from "../support/run_case.ts";
import { variantCases } from "../support/variants.ts";
import { cases } from "./cases/index.ts";

const { target } = await testDevice();
const halfTest = target.features.has("shader-f16") ? test : test.skip;
const all = Object.entries(cases) as [OpName, OpCase<OpName>][];

/** SPADE_LONG=1 (npm run test:long): also all constants, which is no adapter's own form, and variants in software adapters' grids. */
const LONG = process.env.SPADE_LONG === "1";
const FORMS = LONG ? (["override", "uniform", "mixed"] as const) : (["uniform", "mixed"] as const);

async function check(name: OpName, c: OpCase<OpName>, p: unknown, options: RunOptions = {}): Promise<void> {
  compare(c, p, await runCase(name, c, p, options), options);
}

describe.each(all)("%s", (name, c) => {
  const { example, settings } = c;

  test(`its example, on paper and on the device, with sizes as ${FORMS.join(", ")}`, async () => {
    for (const sizesAs of FORMS) {
      const options = { sizesAs, values: example.values };
      const run = await runCase(name, c, example.of, options);
      compare(c, example.of, run, options);
      compare(c, example.of, { ...run, expected: { ...run.expected, ...example.gives } }, options);
    }
  });

  test.each(settings)("%j", async (p) => {
    for (const software of [true, false]) await check(name, c, p, { software });
    const twice = [await runCase(name, c, p, { software: false }), await runCase(name, c, p, { software: false })];
    expect(twice[1].got, "a second run").toEqual(twice[0].got);
  });

  if (c.backward !== notDifferentiable)
    test("the reference's gradients equal central differences", () => {
      expect(settings.filter((p) => checkReference(name, c, p)).length).toBeGreaterThan(0);
    });

  if (c.f16)
    halfTest("with f16 storage", async () => {
      const narrow = settings.filter((p) => typeof c.f16 === "boolean" || c.f16(p));
      for (const p of [example.of, ...narrow]) await check(name, c, p, { half: true });
    });

  test("is differentiable if the op is", () => {
    expect(c.backward === notDifferentiable).toBe(ops[name].backward === notDifferentiable);
  });

  for (const op of c.variants ?? [])
    for (const { name: variant, variants, test: variantTest } of variantCases(op))
      variantTest(`${op} ${variant}`, async () => {
        for (const p of settings)
          for (const software of LONG ? [true, false] : [false])
            if ((await recording(name, c, p, { variants, software })) !== (await recording(name, c, p, { software })))
              await check(name, c, p, { variants, software });
      });
});

test.each(Object.keys(VARIANTS) as VariantOp[])("some case runs every variant of %s that can run", async (op) => {
  const users = all.filter(([, c]) => c.variants?.includes(op));
  const recorded = await Promise.all(
    variantCases(op)
      .filter((v) => v.test === test)
      .map(async ({ variants }) => {
        const texts = users.flatMap(([name, c]) =>
          c.settings.map((p) => recording(name, c, p, { variants, software: false })),
        );
        return (await Promise.all(texts)).join("\n");
      }),
  );
  expect(new Set(recorded).size).toBe(recorded.length);
});
