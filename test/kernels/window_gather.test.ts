import { expect, test } from "vitest";
import { packConv } from "../../kernels/conv2d.ts";
import { windowGather } from "../../kernels/window_gather.ts";
import { windowGatherReference } from "../reference/window_gather.ts";
import { evaluate, noise, relativeError } from "../support/device.ts";

const cases = [
  { rows: 19, k: 3, s: 39, o: 130, edge: true, relu: true },
  { rows: 12, k: 3, s: 7, o: 5, edge: false, relu: false, shape: [2, 2, 3, 5] },
  { rows: 9, k: 5, s: 4, o: 12, edge: true, relu: true },
];

test.each(cases)(
  "windowGather equals the float64 reference: $rows windows of $k, $s labels, $o outputs, edge $edge",
  async ({ rows, k, s, o, edge, relu, shape }) => {
    const taps = k * k;
    const labels = edge ? s - 1 : s;
    const windows = Int32Array.from(noise(rows * taps, 1), (v) => {
      const at = Math.floor(((v + 1) / 2) * (labels * 2 + 3));
      return at >= labels * 2 ? -1 : at;
    });
    windows.fill(-2, 0, taps);
    windows.fill(-1, taps, 2 * taps);
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
