// What a G step of the published COCO net takes, by its plan: nothing is allocated, no adapter is asked.

import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { allMaps, COCO, demoMap, demoMaps, type BenchMap } from "../../bench/lib/maps.ts";
import { discriminatorNet } from "../../src/models/nets/discriminator.ts";
import { normsAt } from "../../src/models/nets/generator.ts";
import { aceOf, isStyledLevel, seanNet } from "../../src/models/sean/net.ts";
import { styleRoom } from "../../src/models/sean/style_windows.ts";
import { roomFor } from "../../src/painting/choose_room.ts";
import { generatorNet } from "../../src/models/weights/packing.ts";
import { ParameterStore } from "../../src/models/weights/parameters.ts";
import { Frozen, type Perceptual } from "../../src/models/nets/perceptual.ts";
import { squeezenet } from "../../src/models/nets/squeezenet.ts";
import { vgg19 } from "../../src/models/nets/vgg19.ts";
import { windowsOf } from "../../src/painting/windows.ts";
import { BASE_LIMITS, Graph, paperTarget, planMemory } from "../../src/runtime/index.ts";
import { describeTrainingMemory, trainingMemory, type TrainingMemory } from "../../src/training/step/memory.ts";
import { Moments } from "../../src/training/step/moments.ts";
import { defaultTraining, type TrainConfig } from "../../src/training/options.ts";
import { recordGeneratorStep } from "../../src/training/step/step.ts";

const coco: TrainConfig = { ...defaultTraining, label_nc: 182, contain_dontcare_label: true, ngf: 64, crop_size: 256 };
/** What autograd saves of G a picture at ADE20K's 256x256, f32: every input that its backward pass reads, 1103 MB. COCO's is no less. */
const AUTOGRAD = 1.1e9;

const limits = { ...BASE_LIMITS, maxStorageBuffersPerShaderStage: 10 };
const targets = {
  "a software adapter": paperTarget({ features: new Set(["subgroups"]), subgroupSize: 8, limits }),
  "a GPU": paperTarget({ software: false, limits: { ...limits, maxBufferSize: 2 ** 30 } }),
};
const headline = demoMap();

describe.each(Object.entries(targets))("COCO at 256x256, ngf 64, one picture, planned for %s", (_, target) => {
  const nets = {
    G: ParameterStore.onPaper(generatorNet(coco), "f32"),
    D: ParameterStore.onPaper(discriminatorNet(coco), "f32"),
  };

  function plan(map: Required<BenchMap>, net: Perceptual): TrainingMemory {
    const size = { h: 256, w: 256 };
    const perceptual = new Frozen(net, ParameterStore.onPaper(net.net, "f32"), target, size);
    const moments = [new Moments(undefined, nets.G, "G")];
    const plans = windowsOf(coco, [map.label], [map.instance]).map((lw) => roomFor(lw));
    const graph = new Graph(target);
    const step = recordGeneratorStep(graph, coco, { ...nets, perceptual }, plans, 1, moments);
    for (const [loss, t] of step.losses) graph.output(loss, t);
    graph.output("fake", step.fake);
    return trainingMemory(graph, step, moments, planMemory(graph));
  }

  test.each([squeezenet, vgg19])("$name: recompute, not store", (net) => {
    const m = plan(headline, net);
    console.info(describeTrainingMemory(`${headline.name}, ${net.name}`, m));
    // 4 bytes of 96.5 M parameters, of their gradients, and of two moments each.
    expect(m.gradients).toBeGreaterThan(4 * 96e6);
    expect(m.adam).toBe(2 * m.gradients);
    // Block inputs and conv_0's outputs come to 63 MB: a test that counted less would have missed some.
    expect(m.saved.get("G")).toBeGreaterThan(63e6);
    expect(m.saved.get("G")).toBeLessThan(AUTOGRAD / 14);
    expect(m.tables).toBeGreaterThan(100e6);
    expect(m.styleTables).toBe(0);
    expect(m.working).toBeLessThan(AUTOGRAD / 3);
  });

  function mostWindows(maps: readonly Required<BenchMap>[]): void {
    const windows = maps.map((m) => [m, windowsOf(coco, [m.label], [m.instance]).at(-1)!.outerCount] as const);
    const [most] = windows.reduce((a, b) => (b[1] > a[1] ? b : a));
    const m = plan(most, squeezenet);
    console.info(describeTrainingMemory(`${most.name}, most windows`, m));
    expect(m.saved.get("G")).toBeLessThan(AUTOGRAD / 14);
    expect(m.working).toBeLessThan(AUTOGRAD / 3);
  }

  test("the demo's map with most windows keeps to a third of autograd's memory too", () =>
    mostWindows(demoMaps().map((name) => demoMap(name))));
  test.skipIf(!existsSync(COCO))("and so does that of COCO-Stuff's 21 (needs ../shared)", () => mostWindows(allMaps()));
});

test("SEAN's report names its tables of styles, and the rows that blend them with the labels'", () => {
  const sean: TrainConfig = {
    ...defaultTraining,
    netG: "sean",
    label_nc: 19,
    contain_dontcare_label: false,
    no_instance: true,
  };
  const c: TrainConfig = { ...sean, ngf: 64, crop_size: 256, n_layers_D: 3, style_length: 512, enc_ngf: 32 };
  const target = targets["a software adapter"];
  const net = seanNet(c);
  const nets = {
    G: ParameterStore.onPaper(net, "f32"),
    D: ParameterStore.onPaper(discriminatorNet(c), "f32"),
  };
  const map = { ...headline.label, data: Uint8Array.from(headline.label.data, (id) => id % 19) };
  const plans = windowsOf(c, [map], null).map((lw) => roomFor(lw));
  const graph = new Graph(target);
  const moments = [new Moments(undefined, nets.G, "G")];
  const step = recordGeneratorStep(graph, c, nets, plans, 1, moments);
  const m = trainingMemory(graph, step, moments, planMemory(graph));
  const text = describeTrainingMemory("SEAN", m);
  console.info(text);
  expect(text).toMatch(/\n {2}label tables: \d+ MB, style tables: \d+ MB$/);
  /** gamma and beta, f32, of each distinct window of styles and of each pair that blends one with a window of labels. */
  let expected = 0;
  for (const room of plans.filter((level) => isStyledLevel(c, level))) {
    const { styles, pairs } = styleRoom(c, room, 1);
    for (const norm of normsAt(c, room))
      expected += 2 * 4 * net.shapes.get(`${aceOf(norm)}.conv_gamma.weight`)![0] * (styles.capacity + pairs.capacity);
  }
  expect(m.styleTables).toBe(expected);
});
