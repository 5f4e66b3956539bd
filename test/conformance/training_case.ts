// A case of training steps. Compared so far: the losses and the picture of the first G step, before anything is updated.

import { buildLevels } from "../../src/labels/levels.ts";
import { concat, reparameterise } from "../../kernels/index.ts";
import { generatorNet } from "../../src/models/packing.ts";
import { labelCount, outputSize, parseNormG } from "../../src/models/config.ts";
import { defaultDiscriminator, discriminatorNet, recordDiscriminator } from "../../src/models/discriminator.ts";
import { defaultEncoder, encoderNet, recordEncoder } from "../../src/models/encoder.ts";
import { resolutions } from "../../src/models/generator.ts";
import { planLevel } from "../../src/models/levels.ts";
import { Parameters } from "../../src/models/parameters.ts";
import { frozenConvs } from "../../src/models/perceptual.ts";
import { seededVgg } from "../../src/models/seeded.ts";
import { memorySource } from "../../src/models/source.ts";
import { recordTrainingPass, trainingInputs } from "../../src/models/training_pass.ts";
import { vgg19 } from "../../src/models/vgg19.ts";
import { Graph, Program, type Device } from "../../src/runtime/index.ts";
import { defaultLosses, recordGeneratorLosses, type GeneratorTerms } from "../../src/training/losses.ts";
import { compareActivation, compareLoss, notRun, type Verdict } from "./compare.ts";
import { maps } from "./generator_case.ts";
import { nchw, nhwc, type Golden } from "./golden.ts";
import { netParameters } from "./net_cases.ts";

export async function trainingCase(golden: Golden, device: Device): Promise<Verdict[]> {
  const c = { ...defaultDiscriminator, ...defaultEncoder, ...defaultLosses, ...golden.config! };
  const labels = await maps(golden, "in.label.0");
  const n = labels.length;
  const { h, w } = outputSize(c);
  const { k } = parseNormG(c.norm_G);
  const edges = !c.no_instance;
  const windows = buildLevels(
    labels,
    edges ? labels : null,
    { labelCount: labelCount(c), dontCare: c.contain_dontcare_label ? c.label_nc : null, edges },
    resolutions(c).map((r) => ({ ...r, k })),
  );
  const plans = windows.map((lw) => planLevel(lw));
  const loaded: Parameters[] = [];
  const load = async (role: "G" | "D" | "E"): Promise<Parameters> => {
    const net = role === "G" ? generatorNet(c) : role === "D" ? discriminatorNet(c) : encoderNet(c);
    const p = await netParameters(golden, device, net, role);
    loaded.push(p);
    return p;
  };

  const g = new Graph(device.target);
  const real = g.input("image", [n, h, w, 3]);
  const { inputs, counts } = trainingInputs(c, plans, windows);
  inputs.image = nhwc(await golden.f32("in.image.0"), [n, 3, h, w]);
  let style: GeneratorTerms["style"];
  let z;
  if (c.use_vae) {
    style = recordEncoder(g, c, await load("E"), real, true);
    z = reparameterise(g, { ...style, eps: g.input("eps", [n, c.z_dim]) });
    inputs.eps = await golden.f32("in.eps_g.0");
  }
  const { image: fake } = recordTrainingPass(g, c, await load("G"), plans, n, { z });
  const codes = g.input("codes", [n, h, w], "i32");
  inputs.codes = windows[windows.length - 1].codes;
  const scales = recordDiscriminator(g, c, await load("D"), { codes }, concat(g, { a: fake, b: real, axis: 0 }));
  let perceptual: GeneratorTerms["perceptual"];
  if (golden.seeds.VGG) {
    const p = await Parameters.loadNet(
      device,
      vgg19.net,
      memorySource(seededVgg(golden.seeds.VGG.seed, golden.seeds.VGG.gain)),
      "f32",
    );
    loaded.push(p);
    const convs = frozenConvs(g, p);
    perceptual = { net: vgg19, fake: vgg19.record(g, convs, fake), real: vgg19.record(g, convs, real) };
  }
  const losses = recordGeneratorLosses(g, c, { scales, images: n, perceptual, style });
  for (const [name, t] of losses) g.output(name, t);
  g.output("fake", fake);
  const program = await Program.compile(g, device, { name: "first G step" });
  try {
    await program.run({ inputs, counts });
    const verdicts: Verdict[] = [];
    for (const name of losses.keys())
      verdicts.push(await compareLoss(golden, `loss.0.${name}`, (await program.read(name))[0]));
    const picture = await compareActivation(golden, "out.fake.0", nchw(await program.read("fake"), [n, h, w, 3]), [
      n,
      3,
      h,
      w,
    ]);
    if (picture) verdicts.push(picture);
    return [...verdicts, notRun("the rest", "steps: the trainer is not part of this version")];
  } finally {
    program.dispose();
    for (const p of loaded) p.dispose();
  }
}
