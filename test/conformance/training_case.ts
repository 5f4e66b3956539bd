// A case of training steps: losses and pictures of every step, and the states after those that the case keeps.

import { isTrained, type Net } from "../../src/models/packing.ts";
import { generatorNet } from "../../src/models/packing.ts";
import { outputSize } from "../../src/models/config.ts";
import { discriminatorNet } from "../../src/models/discriminator.ts";
import { encoderNet } from "../../src/models/encoder.ts";
import { Parameters } from "../../src/models/parameters.ts";
import { seededState, seededVgg } from "../../src/models/seeded.ts";
import { memorySource } from "../../src/models/source.ts";
import { vgg19 } from "../../src/models/vgg19.ts";
import type { Device } from "../../src/runtime/index.ts";
import { defaultTraining, type TrainConfig } from "../../src/training/options.ts";
import { Stepper } from "../../src/training/stepper.ts";
import { compareActivation, compareDelta, compareLoss, compareTrained, type Verdict } from "./compare.ts";
import { maps } from "./generator_case.ts";
import { nchw, nhwc, storedState, type Golden } from "./golden.ts";

export async function trainingCase(golden: Golden, device: Device): Promise<Verdict[]> {
  const c: TrainConfig = { ...defaultTraining, ...golden.config! };
  const images = golden.shape("in.label.0")[0];
  const { h, w } = outputSize(c);
  const described: [string, Net][] = [
    ["G", generatorNet(c)],
    ["D", discriminatorNet(c)],
    ...(c.use_vae ? [["E", encoderNet(c)] as [string, Net]] : []),
  ];
  const start = new Map<string, Map<string, { shape: number[]; data: Float32Array }>>();
  const nets: Record<string, Parameters> = {};
  for (const [role, net] of described) {
    const state = seededState(net.shapes as Map<string, number[]>, golden.seeds[role].seed, golden.seeds[role].gain);
    for (const [key, t] of await storedState(golden, role)) if (!key.endsWith("num_batches_tracked")) state.set(key, t);
    start.set(role, state);
    nets[role] = await Parameters.loadNet(device, net, memorySource(state), "f32");
  }
  const frozen = golden.seeds.VGG && (await Parameters.loadNet(device, vgg19.net, memorySource(seededVgg(golden.seeds.VGG.seed, golden.seeds.VGG.gain)), "f32"));
  const stepper = new Stepper(device, c, { G: nets.G, D: nets.D, E: nets.E, perceptual: frozen && { net: vgg19, parameters: frozen } }, images);
  const verdicts: (Verdict | undefined)[] = [];
  try {
    for (let i = 0; golden.has(`in.label.${i}`); i++) {
      const losses = await stepper.step({
        labels: await maps(golden, `in.label.${i}`),
        image: nhwc(await golden.f32(`in.image.${i}`), [images, 3, h, w]),
        epsG: c.use_vae ? await golden.f32(`in.eps_g.${i}`) : undefined,
        epsD: c.use_vae ? await golden.f32(`in.eps_d.${i}`) : undefined,
      });
      for (const [name, value] of Object.entries(losses)) verdicts.push(await compareLoss(golden, `loss.${i}.${name}`, value));
      const size = [images, 3, h, w];
      verdicts.push(await compareActivation(golden, `out.fake.${i}`, nchw(await stepper.fake(), [images, h, w, 3]), size));
      for (const [role, net] of described) verdicts.push(...(await states(golden, i, role, net, nets[role], start.get(role)!)));
    }
    return verdicts.flatMap((v) => v ?? []);
  } finally {
    stepper.dispose();
    frozen?.dispose();
    for (const p of Object.values(nets)) p.dispose();
  }
}

/** States after step i, where the case has them: what was learnt by its difference from the start, buffers by their values. */
async function states(golden: Golden, i: number, role: string, net: Net, p: Parameters, start: ReadonlyMap<string, { data: Float32Array }>): Promise<(Verdict | undefined)[]> {
  const gone = new Set(golden.vanishing[role]);
  const out: (Verdict | undefined)[] = [];
  for (const [key, shape] of net.shapes) {
    const name = `after.${i}.${role}.${key}`;
    if (gone.has(key) || (!golden.has(name) && !golden.has(`${name}#digest`))) continue;
    const values = await p.read(key);
    out.push(isTrained(key) ? await compareDelta(golden, name, values, start.get(key)!.data, shape) : await compareTrained(golden, name, values, shape));
  }
  return out;
}
