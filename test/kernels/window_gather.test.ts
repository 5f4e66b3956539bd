import { expect, test } from "vitest";
import { packConv, unpackConv } from "../../kernels/conv/conv2d.ts";
import { windowGather } from "../../kernels/labels/window_gather.ts";
import { labelLists, labelListShapes } from "../../src/labels/lists.ts";
import { windowGatherGradients, windowGatherReference } from "../reference/window_gather.ts";
import { evaluate, noise, relativeError } from "../support/device.ts";
import { evaluateGradients, gradcheck } from "../support/gradcheck.ts";
import { listTensors } from "../support/windows.ts";

const cases = [
  { rows: 19, k: 3, s: 39, o: 130, edge: true, relu: true },
  { rows: 12, k: 3, s: 7, o: 5, edge: false, relu: false, shape: [2, 2, 3, 5] },
  { rows: 9, k: 5, s: 4, o: 12, edge: true, relu: true },
];

/** Codes and places outside at random; the first row stands for no window, the second lies outside. */
function windowsFor(rows: number, taps: number, labels: number): Int32Array {
  const windows = Int32Array.from(noise(rows * taps, 1), (v) => {
    const at = Math.floor(((v + 1) / 2) * (labels * 2 + 3));
    return at >= labels * 2 ? -1 : at;
  });
  return windows.fill(-2, 0, taps).fill(-1, taps, 2 * taps);
}

test.each(cases)(
  "windowGather equals the float64 reference: $rows windows of $k, $s labels, $o outputs, edge $edge",
  async ({ rows, k, s, o, edge, relu, shape }) => {
    const taps = k * k;
    const windows = windowsFor(rows, taps, edge ? s - 1 : s);
    const ws = noise(o * s * taps, 2);
    const bs = noise(o, 3);
    const packed = packConv(ws, [o, s, k, k]);
    const edgeRow = edge ? s - 1 : -1;
    const { y } = await evaluate(
      (g, inputs) => ({
        y: windowGather(g, {
          windows: inputs.tensor("windows", [rows, taps], windows),
          w: inputs.tensor("w", packed.shape, packed.data),
          bias: inputs.tensor("b", [o], bs),
          edgeRow,
          relu,
          shape,
          count: shape ? undefined : { name: "rows", capacity: rows },
        }),
      }),
      { counts: { rows } },
    );
    expect(relativeError(y, windowGatherReference(windows, ws, [o, s, k, k], bs, { edgeRow, relu }))).toBeLessThan(
      1e-6,
    );
  },
);

test.each([...cases, { rows: 900, k: 1, s: 2, o: 9, edge: true, relu: true }])(
  "windowGather's gradients: $rows windows of $k, $s labels, $o outputs, edge $edge",
  async ({ rows, k, s, o, edge, relu, shape }: (typeof cases)[number]) => {
    const taps = k * k;
    const windows = windowsFor(rows, taps, edge ? s - 1 : s);
    const [w, bias, dy] = [noise(o * s * taps, 2), noise(o, 3), noise(rows * o, 4)];
    const edgeRow = edge ? s - 1 : -1;
    const oihw = [o, s, k, k];
    const ref = windowGatherGradients(windows, w, oihw, bias, { edgeRow, relu }, dy);
    if (w.length < 1300) {
      gradcheck(
        "windowGather",
        (a) => windowGatherReference(windows, a.w, oihw, a.bias, { edgeRow, relu }),
        { w, bias },
        ref,
        dy,
      );
    }
    const packed = packConv(w, oihw);
    const got = await evaluateGradients((g, inputs) => {
      const wrt = { w: inputs.tensor("w", packed.shape, packed.data), bias: inputs.tensor("b", [o], bias) };
      const channels = packed.shape[1];
      const made = labelLists(windows, { count: rows, taps, channels, edgeRow });
      const lists = listTensors(inputs, "labels", made, labelListShapes(rows + 2, taps, channels, edge));
      return {
        y: windowGather(g, {
          ...wrt,
          windows: inputs.tensor("windows", [rows, taps], windows),
          edgeRow,
          relu,
          shape,
          lists,
        }),
        wrt,
      };
    }, dy);
    expect(relativeError(unpackConv(got.w, oihw), ref.w)).toBeLessThan(1e-6);
    expect(relativeError(got.bias, ref.bias)).toBeLessThan(1e-6);
  },
);
