// A spade_norm case: one SPADE layer named n on in.x, in training and in eval mode, each from the starting state. Both ways of
// making the tables are run: by distinct window, and densely.

import { generatorNet } from "../../src/models/weights/packing.ts";
import { gradients } from "../../kernels/gradients.ts";
import { inverseStd, modulate, runningStatistics, statistics } from "../../kernels/index.ts";
import { buildLevels } from "../../src/labels/levels.ts";
import { HIDDEN, labelCount, parseNormG, semanticNc } from "../../src/models/config.ts";
import { recordNormTables } from "../../src/models/nets/generator.ts";
import type { TableRoom } from "../../src/models/nets/table_room.ts";
import { idsInput, idsValue, levelInputs, levelValues } from "../../src/models/nets/level_inputs.ts";
import { levelListInputs, levelListValues } from "../../src/models/nets/level_lists.ts";
import { ParameterStore } from "../../src/models/weights/parameters.ts";
import { seededState } from "../../src/models/weights/seeded.ts";
import { memorySource } from "../../src/models/weights/source.ts";
import { Graph, Program, type Device, type Tensor } from "../../src/runtime/index.ts";
import { compareActivation, compareGradient, compareState, type Verdict } from "./compare.ts";
import { maps } from "./generator_case.ts";
import { nchw, nhwc, storedState, type Golden } from "./golden.ts";

export async function spadeNormCase(golden: Golden, device: Device): Promise<Verdict[]> {
  const c = golden.config!;
  const { kind, k } = parseNormG(c.norm_G);
  const [n, channels, h, w] = golden.shape("in.x");
  const shapes = new Map<string, number[]>([
    ["n.mlp_shared.0.weight", [HIDDEN, semanticNc(c), k, k]],
    ["n.mlp_shared.0.bias", [HIDDEN]],
    ...["mlp_gamma", "mlp_beta"].flatMap((m): [string, number[]][] => [
      [`n.${m}.weight`, [channels, HIDDEN, k, k]],
      [`n.${m}.bias`, [channels]],
    ]),
  ]);
  if (kind === "batch")
    shapes.set("n.param_free_norm.running_mean", [channels]).set("n.param_free_norm.running_var", [channels]);
  const state = seededState(shapes, golden.seeds.G.seed, golden.seeds.G.gain);
  for (const [key, t] of await storedState(golden, "G")) if (!key.endsWith("num_batches_tracked")) state.set(key, t);
  const labels = await maps(golden, "in.label");
  const [lw] = buildLevels(
    labels,
    c.no_instance ? null : labels,
    { labelCount: labelCount(c), dontCare: c.contain_dontcare_label ? c.label_nc : null, edges: !c.no_instance },
    [{ h, w, k }],
  );
  const x = nhwc(await golden.f32("in.x"), golden.shape("in.x"));
  const pixels = n * h * w;

  const verdicts: Verdict[] = [];
  for (const mode of ["lookup", "dense"] as const) {
    for (const train of [true, false]) {
      const differentiated = golden.has("in.cotangent");
      const p = await ParameterStore.loadNet(device, generatorNet(c, shapes), memorySource(state), "f32");
      const g = new Graph(device.target);
      const plan: TableRoom = {
        h,
        w,
        mode,
        inner: { name: "inner", capacity: pixels + 1 },
        outer: { name: "outer", capacity: pixels },
      };
      const inputs = levelInputs(g, c, plan, n);
      if (differentiated) inputs.lists = levelListInputs(g, c, plan, n);
      const tables = recordNormTables(g, c, p, "n", plan, inputs);
      const input = g.input("x", [n, h, w, channels]);
      const running = "n.param_free_norm.running_";
      let norm;
      if (train || kind === "instance") {
        norm = statistics(g, { x: input, per: kind });
        if (kind === "batch") {
          runningStatistics(g, {
            running_mean: p.tensor(g, `${running}mean`),
            running_var: p.tensor(g, `${running}var`),
            mean: norm.mean,
            variance: norm.variance,
            count: pixels,
            momentum: 0.1,
          });
        }
      } else
        norm = { mean: p.tensor(g, `${running}mean`), rstd: inverseStd(g, { variance: p.tensor(g, `${running}var`) }) };
      const ids = idsInput(g, plan, n);
      const out = g.output(
        "y",
        modulate(g, {
          x: input,
          mean: norm.mean,
          rstd: norm.rstd,
          ...tables,
          ids,
          slope: 1,
          lists: inputs.lists?.pixels,
        }),
      );
      const trained = [...shapes.keys()].filter((key) => !key.includes("running_"));
      if (differentiated) {
        const wrt = new Map([["x", input], ...trained.map((key): [string, Tensor] => [key, p.tensor(g, key)])]);
        const made = gradients(g, new Map([[out, g.input("dy", out.shape)]]), wrt.values());
        for (const [key, t] of wrt) g.output(`grad ${key}`, made.get(t)!);
      }
      const program = await Program.compile(g, device, { name: "spade_norm" });
      const values = levelValues(plan, lw);
      await program.run({
        inputs: {
          x,
          ...values.inputs,
          ...idsValue(plan, lw),
          ...(differentiated
            ? {
                dy: nhwc(await golden.f32("in.cotangent"), golden.shape("in.cotangent")),
                ...levelListValues(c, plan, lw),
              }
            : {}),
        },
        counts: values.counts,
      });
      const y = nchw(await program.read("y"), [n, h, w, channels]);
      const verdict = await compareActivation(golden, train ? "out.train" : "out.eval", y, [n, channels, h, w]);
      if (verdict) verdicts.push({ ...verdict, name: `${verdict.name} (${mode})` });
      if (differentiated) {
        const prefix = train ? "grad.train." : "grad.eval.";
        const dx = nchw(await program.read("grad x"), [n, h, w, channels]);
        const made = [await compareGradient(golden, `${prefix}x`, dx, [n, channels, h, w])];
        for (const key of trained)
          made.push(
            await compareGradient(
              golden,
              prefix + key,
              p.published(key, await program.read(`grad ${key}`)),
              shapes.get(key)!,
            ),
          );
        verdicts.push(...made.flatMap((v) => (v ? { ...v, name: `${v.name} (${mode})` } : [])));
      }
      if (train && mode === "lookup") {
        for (const key of shapes.keys()) {
          const after = `after.0.G.${key}`;
          if (golden.has(after)) verdicts.push(await compareState(golden, after, await p.read(key)));
        }
      }
      program.dispose();
      p.dispose();
    }
  }
  return verdicts;
}
