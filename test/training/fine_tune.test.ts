// What a net takes of another one: labels by name, tensors by shape, spectral norm in its other form.

import { describe, expect, test } from "vitest";
import { defaultConfig, generatorShapes, type Config } from "../../src/models/config.ts";
import { netOf } from "../../src/models/kinds.ts";
import { discriminatorNet } from "../../src/models/nets/discriminator.ts";
import { powerIterate, seededState, spectralSigma, type HostState } from "../../src/models/weights/seeded.ts";
import { memorySource } from "../../src/models/weights/source.ts";
import type { Net } from "../../src/models/weights/packing.ts";
import { fit, gridsOf, type Fit } from "../../src/training/fine_tune/fit.ts";
import { matchLabels, type LabelMatch } from "../../src/training/fine_tune/labels.ts";
import { initialSource } from "../../src/training/init.ts";
import { defaultTraining } from "../../src/training/options.ts";
import { relativeError } from "../support/device.ts";

const names = (...all: string[]): { id: number; name: string; color: string }[] =>
  all.map((name, id) => ({ id, name, color: `#0000${String(id).padStart(2, "0")}` }));
const plain = { contain_dontcare_label: false, no_instance: true };
const labels = (label_nc: number, more = {}) => ({ label_nc, ...plain, ...more });

describe("labels", () => {
  test("go by name, whatever their order and signs; new ones are the average, and what is left out is said", () => {
    const from = { config: labels(4), names: names("sky", "car", "Tree", "sea-water") };
    const to = { config: labels(4), names: names("sea water", "tree", "sand", "sky") };
    const match = matchLabels(from, to);
    expect(match).toMatchObject({ channels: [3, 2, "average", 0], of: 4, labels: 4, same: false });
    expect(match.lines).toEqual([
      "labels by name: 3 of 4 labels taken (sea water, tree, sky); new, as the average of the file's: sand; not used of the file: car",
    ]);
  });

  test("the same names in the same order are the same net", () => {
    const of = { config: labels(2), names: names("a", "b") };
    expect(matchLabels(of, { ...of, names: names("A", "B") })).toMatchObject({ same: true, lines: [] });
    expect(matchLabels(of, { ...of, names: names("b", "a") })).toMatchObject({ same: false, channels: [1, 0] });
  });

  test("COCO's endings: sky-other is sky where there is no sky, on both sides", () => {
    const coco = { config: labels(3), names: names("sky-other", "door-stuff", "tree") };
    const own = { config: labels(3), names: names("tree", "sky", "door") };
    expect(matchLabels(coco, own).channels).toEqual([2, 0, 1]);
    expect(matchLabels(own, coco).channels).toEqual([1, 2, 0]);
    const both = { config: labels(2), names: names("sky-other", "sky") };
    expect(matchLabels(both, own).channels).toEqual(["average", 1, "average"]);
  });

  test("without a list of names they go by id, which is said", () => {
    const match = matchLabels({ config: labels(2) }, { config: labels(3), names: names("a", "b", "c") });
    expect(match.channels).toEqual([0, 1, "average"]);
    expect(match.lines[0]).toMatch(/^labels by id, as the file has no list of names: 2 of 3 labels taken \(a, b\)/);
  });

  test("don't care and edges keep their meaning: 16 labels with both become 20, and back", () => {
    const [few, many] = [
      labels(2, { contain_dontcare_label: true, no_instance: false }),
      labels(3, { no_instance: false }),
    ];
    expect(matchLabels({ config: few }, { config: many }).channels).toEqual([0, 1, "average", 3]);
    expect(matchLabels({ config: many }, { config: few }).channels).toEqual([0, 1, "average", 3]);
    expect(matchLabels({ config: labels(2) }, { config: few }).channels).toEqual([0, 1, "average", "new"]);
  });
});

const config: Config = { ...defaultConfig, ...labels(3), ngf: 1, crop_size: 64 };
const init = { init_type: "xavier", init_variance: 0.02, seed: 1 } as const;
const stateOf = (net: Net, seed = 5): HostState => seededState(new Map(net.shapes as Map<string, number[]>), seed, 1);
const fitted = (net: Net, state: HostState, match: LabelMatch, from = config, to = config): Fit =>
  fit(net, initialSource(net, init), memorySource(state), match, gridsOf(from, to));
const same = matchLabels({ config }, { config });

/** Column `c` of [O, I, k, k]. */
function column(values: Float32Array, shape: readonly number[], c: number): number[] {
  const [outs, ins, kh, kw] = shape;
  return Array.from({ length: outs * kh * kw }, (_, i) => {
    const [o, t] = [Math.floor(i / (kh * kw)), i % (kh * kw)];
    return values[(o * ins + c) * kh * kw + t];
  });
}

describe("tensors", () => {
  test("of the same net are taken bit by bit", async () => {
    const net = netOf(config);
    const state = stateOf(net);
    const { source, taken, lines } = fitted(net, state, same);
    expect(taken).toEqual([...net.shapes.keys()]);
    expect(lines).toEqual([]);
    for (const [key, { data }] of state) expect(await source.read(key), key).toEqual(data);
  });

  test("that read labels: columns of G and of D's first convs go with the labels, D's picture stays", async () => {
    const now: Config = { ...config, ...labels(4, { contain_dontcare_label: true, no_instance: false }) };
    const match = matchLabels(
      { config, names: names("sky", "tree", "sea") },
      { config: now, names: names("sea", "sand", "sky", "tree") },
    );
    // sea, sand, sky, tree, don't care, edges
    const from = [2, "average", 0, 1, "average", "new"];
    expect(match.channels).toEqual(from);
    const D = { ...defaultTraining, ndf: 2, num_D: 2, n_layers_D: 2 };
    const nets: [Net, Net, string[], number][] = [
      [
        netOf(config),
        netOf(now),
        ["head_0.norm_0.mlp_shared.0.weight", "up_3.norm_s.mlp_shared.0.weight", "fc.weight"],
        0,
      ],
      [
        discriminatorNet({ ...D, ...config }),
        discriminatorNet({ ...D, ...now }),
        ["discriminator_0.model0.0.weight", "discriminator_1.model0.0.weight"],
        3,
      ],
    ];
    for (const [was, net, keys, picture] of nets) {
      const state = stateOf(was);
      const { source, taken, lines } = fitted(net, state, match);
      expect(lines).toEqual([]);
      expect(taken).toHaveLength(net.shapes.size);
      for (const key of keys) {
        const shape = net.shapes.get(key)!;
        const there = state.get(key)!;
        const values = await source.read(key);
        const fresh = await initialSource(net, init).read(key);
        const old = [0, 1, 2].map((c) => column(there.data, there.shape, c));
        const average = Float32Array.from(old[0], (_, i) => (old[0][i] + old[1][i] + old[2][i]) / 3);
        const wanted = [
          ...from.map((c, i) =>
            c === "average" ? [...average] : c === "new" ? column(fresh, shape, i) : old[c as number],
          ),
          ...Array.from({ length: picture }, (_, i) => column(there.data, there.shape, 3 + i)),
        ];
        expect(wanted).toHaveLength(shape[1]);
        wanted.forEach((values_, i) => expect(column(values, shape, i), `${key} ${i}`).toEqual(values_));
      }
      expect(await source.read(keys[0].replace("weight", "bias"))).toEqual(
        state.get(keys[0].replace("weight", "bias"))!.data,
      );
    }
  });

  test("of pix2pixHD's first conv: its u and v go with its columns", async () => {
    const was: Config = {
      ...config,
      netG: "pix2pixhd",
      norm_G: "spectralinstance",
      resnet_n_downsample: 1,
      resnet_n_blocks: 1,
    };
    const now: Config = { ...was, ...labels(4) };
    const net = netOf(now);
    const state = stateOf(netOf(was));
    const { source, lines } = fitted(net, state, matchLabels({ config: was }, { config: now }));
    expect(lines).toEqual([]);
    const own: HostState = new Map();
    for (const part of ["weight_orig", "weight_u", "weight_v"]) {
      const key = `model.1.0.${part}`;
      own.set(key, { shape: [...net.shapes.get(key)!], data: await source.read(key) });
    }
    const sigma = spectralSigma(own, "model.1.0");
    powerIterate(own, 200);
    expect(sigma / spectralSigma(own, "model.1.0")).toBeGreaterThan(0.95);
  });

  test("128x128 normal and 256x256 more are the same net; of 128x96 the style's grid is resampled", async () => {
    const vae = { ...config, use_vae: true, z_dim: 2, crop_size: 128 };
    const more = { ...vae, crop_size: 256, num_upsampling_layers: "more" as const };
    expect([...generatorShapes(more)]).toEqual([...generatorShapes(vae)]);

    const wide = { ...vae, aspect_ratio: 4 / 3 };
    const state = stateOf(netOf(wide));
    const [channels, z] = [16, 2];
    // Rows that grow by 1 downwards in every channel.
    state
      .get("fc.weight")!
      .data.set(Float32Array.from({ length: channels * 12 * z }, (_, i) => Math.floor(i / z / 4) % 3));
    const { source, lines } = fitted(netOf(vae), state, same, wide, vae);
    expect(lines).toEqual([
      "fc.weight: its grid of 4x3 becomes one of 4x4",
      "fc.bias: its grid of 4x3 becomes one of 4x4",
    ]);
    const rows = await source.read("fc.weight");
    for (let c = 0; c < channels; c++)
      [0, 0.625, 1.375, 2].forEach((v, y) => {
        for (let x = 0; x < 4; x++) expect(rows[((c * 4 + y) * 4 + x) * z]).toBeCloseTo(v, 6);
      });
  });

  test("that do not fit begin anew, one line each", async () => {
    const more: Config = {
      ...config,
      num_upsampling_layers: "most",
      norm_G: "spectralspadeinstance3x3",
      crop_size: 128,
    };
    const net = netOf({ ...more, ngf: 2 });
    const state = stateOf(netOf({ ...config, ngf: 2 }));
    state.set("fc.bias", { shape: [3], data: new Float32Array(3) });
    const { source, taken, lines } = fitted(net, state, same);
    expect(taken).toContain("up_3.conv_0.weight_orig");
    expect(taken).not.toContain("up_4.conv_0.weight_orig");
    expect(lines).toContain("fc.bias [32] begins anew: it is [3] in the file");
    expect(lines).toContain("conv_img.weight [3,1,3,3] begins anew: it is [3,2,3,3] in the file");
    expect(lines).toContain("up_4.conv_0.weight_orig [1,2,3,3] begins anew: the file has none");
    expect(await source.read("conv_img.weight")).toEqual(await initialSource(net, init).read("conv_img.weight"));
  });

  test("spectral norm in its other form: W / sigma alone gets u and v, and a net without it gets W / sigma", async () => {
    const net = netOf(config);
    const state = stateOf(net);
    powerIterate(state, 100);
    const sigma = spectralSigma(state, "head_0.conv_0");
    const plainNet = netOf({ ...config, norm_G: "spadesyncbatch3x3" });
    const divided = state.get("head_0.conv_0.weight_orig")!.data.map((w) => w / sigma);

    const without = fitted(plainNet, state, same);
    expect(without.lines).toEqual([]);
    expect(await without.source.read("head_0.conv_0.weight")).toEqual(divided);

    const old: HostState = new Map(state);
    for (const part of ["orig", "u", "v"]) old.delete(`head_0.conv_0.weight_${part}`);
    old.set("head_0.conv_0.weight", { shape: [16, 16, 3, 3], data: divided });
    const again = fitted(net, old, same);
    expect(again.lines).toEqual([]);
    const made: HostState = new Map();
    for (const part of ["orig", "u", "v"]) {
      const key = `head_0.conv_0.weight_${part}`;
      made.set(key, { shape: [...net.shapes.get(key)!], data: await again.source.read(key) });
    }
    expect(made.get("head_0.conv_0.weight_orig")!.data).toEqual(divided);
    expect(spectralSigma(made, "head_0.conv_0")).toBeGreaterThan(0.95);
    expect(
      relativeError(await again.source.read("head_0.conv_1.weight_u"), state.get("head_0.conv_1.weight_u")!.data),
    ).toBe(0);
  });
});

test("CLADE's class tables go by label name: rows taken, averaged for a new label; don't care and edges keep theirs", async () => {
  const of: Config = { ...config, netG: "clade", no_instance: false, contain_dontcare_label: true };
  const [was, now] = [of, { ...of, label_nc: 4 }];
  const match = matchLabels(
    { config: was, names: names("sky", "tree", "road") },
    { config: now, names: names("road", "sand", "sky", "tree") },
  );
  const state = stateOf(netOf(was));
  const { source, lines } = fitted(netOf(now), state, match, was, now);
  const key = "up_0.norm_s.class_specified_affine.weight";
  const [table, made] = [state.get(key)!.data, (await source.read(key)) as Float32Array];
  const row = (values: Float32Array, i: number): number[] => [...values.subarray(16 * i, 16 * (i + 1))];
  expect([0, 2, 3, 4].map((i) => row(made, i))).toEqual([2, 0, 1, 3].map((i) => row(table, i)));
  expect(row(made, 1)).toEqual(row(table, 0).map((v, i) => Math.fround((v + row(table, 1)[i] + row(table, 2)[i]) / 3)));
  expect(lines).toEqual([]);
});
