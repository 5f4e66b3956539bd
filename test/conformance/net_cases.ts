// A discriminator or encoder case: outputs in training mode, and the gradients of sum(out * cotangent) on inputs and parameters.

import { gradients } from "../../kernels/gradients.ts";
import { defaultDiscriminator, discriminatorNet, recordDiscriminator } from "../../src/models/nets/discriminator.ts";
import { defaultEncoder, encoderNet, recordEncoder } from "../../src/models/nets/encoder.ts";
import { isTrained, type Net } from "../../src/models/weights/packing.ts";
import { semanticNc } from "../../src/models/config.ts";
import { ParameterStore } from "../../src/models/weights/parameters.ts";
import { seededState } from "../../src/models/weights/seeded.ts";
import { memorySource } from "../../src/models/weights/source.ts";
import { Graph, Program, type Device, type HostArray, type Tensor } from "../../src/runtime/index.ts";
import { compareActivation, compareGradient, type Verdict } from "./compare.ts";
import { nchw, nhwc, storedState, type Golden } from "./golden.ts";

/** What a case records: named outputs, and inputs whose gradients it compares. */
interface Recorded {
  outputs: [name: string, t: Tensor][];
  inputs: Record<string, Tensor>;
}

interface NetCase {
  golden: Golden;
  device: Device;
  net: Net;
  role: "D" | "E";
  values: Record<string, HostArray>;
  record(g: Graph, p: ParameterStore): Recorded;
  /** The gradient of the case's own input, in its published layout, out of those of the graph's inputs. */
  inputGradient(grads: Record<string, Float32Array>): { name: string; values: Float32Array; shape: readonly number[] };
}

/** Published layout of a value of the graph: maps are NCHW. */
const published = (values: Float32Array, shape: readonly number[]): { values: Float32Array; shape: number[] } =>
  shape.length === 4
    ? { values: nchw(values, shape), shape: [shape[0], shape[3], shape[1], shape[2]] }
    : { values, shape: [...shape] };

export async function netParameters(golden: Golden, device: Device, net: Net, role: string): Promise<ParameterStore> {
  const state = seededState(net.shapes, golden.seeds[role].seed, golden.seeds[role].gain);
  for (const [key, t] of await storedState(golden, role)) if (!key.endsWith("num_batches_tracked")) state.set(key, t);
  return ParameterStore.loadNet(device, net, memorySource(state), "f32");
}

async function runNetCase(c: NetCase): Promise<Verdict[]> {
  const { device } = c;
  const verdicts = await forward(c);
  verdicts.push(...(await backward(c)));
  device.check("conformance");
  return verdicts;
}

async function forward({ golden, device, net, role, values, record }: NetCase): Promise<Verdict[]> {
  const p = await netParameters(golden, device, net, role);
  const g = new Graph(device.target);
  const { outputs } = record(g, p);
  for (const [name, t] of outputs) g.output(name, t);
  const program = await Program.compile(g, device, { name: `${role} forward` });
  try {
    await program.run({ inputs: values });
    const verdicts: Verdict[] = [];
    for (const [name, t] of outputs) {
      const y = published(await program.read(name), t.shape);
      const verdict = await compareActivation(golden, `out.${name}`, y.values, y.shape);
      if (verdict) verdicts.push(verdict);
    }
    return verdicts;
  } finally {
    program.dispose();
    p.dispose();
  }
}

async function backward({ golden, device, net, role, values, record, inputGradient }: NetCase): Promise<Verdict[]> {
  const p = await netParameters(golden, device, net, role);
  try {
    const g = new Graph(device.target);
    const { outputs, inputs } = record(g, p);
    const given = { ...values };
    const seeds = new Map<Tensor, Tensor>();
    for (const [name, t] of outputs) {
      const shape = golden.shape(`in.cotangent.${name}`);
      const cotangent = await golden.f32(`in.cotangent.${name}`);
      given[`cotangent ${name}`] = shape.length === 4 ? nhwc(cotangent, shape) : cotangent;
      seeds.set(t, g.input(`cotangent ${name}`, t.shape));
    }
    const keys = p.keys().filter(isTrained);
    const wrt = [...Object.values(inputs), ...keys.map((key) => p.tensor(g, key))];
    const grads = gradients(g, seeds, wrt);
    for (const [t, grad] of grads) g.output(t.name, grad);
    const program = await Program.compile(g, device, { name: `${role} backward` });
    try {
      await program.run({ inputs: given });
      const verdicts: (Verdict | undefined)[] = [];
      const own = inputGradient(
        Object.fromEntries(
          await Promise.all(Object.keys(inputs).map(async (name) => [name, await program.read(inputs[name].name)])),
        ),
      );
      verdicts.push(await compareGradient(golden, own.name, own.values, own.shape));
      for (const key of keys)
        verdicts.push(
          await compareGradient(golden, `grad.${key}`, p.published(key, await program.read(key)), net.shapes.get(key)!),
        );
      return verdicts.flatMap((v) => v ?? []);
    } finally {
      program.dispose();
    }
  } finally {
    p.dispose();
  }
}

/** Channels from..from+count of a dense NHWC map. */
function channels(values: Float32Array, c: number, from: number, count: number): Float32Array {
  const out = new Float32Array((values.length / c) * count);
  for (let i = 0; i < out.length; i++) out[i] = values[Math.floor(i / count) * c + from + (i % count)];
  return out;
}

/** in.x is no one-hot map: the discriminator reads its label channels densely. */
export async function discriminatorCase(golden: Golden, device: Device): Promise<Verdict[]> {
  const c = { ...defaultDiscriminator, ...golden.config! };
  const [n, all, h, w] = golden.shape("in.x");
  const s = semanticNc(c);
  const x = nhwc(await golden.f32("in.x"), golden.shape("in.x"));
  return runNetCase({
    golden,
    device,
    net: discriminatorNet(c),
    role: "D",
    values: { dense: channels(x, all, 0, s), pictures: channels(x, all, s, 3) },
    record(g, p) {
      const inputs = { dense: g.input("dense", [n, h, w, s]), pictures: g.input("pictures", [n, h, w, 3]) };
      const scales = recordDiscriminator(g, c, p, { dense: inputs.dense }, inputs.pictures);
      return {
        outputs: scales.flatMap((layers, i) => layers.map((t, j): [string, Tensor] => [`${i}.${j}`, t])),
        inputs,
      };
    },
    inputGradient({ dense, pictures }) {
      const values = Float32Array.from({ length: n * h * w * all }, (_, i) => {
        const [pixel, ch] = [Math.floor(i / all), i % all];
        return ch < s ? dense[pixel * s + ch] : pictures[pixel * 3 + ch - s];
      });
      return { name: "grad.x", ...published(values, [n, h, w, all]) };
    },
  });
}

export async function encoderCase(golden: Golden, device: Device): Promise<Verdict[]> {
  const c = { ...defaultEncoder, ...golden.config! };
  const [n, , h, w] = golden.shape("in.image");
  return runNetCase({
    golden,
    device,
    net: encoderNet(c),
    role: "E",
    values: { image: nhwc(await golden.f32("in.image"), golden.shape("in.image")) },
    record(g, p) {
      const inputs = { image: g.input("image", [n, h, w, 3]) };
      return { outputs: Object.entries(recordEncoder(g, c, p, inputs.image, true)), inputs };
    },
    inputGradient: ({ image }) => ({ name: "grad.image", ...published(image, [n, h, w, 3]) }),
  });
}
