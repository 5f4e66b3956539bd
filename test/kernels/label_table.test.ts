import { expect, test } from "vitest";
import { blockedShape, packBlocks, unpackBlocks } from "../../kernels/parts/gemm.ts";
import { labelTable } from "../../kernels/labels/label_table.ts";
import { tapLists, tapListShapes } from "../../src/labels/lists.ts";
import { labelTableGradients, labelTableReference } from "../reference/label_table.ts";
import { evaluate, noise, relativeError, testDevice } from "../support/device.ts";
import { evaluateGradients, gradcheck } from "../support/gradcheck.ts";
import { listTensors, SPARE, windowsOf } from "../support/windows.ts";
import type { Inputs } from "../support/device.ts";

interface Case {
  map: number[];
  k: number;
  hidden: number;
  c: number;
  plain?: boolean;
  software?: boolean;
  /** Spare rows, so that W is turned and multiplied in slices of columns. */
  spare?: number;
}
const cases: Case[] = [
  { map: [2, 5, 4], k: 3, hidden: 8, c: 6 },
  { map: [1, 1, 9], k: 5, hidden: 12, c: 3 },
  { map: [1, 13, 17], k: 3, hidden: 128, c: 39 },
  { map: [2, 12, 15], k: 3, hidden: 128, c: 20, software: false },
  { map: [1, 14, 14], k: 1, hidden: 20, c: 37, plain: true },
  { map: [1, 9, 11], k: 3, hidden: 8, c: 70, spare: 8000 },
];

function setting({ map, k, hidden, c, plain, spare = SPARE }: Case) {
  const lw = windowsOf(map, { k, plain });
  const oihw = [c, hidden, k, k];
  const args = { a: noise(lw.innerCount * hidden, 1), w: noise(c * hidden * k * k, 2), bias: noise(c, 3) };
  args.a.fill(0, 0, hidden);
  const inner = { name: "inner", capacity: lw.innerCount + spare };
  const outer = { name: "outer", capacity: lw.outerCount + SPARE };
  const record = (inputs: Inputs) => {
    const a = new Float32Array(inner.capacity * hidden).fill(7);
    a.set(args.a);
    const windows = new Int32Array(outer.capacity * k * k);
    windows.set(lw.outerWindows);
    return {
      a: inputs.tensor("a", [inner.capacity, hidden], a),
      w: inputs.tensor("w", blockedShape(k * k, hidden, c), packBlocks(args.w, oihw)),
      bias: inputs.tensor("bias", [c], args.bias),
      windows: inputs.tensor("windows", [outer.capacity, k * k], windows),
      inner,
      outer,
    };
  };
  return { lw, oihw, args, inner, outer, record, counts: { inner: lw.innerCount, outer: lw.outerCount } };
}

test.for(cases)(
  "labelTable equals the float64 reference: map $map, kernel $k, $hidden hidden, $c channels",
  async (o) => {
    const { lw, oihw, args, record, counts } = setting(o);
    const { y } = await evaluate((g, inputs) => ({ y: labelTable(g, record(inputs)) }), {
      counts,
      software: o.software,
    });
    const ref = labelTableReference(args.a, args.w, oihw, args.bias, lw.outerWindows);
    expect(relativeError(y.subarray(0, ref.length), ref)).toBeLessThan(2e-6);
  },
);

test.for(cases)("labelTable's gradients: map $map, kernel $k, $hidden hidden, $c channels, spare $spare", async (o) => {
  const { lw, oihw, args, record, counts, inner, outer } = setting(o);
  const rows = lw.outerCount * o.c;
  const dy = noise(outer.capacity * o.c, 5);
  const ref = labelTableGradients(args.a, args.w, oihw, lw.outerWindows, dy);
  if (args.w.length < 600) {
    gradcheck(
      "labelTable",
      (a) => labelTableReference(a.a, a.w, oihw, a.bias, lw.outerWindows),
      args,
      ref,
      dy.subarray(0, rows),
    );
  }
  const variants: Record<string, string>[] = (await testDevice()).target.features.has("subgroups")
    ? [{}, { gemm: "portable" }]
    : [{}];
  for (const variant of variants) {
    const got = await evaluateGradients(
      (g, inputs) => {
        const args = record(inputs);
        const lists = listTensors(
          inputs,
          "taps",
          tapLists(lw),
          tapListShapes(outer.capacity, inner.capacity, o.k ** 2),
        );
        return { y: labelTable(g, { ...args, lists }), wrt: { a: args.a, w: args.w, bias: args.bias } };
      },
      dy,
      { counts, software: o.software, variants: variant },
    );
    expect(relativeError(got.a.subarray(0, ref.a.length), ref.a)).toBeLessThan(3e-6);
    expect(relativeError(got.bias, ref.bias)).toBeLessThan(3e-6);
    expect(relativeError(unpackBlocks(got.w, oihw), ref.w)).toBeLessThan(3e-6);
    // Nothing in the columns that only fill a block.
    expect(packBlocks(unpackBlocks(got.w, oihw), oihw)).toEqual(got.w);
  }
});
