import { describe, expect, test } from "vitest";
import { initialSource, type InitOptions } from "../../src/training/init.ts";

const shapes = new Map([
  ["a.weight_orig", [64, 32, 3, 3]],
  ["a.weight_u", [64]],
  ["a.weight_v", [288]],
  ["a.bias", [64]],
  ["b.weight", [96, 40, 3, 3]],
  ["c.weight", [50, 30]],
  ["n.weight", [2000]],
  ["n.bias", [2000]],
  ["n.running_mean", [2000]],
  ["n.running_var", [2000]],
]);
function of(init_type: InitOptions["init_type"], seed = 3): Map<string, { data: Float32Array }> {
  const { read } = initialSource({ shapes }, { init_type, init_variance: 0.02, seed });
  return new Map([...shapes.keys()].map((key) => [key, { data: read(key) as Float32Array }]));
}
const std = (v: Float32Array): number => Math.sqrt(v.reduce((s, x) => s + x * x, 0) / v.length);
const most = (v: Float32Array): number => v.reduce((m, x) => Math.max(m, Math.abs(x)), 0);

describe("the published initialisation", () => {
  test("spectrally normalised weights keep PyTorch's default, whatever init_type says", () => {
    for (const type of ["xavier", "normal"] as const) {
      const w = of(type).get("a.weight_orig")!.data;
      const bound = 1 / Math.sqrt(32 * 9);
      expect(most(w)).toBeLessThanOrEqual(bound);
      expect(std(w) / (bound / Math.sqrt(3))).toBeCloseTo(1, 1);
    }
  });

  test.each([
    ["normal", 0.02],
    ["xavier", 0.02 * Math.sqrt(2 / (40 * 9 + 96 * 9))],
    ["xavier_uniform", Math.sqrt(2 / (40 * 9 + 96 * 9))],
    ["kaiming", Math.sqrt(2 / (40 * 9))],
    ["none", 1 / Math.sqrt(3 * 40 * 9)],
  ] as const)("%s: the deviation of other weights", (type, want) => {
    expect(std(of(type).get("b.weight")!.data) / want).toBeCloseTo(1, 1);
  });

  test("orthogonal: rows or columns at right angles, of length gain", () => {
    const w = of("orthogonal").get("c.weight")!.data;
    for (const [i, j] of [
      [0, 0],
      [0, 1],
      [7, 7],
      [7, 20],
    ]) {
      let dot = 0;
      for (let r = 0; r < 50; r++) dot += w[r * 30 + i] * w[r * 30 + j];
      expect(dot).toBeCloseTo(i === j ? 0.02 ** 2 : 0, 9);
    }
  });

  test("biases 0, running statistics 0 and 1, u and v of length 1, a norm's own weight about 1", () => {
    const state = of("xavier");
    expect(most(state.get("a.bias")!.data)).toBe(0);
    expect(most(state.get("n.bias")!.data)).toBe(0);
    expect(most(state.get("n.running_mean")!.data)).toBe(0);
    expect(new Set(state.get("n.running_var")!.data)).toEqual(new Set([1]));
    for (const key of ["a.weight_u", "a.weight_v"]) expect(Math.hypot(...state.get(key)!.data)).toBeCloseTo(1, 6);
    const gamma = state.get("n.weight")!.data.map((v) => v - 1);
    expect(std(gamma) / 0.02).toBeCloseTo(1, 1);
  });

  test("the seed and the key decide the values", () => {
    const key = "b.weight";
    expect(of("xavier", 3).get(key)!.data).toEqual(of("xavier", 3).get(key)!.data);
    expect(of("xavier", 4).get(key)!.data).not.toEqual(of("xavier", 3).get(key)!.data);
    const renamed = initialSource(
      { shapes: new Map([["other.weight", [96, 40, 3, 3]]]) },
      { init_type: "xavier", init_variance: 0.02, seed: 3 },
    );
    expect(renamed.read("other.weight")).not.toEqual(of("xavier", 3).get(key)!.data);
  });
});
