// A SPADE residual block, forward and all its gradients, on our engine, for bench:train to time against TF.js. The label path is the
// generator's (tables of distinct windows), convs have no spectral norm, norms use the batch's statistics.

import { conv2d, modulate, statistics } from "../../kernels/index.ts";
import { deriveWeights } from "../../kernels/conv/conv2d.ts";
import { gradients } from "../../kernels/gradients.ts";
import { LevelsScratch, buildLevels } from "../../src/labels/levels.ts";
import type { LabelMap } from "../../src/labels/label_map.ts";
import type { LevelWindows } from "../../src/labels/windows.ts";
import { blocks, defaultConfig, generatorShapes, type Config } from "../../src/models/config.ts";
import { recordNormTables } from "../../src/models/nets/generator.ts";
import { type TableRoom } from "../../src/models/nets/table_room.ts";
import { idsInput, levelInputs } from "../../src/models/nets/level_inputs.ts";
import { roomFor } from "../../src/painting/choose_room.ts";
import { generatorNet, isTrained, packingOf, type Net } from "../../src/models/weights/packing.ts";
import { ParameterStore } from "../../src/models/weights/parameters.ts";
import { seeded, seededState } from "../../src/models/weights/seeded.ts";
import { memorySource } from "../../src/models/weights/source.ts";
import { levelListInputs } from "../../src/models/nets/level_lists.ts";
import { trainingInputs } from "../../src/models/nets/training_pass.ts";
import { Graph, Program, type Device, type Tensor } from "../../src/runtime/index.ts";
import type { PeerTensor } from "../peers/process.ts";

/** A generator whose first middle block has 64 channels at 64x64. */
const CONFIG: Config = {
  ...defaultConfig,
  label_nc: 14,
  contain_dontcare_label: false,
  no_instance: true,
  norm_G: "spadebatch3x3",
  use_vae: true,
  ngf: 4,
  crop_size: 1024,
};
const { name: BLOCK, h, w, fin: CHANNELS } = blocks(CONFIG).find((b) => b.name === "G_middle_0")!;
const LEAK = 0.2;

export const BLOCK_SIZE = h;
export const BLOCK_LABELS = CONFIG.label_nc;

export interface Block {
  /** A peer's tensors: x, dy [N,H,W,C], ids [N,H,W], weights (OIHW) and biases under their published keys within the block. */
  readonly tensors: Record<string, PeerTensor>;
  readonly program: Program;
  /** Builds dictionary and lists on the host, runs forward and backward; ms until the device is done. */
  run(): Promise<number>;
  /** y, and the gradients of x and of every parameter, in the published layouts, keyed like `tensors`. */
  read(): Promise<Record<string, Float32Array>>;
  dispose(): void;
}

function record(g: Graph, p: ParameterStore, plan: TableRoom, images: number): { y: Tensor; wrt: Map<string, Tensor> } {
  const inputs = { ...levelInputs(g, CONFIG, plan, images), lists: levelListInputs(g, CONFIG, plan, images) };
  const ids = idsInput(g, plan, images);
  const norm = (part: string, x: Tensor): Tensor => {
    const tables = recordNormTables(g, CONFIG, p, `${BLOCK}.${part}`, plan, inputs);
    const { mean, rstd } = statistics(g, { x, per: "batch" });
    return modulate(g, { x, mean, rstd, ...tables, ids, slope: LEAK, lists: inputs.lists.pixels, count: plan.outer });
  };
  const conv = (part: string, x: Tensor, residual?: Tensor): Tensor => {
    const [weight, bias] = ["weight", "bias"].map((kind) => p.tensor(g, `${BLOCK}.${part}.${kind}`));
    const copies = deriveWeights(g, weight, { k: 3, h, w });
    return conv2d(g, { x, w: weight, bias, kh: 3, kw: 3, pad: 1, residual, ...copies });
  };
  const x = g.input("x", [images, h, w, CHANNELS]);
  const y = conv("conv_1", norm("norm_1", conv("conv_0", norm("norm_0", x))), x);
  return { y, wrt: new Map([["x", x], ...p.keys().map((k): [string, Tensor] => [k, p.tensor(g, k)])]) };
}

export async function openBlock(device: Device, maps: readonly LabelMap[]): Promise<Block> {
  const images = maps.length;
  const all = generatorShapes(CONFIG);
  const net: Net = generatorNet(
    CONFIG,
    new Map([...all].filter(([key]) => key.startsWith(`${BLOCK}.`) && isTrained(key))),
  );
  const state = seededState(net.shapes, 1, 1);
  const p = await ParameterStore.loadNet(device, net, memorySource(state), "f32");
  const scratch = new LevelsScratch();
  const windows = (): LevelWindows =>
    buildLevels(maps, null, { labelCount: BLOCK_LABELS, dontCare: null, edges: false }, [{ h, w, k: 3 }], scratch)[0];
  const plan = roomFor(windows());

  const g = new Graph(device.target);
  const { y, wrt } = record(g, p, plan, images);
  const grads = gradients(g, new Map([[y, g.input("dy", y.shape)]]), wrt.values());
  g.output("y", y);
  for (const [name, t] of wrt) g.output(`d ${name}`, grads.get(t)!);
  const program = await Program.compile(g, device, { name: "SPADE block" });
  const picture = (name: string): PeerTensor => ({ shape: y.shape.slice(), data: seeded(name, y.shape, 1) });
  const [x, dy] = [picture("block.x"), picture("block.dy")];
  program.setInput("x", x.data);
  program.setInput("dy", dy.data);

  const short = (key: string): string => key.slice(BLOCK.length + 1);
  const ids = Float32Array.from(maps.flatMap((m) => [...m.data]));
  return {
    tensors: {
      x,
      dy,
      ids: { shape: [images, h, w], data: ids },
      ...Object.fromEntries([...state].map(([key, t]) => [short(key), t])),
    },
    program,
    async run() {
      const start = performance.now();
      await program.run(trainingInputs(CONFIG, [plan], [windows()], { gradients: true }));
      await device.wait(device.gpu.queue.onSubmittedWorkDone());
      return performance.now() - start;
    },
    async read() {
      const out: Record<string, Float32Array> = { y: await program.read("y"), x: await program.read("d x") };
      for (const key of p.keys()) out[short(key)] = packingOf(net, key).unpack(await program.read(`d ${key}`));
      return out;
    },
    dispose() {
      program.dispose();
      p.dispose();
    },
  };
}
