// Whole training steps of tiny nets on the adapter.

import { describe, expect, test } from "vitest";
import { emaFactors } from "../../kernels/optim/ema.ts";
import { discriminatorNet } from "../../src/models/nets/discriminator.ts";
import { generatorNet, isTrained } from "../../src/models/weights/packing.ts";
import { ParameterStore } from "../../src/models/weights/parameters.ts";
import { seededState } from "../../src/models/weights/seeded.ts";
import { memorySource } from "../../src/models/weights/source.ts";
import type { TrainConfig } from "../../src/training/options.ts";
import { Graph, Program } from "../../src/runtime/index.ts";
import { recordAverage } from "../../src/training/step/average.ts";
import type { StepOptions } from "../../src/training/step/step.ts";
import { Stepper } from "../../src/training/step/stepper.ts";
import { relativeError, testDevice } from "../support/device.ts";
import { sumError } from "../tolerances.ts";
import { stripes, tiny } from "./tiny.ts";

/** lavapipe takes a minute of a core for f16 kernels that its cache does not hold. */
const COMPILES = 300_000;

const batch = stripes(7);

/** Runs `body` with a stepper over nets that always start alike. */
async function withStepper<T>(
  c: TrainConfig,
  body: (stepper: Stepper, nets: { G: ParameterStore; D: ParameterStore }) => Promise<T>,
  options: StepOptions | ((G: ParameterStore) => StepOptions) = {},
): Promise<T> {
  const device = await testDevice();
  const load = (net: ReturnType<typeof generatorNet>, seed: number): Promise<ParameterStore> =>
    ParameterStore.loadNet(device, net, memorySource(seededState(net.shapes as Map<string, number[]>, seed, 1)), "f32");
  const nets = { G: await load(generatorNet(c), 1), D: await load(discriminatorNet(c), 2) };
  const stepper = new Stepper(device, c, nets, 1, typeof options === "function" ? options(nets.G) : options);
  try {
    return await body(stepper, nets);
  } finally {
    stepper.dispose();
    nets.G.dispose();
    nets.D.dispose();
  }
}

const once = (stepper: Stepper): Promise<Record<string, number>> => stepper.step(stepper.prepare(batch));

/** Every value of a net, as bits. */
async function bits(p: ParameterStore): Promise<Map<string, string>> {
  const out = new Map<string, string>();
  for (const key of p.keys()) out.set(key, Buffer.from((await p.read(key)).buffer).toString("base64"));
  return out;
}

describe("a training step", () => {
  test("of the same plan gives the same bits", async () => {
    const run = (): Promise<unknown> =>
      withStepper(tiny, async (stepper, { G, D }) => {
        const losses = [await once(stepper), await once(stepper)];
        expect(losses[1]).not.toEqual(losses[0]);
        return { losses, G: await bits(G), D: await bits(D) };
      });
    expect(await run()).toEqual(await run());
  });

  test("moves the average of the generator, and copies its buffers", async () => {
    const device = await testDevice();
    const decay = 0.75;
    let average!: ParameterStore;
    await withStepper(
      tiny,
      async (stepper, { G }) => {
        const values = new Map<string, Float32Array>();
        for (const key of G.keys()) values.set(key, await G.read(key));
        const move = async (): Promise<void> => {
          for (const [key, was] of values) {
            const now = await G.read(key);
            values.set(key, isTrained(key) ? was.map((v, i) => decay * v + (1 - decay) * now[i]) : now);
          }
        };
        for (let i = 0; i < 2; i++) {
          await once(stepper);
          await move();
        }
        // The D step has moved G's buffers since.
        const g = new Graph(device.target);
        recordAverage(g, G, average);
        const program = await Program.compile(g, device, { name: "average" });
        await program.run({ inputs: { decay: emaFactors(decay) } });
        program.dispose();
        await move();
        for (const [key, expected] of values) {
          const got = await average.read(key);
          if (isTrained(key)) expect(relativeError(got, expected), key).toBeLessThan(sumError(2));
          else expect(got, key).toEqual(expected);
        }
      },
      (G) => ({ average: { parameters: (average = G.clone()), decay } }),
    );
    average.dispose();
  });

  test("in half precision follows the one in single precision", { timeout: COMPILES }, async () => {
    const scale = { scale: 2 ** 12, good: 0, skipped: 0 };
    const run = (options: StepOptions): Promise<Record<string, number>[]> =>
      withStepper(
        tiny,
        async (stepper) => {
          stepper.restore({ ...stepper.state, lossScale: { G: scale, D: scale } });
          const losses = [await once(stepper), await once(stepper)];
          const good = { ...scale, good: 2 };
          expect(stepper.state.lossScale).toEqual(options.dtype ? { G: good, D: good } : undefined);
          return losses;
        },
        options,
      );
    const [single, half] = [await run({}), await run({ dtype: "f16" })];
    single.forEach((losses, i) => {
      for (const [name, value] of Object.entries(losses)) {
        expect(half[i][name]).not.toBe(value);
        expect(Math.abs(half[i][name] / value - 1), `${name} of step ${i}`).toBeLessThan(0.02);
      }
    });
  });

  test("whose gradients overflow changes no weight and halves its net's scale", { timeout: COMPILES }, async () => {
    await withStepper(
      tiny,
      async (stepper, { G, D }) => {
        const good = { scale: 2 ** 16, good: 1999, skipped: 0 };
        stepper.restore({ ...stepper.state, lossScale: { G: { ...good, scale: 2 ** 40 }, D: good } });
        const before = { G: await bits(G), D: await bits(D) };
        await once(stepper);
        expect(stepper.state.lossScale).toEqual({
          G: { scale: 2 ** 39, good: 0, skipped: 1 },
          D: { scale: 2 ** 17, good: 0, skipped: 0 },
        });
        const after = { G: await bits(G), D: await bits(D) };
        for (const [key, was] of before.G) if (isTrained(key)) expect(after.G.get(key), key).toBe(was);
        const weight = "discriminator_0.model0.0.weight";
        expect(after.D.get(weight)).not.toBe(before.D.get(weight));
      },
      { dtype: "f16" },
    );
  });
});
