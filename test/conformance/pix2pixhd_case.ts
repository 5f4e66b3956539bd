// A generator case of pix2pixHD: the picture in training mode with the gradients of all parameters, and the runner's picture, in eval mode
// from the starting state.

import { gradients } from "../../kernels/gradients.ts";
import type { LevelWindows } from "../../src/labels/windows.ts";
import { isTrained } from "../../src/models/weights/packing.ts";
import { pix2pixhdNet, recordPix2PixHD } from "../../src/models/nets/pix2pixhd.ts";
import { Pix2pixhdPainter } from "../../src/painting/pix2pixhd_painter.ts";
import { windowsOf } from "../../src/painting/windows.ts";
import { Graph, Program, type Device } from "../../src/runtime/index.ts";
import { compareActivation, compareGradient, notRun, type Verdict } from "./compare.ts";
import { maps } from "./generator_case.ts";
import { nchw, nhwc, type Golden } from "./golden.ts";
import { netParameters } from "./net_cases.ts";

export async function pix2pixhdCase(golden: Golden, device: Device): Promise<Verdict[]> {
  const c = golden.config!;
  const windows = windowsOf(c, await maps(golden, "in.label"), await maps(golden, "in.inst"));
  const verdicts = await trainingMode(golden, device, windows);

  const { images, h, w } = windows[0];
  const p = await netParameters(golden, device, pix2pixhdNet(c), "G");
  const runner = await Pix2pixhdPainter.create(device, c, p, { images });
  await runner.setMap(windows);
  const picture = nchw(await runner.paint(), [images, h, w, 3]);
  runner.dispose();
  const verdict = await compareActivation(golden, "out.eval", picture, [images, 3, h, w]);
  return [...verdicts, verdict ?? notRun("out.eval", "the case has none")];
}

async function trainingMode(
  golden: Golden,
  device: Device,
  [{ codes, images, h, w }]: readonly LevelWindows[],
): Promise<Verdict[]> {
  const c = golden.config!;
  const net = pix2pixhdNet(c);
  const p = await netParameters(golden, device, net, "G");
  const g = new Graph(device.target);
  const image = recordPix2PixHD(g, c, p, g.input("codes", [images, h, w], "i32"), true);
  const gone = new Set(golden.vanishing.G);
  const keys = p.keys().filter((key) => isTrained(key) && !gone.has(key));
  const wrt = keys.map((key) => p.tensor(g, key));
  const cotangent = g.input("cotangent", image.shape);
  for (const [t, grad] of gradients(g, new Map([[image, cotangent]]), wrt)) g.output(`grad.${t.name}`, grad);
  g.output("image", image);
  const program = await Program.compile(g, device, { name: "pix2pixHD" });
  try {
    const published = await golden.f32("in.cotangent");
    await program.run({ inputs: { codes, cotangent: nhwc(published, golden.shape("in.cotangent")) } });
    const picture = nchw(await program.read("image"), image.shape);
    const verdicts: Verdict[] = [];
    const add = (name: string, verdict: Verdict | undefined): number =>
      verdicts.push(verdict ?? notRun(name, "the case has none"));
    add("out.train", await compareActivation(golden, "out.train", picture, [images, 3, h, w]));
    for (const key of keys) {
      const name = `grad.${key}`;
      const grad = p.published(key, await program.read(name));
      add(name, await compareGradient(golden, name, grad, net.shapes.get(key)!));
    }
    return verdicts;
  } finally {
    program.dispose();
    p.dispose();
  }
}
