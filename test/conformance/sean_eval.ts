// Pictures of SEAN's painter in eval mode, with the case's planes of noise and its styles or its photo.

import { loadGenerator } from "../../src/painting/open_net.ts";
import type { LevelWindows } from "../../src/labels/windows.ts";
import type { Painter } from "../../src/painting/painter.ts";
import { SeanPainter } from "../../src/painting/sean/sean_painter.ts";
import { seanShapes } from "../../src/models/sean/net.ts";
import { seededState } from "../../src/models/weights/seeded.ts";
import { memorySource } from "../../src/models/weights/source.ts";
import type { Device, HostArray } from "../../src/runtime/index.ts";
import { compareActivation, type Verdict } from "./compare.ts";
import { nchw, nhwc, storedState, type Golden } from "./golden.ts";

export async function evalVerdicts(golden: Golden, device: Device, windows: LevelWindows[]): Promise<Verdict[]> {
  const c = golden.config!;
  const [images] = golden.shape("in.label");
  const state = seededState(seanShapes(c), golden.seeds.G.seed, golden.seeds.G.gain);
  for (const [key, t] of await storedState(golden, "G")) if (!key.endsWith("num_batches_tracked")) state.set(key, t);
  const parameters = await loadGenerator(device, c, memorySource(state), "f32");
  const painter: Painter = await SeanPainter.create(device, c, parameters, { images, planes: "given" });
  try {
    await painter.setMap(windows);
    const planes: Record<string, HostArray> = {};
    for (const name of golden.names)
      if (name.startsWith("in.noise.")) planes[`noise ${name.slice("in.noise.".length)}`] = await golden.f32(name);
    painter.stages[painter.stages.length - 1].set(planes);
    const codes = golden.has("in.styles")
      ? await golden.f32("in.styles")
      : await painter.encode!(nhwc(await golden.f32("in.image"), golden.shape("in.image")), windows);
    const { h, w } = painter.size;
    const image = nchw(await painter.paint(codes), [images, h, w, 3]);
    const verdict = await compareActivation(golden, "out.eval", image, [images, 3, h, w]);
    return verdict ? [verdict] : [];
  } finally {
    painter.dispose();
  }
}
