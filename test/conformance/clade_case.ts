// A generator case of CLADE: the picture and the blocks in training mode with all gradients, the running statistics after it where the case
// has them, and the painter's picture in eval mode from the starting state.

import { gradients } from "../../kernels/gradients.ts";
import { mapPositions } from "../../src/models/clade/layers.ts";
import { cladeTrainingValues, recordCladePass } from "../../src/models/clade/training.ts";
import { netOf } from "../../src/models/kinds.ts";
import { levelKey } from "../../src/models/nets/table_room.ts";
import { torchNearest } from "../../src/labels/levels.ts";
import type { LevelWindows } from "../../src/labels/windows.ts";
import { isTrained } from "../../src/models/weights/packing.ts";
import { CladePainter } from "../../src/painting/whole/clade_painter.ts";
import { windowsOf } from "../../src/painting/windows.ts";
import { Graph, Program, type Device } from "../../src/runtime/index.ts";
import { compareActivation, compareGradient, compareState, notRun, type Verdict } from "./compare.ts";
import { maps } from "./generator_case.ts";
import { nchw, nhwc, type Golden } from "./golden.ts";
import { netParameters } from "./net_cases.ts";

export async function cladeCase(golden: Golden, device: Device): Promise<Verdict[]> {
  const c = golden.config!;
  const labels = await maps(golden, "in.label");
  const windows = windowsOf(c, labels, golden.has("in.inst") ? await maps(golden, "in.inst") : labels);
  const verdicts = await trainingMode(golden, device, windows);

  const { images, h, w } = windows[windows.length - 1];
  const p = await netParameters(golden, device, netOf(c), "G");
  const painter = await CladePainter.create(device, c, p, { images });
  try {
    await painter.setMap(windows);
    const picture = nchw(await painter.paint(), [images, h, w, 3]);
    const verdict = await compareActivation(golden, "out.eval", picture, [images, 3, h, w]);
    return [...verdicts, verdict ?? notRun("out.eval", "the case has none")];
  } finally {
    painter.dispose();
  }
}

async function trainingMode(golden: Golden, device: Device, windows: readonly LevelWindows[]): Promise<Verdict[]> {
  const c = golden.config!;
  const net = netOf(c);
  const p = await netParameters(golden, device, net, "G");
  const full = windows[windows.length - 1];
  const { images, h, w } = full;
  const g = new Graph(device.target);
  const pass = recordCladePass(g, c, p, images, { gradients: true });
  const { image } = pass;
  const gone = new Set(golden.vanishing.G);
  const keys = p.keys().filter((key) => isTrained(key) && !gone.has(key));
  const wrt = keys.map((key) => p.tensor(g, key));
  const levels = c.add_dist ? windows.map((lw) => g.inputs.get(`positions ${levelKey(lw.h, lw.w)}`)!) : [];
  const cotangent = g.input("cotangent", image.shape);
  for (const [t, grad] of gradients(g, new Map([[image, cotangent]]), [...wrt, ...levels]))
    g.output(`grad.${t.name}`, grad);
  g.output("image", image);
  for (const [name, y] of pass.blocks) g.output(name, y);
  const program = await Program.compile(g, device, { name: "CLADE" });
  try {
    const verdicts: Verdict[] = [];
    const add = (name: string, verdict: Verdict | undefined): number =>
      verdicts.push(verdict ?? notRun(name, "the case has none"));
    const published = await golden.f32("in.cotangent");
    const positions = golden.has("in.dist") ? nhwc(await golden.f32("in.dist"), golden.shape("in.dist")) : undefined;
    if (positions) add("in.dist", await compareActivation(golden, "in.dist", ...ownPositions(full)));
    const inputs = {
      ...cladeTrainingValues(c, windows, { gradients: true, positions }),
      cotangent: nhwc(published, golden.shape("in.cotangent")),
    };
    await program.run({ inputs });
    add(
      "out.train",
      await compareActivation(golden, "out.train", nchw(await program.read("image"), image.shape), [images, 3, h, w]),
    );
    for (const [name, { shape }] of pass.blocks) {
      const [n, hh, ww, ch] = shape;
      const values = nchw(await program.read(name), shape);
      add(`act.${name}`, await compareActivation(golden, `act.${name}`, values, [n, ch, hh, ww]));
    }
    for (const key of keys) {
      const name = `grad.${key}`;
      add(name, await compareGradient(golden, name, p.published(key, await program.read(name)), net.shapes.get(key)!));
    }
    if (positions) {
      const grads = await Promise.all(levels.map(({ name }) => program.read(`grad.${name}`)));
      add("grad.dist", await compareGradient(golden, "grad.dist", spread(grads, windows), [images, 2, h, w]));
    }
    for (const key of net.shapes.keys())
      if (golden.has(`after.${key}`))
        add(`after.${key}`, await compareState(golden, `after.${key}`, await p.read(key)));
    return verdicts;
  } finally {
    program.dispose();
    p.dispose();
  }
}

/** The positions that the engine itself computes of the map. */
function ownPositions(full: LevelWindows): [values: Float32Array, shape: number[]] {
  const { images, h, w } = full;
  return [nchw(mapPositions(full), [images, h, w, 2]), [images, 2, h, w]];
}

/** Gradients of the positions at every resolution, summed at the full size: each was read where torch's nearest reads. NCHW. */
function spread(grads: readonly Float32Array[], windows: readonly LevelWindows[]): Float32Array {
  const { images, h: H, w: W } = windows[windows.length - 1];
  const out = new Float32Array(images * 2 * H * W);
  windows.forEach(({ h, w }, i) => {
    for (let at = 0; at < images * h * w; at++) {
      const y = torchNearest(Math.floor(at / w) % h, H, h);
      const x = torchNearest(at % w, W, w);
      for (const axis of [0, 1])
        out[((Math.floor(at / (w * h)) * 2 + axis) * H + y) * W + x] += grads[i][2 * at + axis];
    }
  });
  return out;
}
