// A generator case: out.train, out.eval, act.* and grad.* of one net on one batch of label maps, from seeded weights.

import { loadGenerator } from "../../src/painting/open_net.ts";
import { gradients } from "../../kernels/gradients.ts";
import type { LabelMap } from "../../src/labels/label_map.ts";
import { blocks, generatorShapes, type Config } from "../../src/models/config.ts";
import { roomFor } from "../../src/painting/choose_room.ts";
import { isTrained } from "../../src/models/weights/packing.ts";
import { ParameterStore } from "../../src/models/weights/parameters.ts";
import { SpadePainter } from "../../src/painting/spade_painter.ts";
import { seeded, seededGenerator, type HostState } from "../../src/models/weights/seeded.ts";
import { memorySource } from "../../src/models/weights/source.ts";
import { recordTrainingPass, trainingInputs } from "../../src/models/nets/training_pass.ts";
import type { LevelWindows } from "../../src/labels/windows.ts";
import { windowsOf } from "../../src/painting/windows.ts";
import { Graph, Program, type Device } from "../../src/runtime/index.ts";
import { compareActivation, compareGradient, illPosed, maxError, type Verdict } from "./compare.ts";
import { nchw, nhwc, storedState, type Golden } from "./golden.ts";

/** [N,1,H,W] integers as label maps. */
export async function maps(golden: Golden, name: string): Promise<LabelMap[]> {
  const [n, , height, width] = golden.shape(name);
  const data = await golden.i32(name);
  return Array.from({ length: n }, (_, i) => ({
    data: data.slice(i * height * width, (i + 1) * height * width),
    width,
    height,
  }));
}

export async function generatorCase(golden: Golden, device: Device): Promise<Verdict[]> {
  const c = golden.config!;
  const verdicts: Verdict[] = [];
  const state = seededGenerator(c, golden.seeds.G.seed, golden.seeds.G.gain);
  for (const [key, t] of await storedState(golden, "G")) if (!key.endsWith("num_batches_tracked")) state.set(key, t);
  const labels = await maps(golden, "in.label");
  const instances = golden.has("in.inst") ? await maps(golden, "in.inst") : labels;
  const z = golden.has("in.z") ? await golden.f32("in.z") : undefined;
  const windows = windowsOf(c, labels, instances);
  const load = (): Promise<ParameterStore> => loadGenerator(device, c, memorySource(state), "f32");

  const trained = golden.has("out.train");
  if (trained) verdicts.push(...(await trainingMode(golden, device, c, await load(), windows, labels.length, z)));
  const runner = await SpadePainter.create(device, c, await load(), { images: labels.length, taps: !trained });
  try {
    await runner.setMap(windows);
    const image = await runner.paint(z);
    const { h, w } = runner.size;
    const verdict = await compareActivation(golden, "out.eval", nchw(image, [labels.length, h, w, 3]), [
      labels.length,
      3,
      h,
      w,
    ]);
    if (verdict)
      verdicts.push(
        verdict.verdict === "FAIL"
          ? illPosed(verdict, await movement(device, c, state, windows, labels.length, z, image))
          : verdict,
      );
    if (!trained) {
      for (const b of blocks(c)) {
        const y = await runner.readBlock(b.name);
        const v = await compareActivation(golden, `act.${b.name}`, nchw(y, [labels.length, b.h, b.w, b.fout]), [
          labels.length,
          b.fout,
          b.h,
          b.w,
        ]);
        if (v) verdicts.push(v);
      }
    }
  } finally {
    runner.dispose();
  }
  return verdicts;
}

/** How far the eval image moves, over its largest value, when every stored number is moved by one unit in the last place, up or down. */
async function movement(
  device: Device,
  c: Config,
  state: HostState,
  windows: LevelWindows[],
  images: number,
  z: Float32Array | undefined,
  image: Float32Array,
): Promise<number> {
  let most = 0;
  for (const salt of [1, 2, 3, 4]) {
    const moved: HostState = new Map();
    for (const [key, t] of state) {
      const signs = seeded(`${salt}:${key}`, t.shape, 1);
      moved.set(key, { shape: t.shape, data: t.data.map((v, i) => v * (1 + Math.sign(signs[i]) * 2 ** -23)) });
    }
    const runner = await SpadePainter.create(device, c, await loadGenerator(device, c, memorySource(moved), "f32"), {
      images,
    });
    await runner.setMap(windows);
    most = Math.max(most, maxError(await runner.paint(z), image));
    runner.dispose();
  }
  return most;
}

async function trainingMode(
  golden: Golden,
  device: Device,
  c: Config,
  p: ParameterStore,
  windows: LevelWindows[],
  images: number,
  z?: Float32Array,
): Promise<Verdict[]> {
  const plans = windows.map((lw) => roomFor(lw));
  const g = new Graph(device.target);
  const style = z && g.input("z", [images, c.z_dim]);
  const differentiated = golden.has("in.cotangent");
  const pass = recordTrainingPass(g, c, p, plans, images, { z: style, gradients: differentiated });
  const gone = new Set(golden.vanishing.G);
  const keys = p.keys().filter((key) => isTrained(key) && !gone.has(key));
  if (differentiated) {
    const wrt = new Map(keys.map((key) => [key, p.tensor(g, key)]));
    if (style) wrt.set("z", style);
    const made = gradients(g, new Map([[pass.image, g.input("cotangent", pass.image.shape)]]), wrt.values());
    for (const [key, t] of wrt) g.output(`grad.${key}`, made.get(t)!);
  }
  g.output("image", pass.image);
  for (const [name, y] of pass.blocks) g.output(name, y);
  const program = await Program.compile(g, device, { name: "training pass" });
  try {
    const { inputs, counts } = trainingInputs(c, plans, windows, { gradients: differentiated });
    if (z) inputs.z = z;
    if (differentiated) inputs.cotangent = nhwc(await golden.f32("in.cotangent"), golden.shape("in.cotangent"));
    await program.run({ inputs, counts });
    const out: (Verdict | undefined)[] = [];
    const read = async (tensor: string, name: string, shape: readonly number[]): Promise<void> => {
      const [n, hh, ww, ch] = shape;
      out.push(await compareActivation(golden, name, nchw(await program.read(tensor), shape), [n, ch, hh, ww]));
    };
    await read("image", "out.train", pass.image.shape);
    for (const [name, y] of pass.blocks) await read(name, `act.${name}`, y.shape);
    if (differentiated) {
      const shapes = generatorShapes(c);
      for (const key of keys)
        out.push(
          await compareGradient(
            golden,
            `grad.${key}`,
            p.published(key, await program.read(`grad.${key}`)),
            shapes.get(key)!,
          ),
        );
      if (z) out.push(await compareGradient(golden, "grad.z", await program.read("grad.z"), [images, c.z_dim]));
    }
    return out.filter((v) => v !== undefined);
  } finally {
    program.dispose();
    p.dispose();
  }
}
