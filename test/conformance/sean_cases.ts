// Cases of SEAN's generator, of its style encoder alone and of one ACE layer: outputs and gradients, noise and styles included.

import { gradients } from "../../kernels/gradients.ts";
import { inverseStd, modulate, runningStatistics, statistics } from "../../kernels/index.ts";
import { buildLevels } from "../../src/labels/levels.ts";
import { blocks, labelSpace, parseNormG, semanticNc, type Config } from "../../src/models/config.ts";
import { recordNormTables } from "../../src/models/nets/generator.ts";
import { idsInput, levelInputs, levelValues } from "../../src/models/nets/level_inputs.ts";
import { levelListInputs, levelListValues } from "../../src/models/nets/level_lists.ts";
import type { TableRoom } from "../../src/models/nets/table_room.ts";
import { aceNoise, givenPlanes, recordStyled } from "../../src/models/sean/ace.ts";
import { recordStyles } from "../../src/models/sean/encoder.ts";
import { regionInputs, regionValues, styleInputs, styleValues } from "../../src/models/sean/inputs.ts";
import { aceShapes, encoderShapes, seanNet, seanParts, seanShapes } from "../../src/models/sean/net.ts";
import { styleRoom } from "../../src/models/sean/style_windows.ts";
import { recordSeanPass, seanInputs } from "../../src/models/sean/training_pass.ts";
import { isTrained, type Net } from "../../src/models/weights/packing.ts";
import type { ParameterStore } from "../../src/models/weights/parameters.ts";
import { roomFor } from "../../src/painting/choose_room.ts";
import { windowsOf } from "../../src/painting/windows.ts";
import { Graph, Program, type Device, type HostArray, type Tensor } from "../../src/runtime/index.ts";
import { compareActivation, compareGradient, compareState, type Verdict } from "./compare.ts";
import { maps } from "./generator_case.ts";
import { nchw, nhwc, type Golden } from "./golden.ts";
import { netParameters } from "./net_cases.ts";
import { evalVerdicts } from "./sean_eval.ts";

/** Compares a gradient with the case's, as published: maps are NCHW. */
async function gradient(
  golden: Golden,
  name: string,
  values: Float32Array,
  shape: readonly number[],
): Promise<Verdict | undefined> {
  if (shape.length !== 4) return compareGradient(golden, name, values, shape);
  const [n, h, w, c] = shape;
  return compareGradient(golden, name, nchw(values, shape), [n, c, h, w]);
}

/** Records gradients as outputs of their targets' names; gives the names of those that there are. */
function outputGradients(g: Graph, out: Tensor, wrt: ReadonlyMap<string, Tensor>): string[] {
  const made = gradients(g, new Map([[out, g.input("cotangent", out.shape)]]), wrt.values());
  return [...wrt].flatMap(([name, t]) => {
    const grad = made.get(t);
    if (!grad) return [];
    g.output(`grad ${name}`, grad);
    return [name];
  });
}

/** Gradients of parameters, where the reference has one: what it calls unused must be zero or nothing here. */
async function parameterGradients(
  golden: Golden,
  p: ParameterStore,
  net: Net,
  program: Program,
  made: readonly string[],
  prefix = "grad.",
): Promise<Verdict[]> {
  const gone = new Set(golden.vanishing.G);
  const unused = new Set(golden.unused.G);
  const verdicts: Verdict[] = [];
  for (const key of p.keys().filter((k) => isTrained(k) && !gone.has(k))) {
    const values = made.includes(key) ? p.published(key, await program.read(`grad ${key}`)) : undefined;
    if (unused.has(key)) {
      const error = values ? values.reduce((most, v) => Math.max(most, Math.abs(v)), 0) : 0;
      verdicts.push({
        ...{ name: `${prefix}${key}`, quantity: "is zero or none", error, tolerance: 0 },
        verdict: error === 0 ? "pass" : "FAIL",
      });
      continue;
    }
    const verdict = values && (await compareGradient(golden, prefix + key, values, net.shapes.get(key)!));
    verdicts.push(
      verdict ?? {
        ...{
          name: `${prefix}${key}`,
          quantity: values ? "no reference" : "no gradient",
          error: Infinity,
          tolerance: 0,
        },
        verdict: "FAIL",
      },
    );
  }
  return verdicts;
}

/** One ACE layer named n, in training mode and in eval mode, by lookup and with a row of SPADE's tables for each pixel. */
export async function aceCase(golden: Golden, device: Device): Promise<Verdict[]> {
  const c = golden.config!;
  const { k } = parseNormG(c.norm_G);
  const [n, channels, h, w] = golden.shape("in.x");
  const styled = golden.names.some((name) => name.includes("fc_mu"));
  const net = seanParts(aceShapes(c, "n", channels, styled));
  const labels = await maps(golden, "in.label");
  const [lw] = buildLevels(labels, null, labelSpace(c), [{ h, w, k }]);
  const pixels = n * h * w;
  const verdicts: Verdict[] = [];
  for (const mode of ["lookup", "dense"] as const)
    for (const train of [true, false]) {
      const p = await netParameters(golden, device, net, "G");
      const g = new Graph(device.target);
      const room: TableRoom = {
        ...{ h, w, mode },
        inner: { name: "inner", capacity: pixels + 1 },
        outer: { name: "outer", capacity: pixels },
      };
      const inputs = levelInputs(g, c, room, n);
      inputs.lists = levelListInputs(g, c, room, n, { pixels: !styled });
      const codes = g.input("styles", [n * semanticNc(c), c.style_length]);
      const spade = recordNormTables(g, c, p, "n.Spade", room, inputs);
      const style = styled ? styleInputs(g, room, styleRoom(c, room, n), n, true) : undefined;
      const tables = style ? recordStyled(g, c, p, "n", codes, spade, style) : spade;
      const x = g.input("x", [n, h, w, channels]);
      const noisy = aceNoise(g, p, givenPlanes)("n", x, 1);
      const running = (what: string): Tensor => p.tensor(g, `n.param_free_norm.running_${what}`);
      let norm: { mean: Tensor; rstd: Tensor };
      if (train) {
        const s = statistics(g, { x: noisy, per: "batch" });
        const { mean, variance } = s;
        runningStatistics(g, {
          ...{ running_mean: running("mean"), running_var: running("var"), mean, variance, count: pixels },
          momentum: 0.1,
        });
        norm = s;
      } else norm = { mean: running("mean"), rstd: inverseStd(g, { variance: running("var") }) };
      const y = modulate(g, {
        ...{ x: noisy, mean: norm.mean, rstd: norm.rstd, ...tables, ids: idsInput(g, room, n), slope: 1 },
        ...{ lists: (style?.lists ?? inputs.lists).pixels, count: style?.room.pairs },
      });
      g.output("y", y);
      const trained = p.keys().filter(isTrained);
      const wrt = new Map([["x", x], ["styles", codes], ...trained.map((key): [string, Tensor] => [key, p.tensor(g, key)])]); // prettier-ignore
      const made = outputGradients(g, y, wrt);
      const program = await Program.compile(g, device, { name: "ace" });
      const level = levelValues(room, lw);
      const own = styled
        ? styleValues(c, room, lw, true)
        : { inputs: { [`ids ${w}x${h}`]: mode === "dense" ? Int32Array.from({ length: pixels }, (_, i) => i) : lw.outerIds }, counts: {} }; // prettier-ignore
      const values: Record<string, HostArray> = {
        ...level.inputs,
        ...levelListValues(c, room, lw, undefined, { pixels: !styled }),
        ...own.inputs,
        x: nhwc(await golden.f32("in.x"), golden.shape("in.x")),
        styles: await golden.f32("in.styles"),
        "noise n": await golden.f32("in.noise"),
        cotangent: nhwc(await golden.f32("in.cotangent"), golden.shape("in.cotangent")),
      };
      await program.run({ inputs: values, counts: { ...level.counts, ...own.counts } });
      const label = train ? "train" : "eval";
      const found: (Verdict | undefined)[] = [
        await compareActivation(golden, `out.${label}`, nchw(await program.read("y"), y.shape), [n, channels, h, w]),
        await gradient(golden, `grad.${label}.x`, await program.read("grad x"), x.shape),
        ...(await parameterGradients(golden, p, net, program, made, `grad.${label}.`)),
      ];
      if (styled)
        found.push(
          await compareGradient(
            golden,
            `grad.${label}.styles`,
            await program.read("grad styles"),
            golden.shape("in.styles"),
          ),
        );
      if (train)
        for (const key of net.shapes.keys())
          if (golden.has(`after.0.G.${key}`))
            found.push(await compareState(golden, `after.0.G.${key}`, await p.read(key)));
      verdicts.push(...found.flatMap((v) => (v ? { ...v, name: `${v.name} (${mode})` } : [])));
      program.dispose();
      p.dispose();
    }
  return verdicts;
}

/** The style encoder alone. */
export async function styleEncoderCase(golden: Golden, device: Device): Promise<Verdict[]> {
  const c = golden.config!;
  const [n, , h, w] = golden.shape("in.image");
  const net = seanParts(encoderShapes(c));
  const p = await netParameters(golden, device, net, "G");
  const [lw] = buildLevels(await maps(golden, "in.label"), null, labelSpace(c), [{ h: h / 2, w: w / 2, k: 0 }]);
  const g = new Graph(device.target);
  const photo = g.input("photo", [n, h, w, 3]);
  const codes = recordStyles(g, c, p, photo, regionInputs(g, c, n, { h: h / 2, w: w / 2 }));
  g.output("styles", codes);
  const trained = p.keys().filter(isTrained);
  const made = outputGradients(g, codes, new Map([["photo", photo], ...trained.map((key): [string, Tensor] => [key, p.tensor(g, key)])])); // prettier-ignore
  const program = await Program.compile(g, device, { name: "style encoder" });
  await program.run({
    inputs: {
      ...regionValues(c, lw),
      photo: nhwc(await golden.f32("in.image"), golden.shape("in.image")),
      cotangent: await golden.f32("in.cotangent"),
    },
  });
  const verdicts = [
    await compareActivation(golden, "out.styles", await program.read("styles"), golden.shape("out.styles")),
    await gradient(golden, "grad.image", await program.read("grad photo"), photo.shape),
    ...(await parameterGradients(golden, p, net, program, made)),
  ];
  program.dispose();
  p.dispose();
  return verdicts.flatMap((v) => v ?? []);
}

/** The whole generator, with styles from a photo or given. */
export async function seanGeneratorCase(golden: Golden, device: Device): Promise<Verdict[]> {
  const c = golden.config!;
  const net = seanNet(c);
  const labels = await maps(golden, "in.label");
  const windows = windowsOf(c, labels, golden.has("in.inst") ? await maps(golden, "in.inst") : labels);
  const verdicts = await training(golden, device, c, net, windows);
  return [...verdicts, ...(await evalVerdicts(golden, device, windows))];
}

async function training(
  golden: Golden,
  device: Device,
  c: Config,
  net: Net,
  windows: ReturnType<typeof windowsOf>,
): Promise<Verdict[]> {
  const images = golden.shape("in.label")[0];
  const p = await netParameters(golden, device, net, "G");
  const rooms = windows.map((lw) => roomFor(lw));
  const g = new Graph(device.target);
  const encoded = golden.has("in.image");
  const photo = encoded ? g.input("photo", [images, ...golden.shape("in.image").slice(2), 3]) : undefined;
  const codes = encoded ? undefined : g.input("styles", [images * semanticNc(c), c.style_length]);
  const pass = recordSeanPass(g, c, p, rooms, images, { photo, codes, gradients: true, planes: "given" });
  const trained = p.keys().filter(isTrained);
  const wrt = new Map<string, Tensor>(trained.map((key) => [key, p.tensor(g, key)]));
  wrt.set("styles", pass.codes);
  if (photo) wrt.set("photo", photo);
  const made = outputGradients(g, pass.image, wrt);
  g.output("image", pass.image);
  if (encoded) g.output("codes", pass.codes);
  for (const [name, y] of pass.blocks) g.output(name, y);
  const program = await Program.compile(g, device, { name: "SEAN's training pass" });
  const { inputs, counts } = seanInputs(c, rooms, windows, { gradients: true, encoded });
  if (photo) inputs.photo = nhwc(await golden.f32("in.image"), golden.shape("in.image"));
  else inputs.styles = await golden.f32("in.styles");
  inputs.cotangent = nhwc(await golden.f32("in.cotangent"), golden.shape("in.cotangent"));
  for (const name of golden.names)
    if (name.startsWith("in.noise.")) inputs[`noise ${name.slice("in.noise.".length)}`] = await golden.f32(name);
  await program.run({ inputs, counts });
  const out: (Verdict | undefined)[] = [];
  const activation = async (tensor: string, name: string, [n, h, w, ch]: readonly number[]): Promise<void> => {
    const values = nchw(await program.read(tensor), [n, h, w, ch]);
    out.push(await compareActivation(golden, name, values, [n, ch, h, w]));
  };
  await activation("image", "out.train", pass.image.shape);
  for (const b of blocks(c)) await activation(b.name, `act.${b.name}`, pass.blocks.get(b.name)!.shape);
  if (encoded) out.push(await compareActivation(golden, "out.styles", await program.read("codes"), golden.shape("out.styles"))); // prettier-ignore
  const stylesShape = [images, semanticNc(c), c.style_length];
  out.push(await compareGradient(golden, "grad.styles", await program.read("grad styles"), stylesShape));
  if (photo) out.push(await gradient(golden, "grad.image", await program.read("grad photo"), photo.shape));
  const keys = encoded ? seanShapes(c) : new Map([...seanShapes(c)].filter(([key]) => !key.startsWith("Zencoder")));
  out.push(...(await parameterGradients(golden, p, { ...net, shapes: keys }, program, made)));
  program.dispose();
  p.dispose();
  return out.filter((v) => v !== undefined);
}
