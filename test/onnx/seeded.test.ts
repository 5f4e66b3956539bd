import { describe, expect, it } from "vitest";
import { defaultConfig, generatorShapes } from "../../src/models/config.ts";
import { powerIterate, seeded, seededGenerator, spectralSigma } from "../../src/models/weights/seeded.ts";
import { sumError } from "../tolerances.ts";

const config = { ...defaultConfig, ngf: 2, label_nc: 3, crop_size: 32 };

/** The bit patterns of the first four values, and FNV-1a over all bytes. */
function fingerprint(x: Float32Array): { head: string[]; hash: string } {
  let hash = 0x811c9dc5;
  for (const byte of new Uint8Array(x.buffer)) hash = Math.imul(hash ^ byte, 0x01000193);
  const bits = new Uint32Array(x.buffer, 0, Math.min(4, x.length));
  return { head: Array.from(bits, (b) => b.toString(16)), hash: (hash >>> 0).toString(16) };
}

describe("seeded weights", () => {
  // From spade_reference.py: init_generator(Config(ngf=2, label_nc=3, crop_size=32), 5, 1.0)
  const reference: [string, string[], string][] = [
    ["fc.bias", ["bc484a54", "bd82aae8", "3da07b67", "3d9582cd"], "60e75dea"],
    ["fc.weight", ["bda86e02", "bd8c5393", "3d912f2b", "3e038aac"], "5a51d820"],
    ["G_middle_1.conv_0.weight_orig", ["3d39f4e7", "bcd80b12", "bc4f70b5", "3d1d1229"], "97123b3f"],
    ["up_3.conv_s.weight_orig", ["bf6cc21c", "bea8f02d", "3eab85fd", "bf21c2b0"], "fc0f8dad"],
    ["up_3.norm_s.mlp_gamma.weight", ["bd8c35cc", "bc7ed113", "3d7367a4", "bc181492"], "3e9a5a75"],
    ["conv_img.bias", ["3ada595f", "bd45367b", "3d6d0dad"], "347c39f6"],
  ];
  const state = seededGenerator(config, 5, 1);
  for (const [key, head, hash] of reference) {
    it(`equal numpy's bit for bit: ${key}`, () => expect(fingerprint(state.get(key)!.data)).toEqual({ head, hash }));
  }

  it("hash a name by its UTF-8 bytes", () => {
    expect(fingerprint(seeded("\u00e9mail", [1000], 0.3))).toEqual({
      head: ["3c4492bb", "be510774", "3e5c16b7", "3e04f73c"],
      hash: "3d25c814",
    });
  });

  it("start u and v at length 1", () => {
    const expected = [
      ["head_0.conv_0.weight_u", [0.12812893092632294, 0.05503205209970474, 0.13155066967010498]],
      ["head_0.conv_0.weight_v", [-0.01839769072830677, -0.08956318348646164, -0.09407933801412582]],
    ] as const;
    for (const [key, values] of expected) {
      values.forEach((v, i) => expect(state.get(key)!.data[i]).toBeCloseTo(v, 7));
      expect(Math.hypot(...state.get(key)!.data)).toBeCloseTo(1, 6);
    }
  });

  it("cover every key of the generator, a bias before its weight", () => {
    expect([...state.keys()].slice(0, 4)).toEqual([
      "fc.bias",
      "fc.weight",
      "head_0.conv_0.bias",
      "head_0.conv_0.weight_orig",
    ]);
    expect(new Map([...state].map(([key, t]) => [key, t.shape]))).toEqual(generatorShapes(config));
    for (const t of state.values()) expect(t.data.length).toBe(t.shape.reduce((a, b) => a * b, 1));
  });
});

describe("power iteration", () => {
  it("gives torch's u, v and sigma after ten iterations", () => {
    const state = seededGenerator(config, 5, 1);
    powerIterate(state, 10);
    const u = state.get("up_3.conv_0.weight_u")!.data;
    const v = state.get("up_3.conv_0.weight_v")!.data;
    [0.37991257850965326, -0.9250223957776085].forEach((x, i) => expect(u[i]).toBeCloseTo(x, 6));
    [0.0997225216396387, -0.2325776487820956, -0.14780539871241002].forEach((x, i) => expect(v[i]).toBeCloseTo(x, 6));
    expect(spectralSigma(state, "up_3.conv_0")).toBeCloseTo(1.1868778215350064, 6);
  });

  it("once and then nine times is ten times", () => {
    const [a, b] = [seededGenerator(config, 5, 1), seededGenerator(config, 5, 1)];
    powerIterate(a, 10);
    powerIterate(b, 1);
    powerIterate(b, 9);
    for (const [key, t] of a) {
      const worst = t.data.reduce((w, x, i) => Math.max(w, Math.abs(x - b.get(key)!.data[i])), 0);
      expect(worst, key).toBeLessThan(sumError(10));
    }
  });
});
