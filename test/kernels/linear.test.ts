import { expect, test } from "vitest";
import { linear } from "../../kernels/conv/linear.ts";
import { Graph, Program } from "../../src/runtime/index.ts";
import { linearReference } from "../reference/linear.ts";
import { external, noise, relativeError, testDevice } from "../support/device.ts";
import { sumError } from "../tolerances.ts";

test("linear reads a w over the binding limit in bands of rows", async () => {
  const device = await testDevice();
  const [n, k, m] = [2, 144, 12];
  const [x, w, b] = [noise(n * k, 1), noise(k * m, 2), noise(m, 3)];
  const g = new Graph({
    ...device.target,
    limits: { ...device.target.limits, maxStorageBufferBindingSize: 48 * m * 4 },
  });
  const y = linear(g, {
    x: g.input("x", [n, k]),
    w: await external(g, "w", [k, m], w),
    bias: g.input("b", [m]),
    shape: [n, m],
  });
  expect(g.dispatches.length).toBe(3);
  g.output("y", y);
  const program = await Program.compile(g, device, { name: "test" });
  await program.run({ inputs: { x, b } });
  expect(relativeError(await program.read("y"), linearReference(x, w, b, n, k, m))).toBeLessThan(sumError(k));
  program.dispose();
});
