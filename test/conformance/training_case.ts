// A case of training steps: losses and pictures of every step, and the states after those that the case keeps.

import { blocks, normsOf } from "../../src/models/config.ts";
import { outputSize } from "../../src/models/kinds.ts";
import { discriminatorNet } from "../../src/models/nets/discriminator.ts";
import { encoderNet } from "../../src/models/nets/encoder.ts";
import { isTrained, type Net } from "../../src/models/weights/packing.ts";
import { ParameterStore } from "../../src/models/weights/parameters.ts";
import { netOf } from "../../src/models/kinds.ts";
import { aceOf } from "../../src/models/sean/net.ts";
import { seeded, seededState, seededVgg, type HostState } from "../../src/models/weights/seeded.ts";
import { memorySource } from "../../src/models/weights/source.ts";
import { vgg19 } from "../../src/models/nets/vgg19.ts";
import type { Device } from "../../src/runtime/index.ts";
import { defaultTraining, type TrainConfig } from "../../src/training/options.ts";
import { Stepper } from "../../src/training/step/stepper.ts";
import {
  compareActivation,
  compareDelta,
  compareLoss,
  compareTrained,
  illPosed,
  maxError,
  normError,
  type Verdict,
} from "./compare.ts";
import { DIGEST_SLACK } from "../tolerances.ts";
import { maps } from "./generator_case.ts";
import { nchw, nhwc, storedState, type Golden } from "./golden.ts";

/** One compared value of a run. */
interface Value {
  kind: "loss" | "picture" | "delta" | "buffer";
  /** As published; of a delta the difference from the start. */
  values: Float32Array;
  /** Of a delta: the value itself, and where it started. */
  after?: Float32Array;
  start?: Float32Array;
  shape: readonly number[];
}

/** Three draws see about half of how far chance may take a value. */
const SCATTER = 2;

/**
 * With beta1 = 0 a step of Adam is a sign: rounding flips those of the smallest gradients, and which ones of a tensor's n elements is
 * chance. With the share f of a net's elements that nudging flips, f*n are expected in a tensor and, by Poisson, hardly ever more than
 * f*n + 3 sqrt(f*n) + 3; k flips move the difference by 2 sqrt(k/n) of its norm. (PyTorch in float32 against itself in float64
 * differs by up to 15 % in the differences of train_vae_vgg's first step.)
 */
function flips(share: number, n: number): number {
  const expected = share * n;
  return 2 * Math.sqrt((expected + 3 * Math.sqrt(expected) + 3) / n);
}

type Roles = [role: string, net: Net][];

export async function trainingCase(golden: Golden, device: Device): Promise<Verdict[]> {
  const c: TrainConfig = { ...defaultTraining, ...golden.config! };
  const roles: Roles = [
    ["G", netOf(c)],
    ["D", discriminatorNet(c)],
    ...(c.use_vae ? ([["E", encoderNet(c)]] as Roles) : []),
  ];
  const start = new Map<string, HostState>();
  for (const [role, net] of roles) {
    const state = seededState(net.shapes as Map<string, number[]>, golden.seeds[role].seed, golden.seeds[role].gain);
    for (const [key, t] of await storedState(golden, role)) if (!key.endsWith("num_batches_tracked")) state.set(key, t);
    start.set(role, state);
  }
  const run = await runSteps(golden, device, c, roles, start);
  const verdicts: Verdict[] = [];
  for (const [name, v] of run) {
    const verdict = await judge(golden, name, v);
    if (verdict) verdicts.push(verdict);
  }
  if (!verdicts.some((v) => v.verdict === "FAIL")) return verdicts;
  const moved = await movement(golden, device, c, roles, start, run);
  return verdicts.map((v) => illPosed(v, moved.get(v.name)!, v.quantity.startsWith("digest") ? DIGEST_SLACK : 1));
}

async function judge(
  golden: Golden,
  name: string,
  { kind, values, after, start, shape }: Value,
): Promise<Verdict | undefined> {
  if (kind === "loss") return compareLoss(golden, name, values[0]);
  if (kind === "picture") return compareActivation(golden, name, values, shape);
  if (kind === "delta") return compareDelta(golden, name, after!, start!, shape);
  return compareTrained(golden, name, values, shape);
}

/** The planes of a pass of a generator that always has noise, by the recipe of the reference cases. */
function planes(
  golden: Golden,
  c: TrainConfig,
  images: number,
  pass: string,
): Record<string, Float32Array> | undefined {
  if (c.netG !== "sean") return undefined;
  return Object.fromEntries(
    blocks(c).flatMap((b) =>
      normsOf(b).map(({ name }) => {
        const ace = aceOf(name);
        const shape = [images, 1, b.h, b.w];
        return [`noise ${ace}`, seeded(`${golden.seeds.G.seed}:${pass}.${ace}`, shape, Math.sqrt(3))];
      }),
    ),
  );
}

/** Every compared value of all the case's steps, by its name in the case. */
async function runSteps(
  golden: Golden,
  device: Device,
  c: TrainConfig,
  roles: Roles,
  start: ReadonlyMap<string, HostState>,
): Promise<Map<string, Value>> {
  const images = golden.shape("in.label.0")[0];
  const { h, w } = outputSize(c);
  const nets: Record<string, ParameterStore> = {};
  for (const [role, net] of roles)
    nets[role] = await ParameterStore.loadNet(device, net, memorySource(start.get(role)!), "f32");
  const vgg = golden.seeds.VGG;
  const frozen =
    vgg && (await ParameterStore.loadNet(device, vgg19.net, memorySource(seededVgg(vgg.seed, vgg.gain)), "f32"));
  const stepper = new Stepper(
    device,
    c,
    { G: nets.G, D: nets.D, E: nets.E, perceptual: frozen && { net: vgg19, parameters: frozen } },
    images,
    { planes: planes(golden, c, images, "noise_g.0") && "given" },
  );
  const out = new Map<string, Value>();
  try {
    for (let i = 0; golden.has(`in.label.${i}`); i++) {
      const losses = await stepper.step(
        stepper.prepare({
          labels: await maps(golden, `in.label.${i}`),
          image: nhwc(await golden.f32(`in.image.${i}`), [images, 3, h, w]),
          epsG: c.use_vae ? await golden.f32(`in.eps_g.${i}`) : undefined,
          epsD: c.use_vae ? await golden.f32(`in.eps_d.${i}`) : undefined,
          planesG: planes(golden, c, images, `noise_g.${i}`),
          planesD: planes(golden, c, images, `noise_d.${i}`),
        }),
      );
      for (const [name, value] of Object.entries(losses))
        out.set(`loss.${i}.${name}`, { kind: "loss", values: Float32Array.of(value), shape: [1] });
      out.set(`out.fake.${i}`, {
        kind: "picture",
        values: nchw(await stepper.fake(), [images, h, w, 3]),
        shape: [images, 3, h, w],
      });
      for (const [role, net] of roles) await states(golden, i, role, net, nets[role], start.get(role)!, out);
    }
    return out;
  } finally {
    stepper.dispose();
    frozen?.dispose();
    for (const p of Object.values(nets)) p.dispose();
  }
}

/** States after step i, where the case has them: what was learnt by its difference from the start, buffers by their values. */
async function states(
  golden: Golden,
  i: number,
  role: string,
  net: Net,
  p: ParameterStore,
  start: HostState,
  out: Map<string, Value>,
): Promise<void> {
  const gone = new Set(golden.vanishing[role]);
  for (const [key, shape] of net.shapes) {
    const name = `after.${i}.${role}.${key}`;
    if (gone.has(key) || (!golden.has(name) && !golden.has(`${name}#digest`))) continue;
    const after = await p.read(key);
    const from = start.get(key)!.data;
    if (isTrained(key))
      out.set(name, { kind: "delta", values: after.map((v, j) => v - from[j]), after, start: from, shape });
    else out.set(name, { kind: "buffer", values: after, shape });
  }
}

/** How far each value moves when every number of the start is moved by one unit in the last place, up or down: the most of some draws. */
async function movement(
  golden: Golden,
  device: Device,
  c: TrainConfig,
  roles: Roles,
  start: ReadonlyMap<string, HostState>,
  run: ReadonlyMap<string, Value>,
): Promise<Map<string, number>> {
  const most = new Map<string, number>();
  /** Of all differences of a net after a step: squared movement and squared norm. */
  const pooled = new Map<string, { moved: number; norm: number }>();
  const square = (v: Float32Array): number => v.reduce((sum, x) => sum + x * x, 0);
  const poolOf = (name: string): string => name.split(".").slice(0, 3).join(".");
  for (const salt of [1, 2, 3]) {
    const nudged = new Map<string, HostState>();
    for (const [role, state] of start) {
      const moved: HostState = new Map();
      for (const [key, t] of state) {
        const signs = seeded(`${salt}:${role}:${key}`, t.shape, 1);
        moved.set(key, { shape: t.shape, data: t.data.map((v, i) => v * (1 + Math.sign(signs[i]) * 2 ** -23)) });
      }
      nudged.set(role, moved);
    }
    for (const [name, v] of await runSteps(golden, device, c, roles, nudged)) {
      const error =
        v.kind === "delta" || v.kind === "buffer"
          ? normError(v.values, run.get(name)!.values)
          : maxError(v.values, run.get(name)!.values);
      most.set(name, Math.max(most.get(name) ?? 0, SCATTER * error));
      if (v.kind === "delta") {
        const p = pooled.get(poolOf(name)) ?? { moved: 0, norm: 0 };
        const ref = run.get(name)!.values;
        pooled.set(poolOf(name), {
          moved: p.moved + square(v.values.map((x, i) => x - ref[i])),
          norm: p.norm + square(ref),
        });
      }
    }
  }
  for (const [name, v] of run) {
    const p = pooled.get(poolOf(name));
    if (v.kind === "delta" && p)
      most.set(name, Math.max(most.get(name)!, flips(p.moved / p.norm / 4, v.values.length)));
  }
  return most;
}
