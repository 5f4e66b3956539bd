// A generator case of pix2pixHD: the picture in training mode with the gradients of all parameters, u and v or running statistics after
// it, and the picture in eval mode from the starting state.

import { gradients } from "../../kernels/gradients.ts";
import { isTrained } from "../../src/models/packing.ts";
import { pix2pixhdNet, recordPix2PixHD } from "../../src/models/pix2pixhd.ts";
import { windowsOf } from "../../src/models/windows.ts";
import { Graph, Program, type Device, type HostArray } from "../../src/runtime/index.ts";
import { compareActivation, compareGradient, type Verdict } from "./compare.ts";
import { maps } from "./generator_case.ts";
import { nchw, nhwc, type Golden } from "./golden.ts";
import { netParameters } from "./net_cases.ts";

export async function pix2pixhdCase(golden: Golden, device: Device): Promise<Verdict[]> {
  const c = golden.config!;
  const [{ codes, h, w, images }] = windowsOf(c, await maps(golden, "in.label"), await maps(golden, "in.inst"));
  const verdicts: (Verdict | undefined)[] = [];
  for (const mode of ["train", "eval"]) {
    const net = pix2pixhdNet(c);
    const p = await netParameters(golden, device, net, "G");
    const g = new Graph(device.target);
    const image = recordPix2PixHD(g, c, p, g.input("codes", [images, h, w], "i32"), mode === "train");
    g.output("image", image);
    const inputs: Record<string, HostArray> = { codes };
    const gone = new Set(golden.vanishing.G);
    const keys = mode === "train" ? p.keys().filter((key) => isTrained(key) && !gone.has(key)) : [];
    if (mode === "train") {
      inputs.cotangent = nhwc(await golden.f32("in.cotangent"), golden.shape("in.cotangent"));
      const seeds = new Map([[image, g.input("cotangent", image.shape)]]);
      const wrt = keys.map((key) => p.tensor(g, key));
      for (const [t, grad] of gradients(g, seeds, wrt)) g.output(`grad.${t.name}`, grad);
    }
    const program = await Program.compile(g, device, { name: `pix2pixHD ${mode}` });
    await program.run({ inputs });
    const picture = nchw(await program.read("image"), image.shape);
    verdicts.push(await compareActivation(golden, `out.${mode}`, picture, [images, 3, h, w]));
    for (const key of keys) {
      const grad = p.published(key, await program.read(`grad.${key}`));
      const verdict = await compareGradient(golden, `grad.${key}`, grad, net.shapes.get(key)!);
      verdicts.push(
        verdict ?? {
          name: `grad.${key}`,
          quantity: "the case has none",
          error: Infinity,
          tolerance: 0,
          verdict: "FAIL",
        },
      );
    }
    program.dispose();
    p.dispose();
  }
  return verdicts.flatMap((v) => v ?? []);
}
