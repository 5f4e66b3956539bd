// The loop alone: a stepper that only notes what it is asked.

import { expect, test } from "vitest";
import type { LoadedBatch } from "../../src/datasets/loader.ts";
import { due, runLoop, type LoopHooks } from "../../src/training/loop.ts";
import { defaultOptions, epochRate, type TrainOptions } from "../../src/training/options.ts";
import type { RunParts } from "../../src/training/run.ts";
import type { Position } from "../../src/training/position.ts";

interface Run {
  /** One line a step: epoch, batch, rate, whether G learns, first draw of the encoder. */
  steps: string[];
  events: string[];
  position: Position;
}

async function run(
  options: Partial<TrainOptions>,
  position: Position = { epoch: 1, batch: 0, step: 0, pictures: 0 },
  abortAt = Infinity,
  poison = Infinity,
): Promise<Run & { reason: string }> {
  const o = { ...defaultOptions, use_vae: true, z_dim: 4, batchSize: 2, niter: 2, niter_decay: 2, ...options };
  const steps: string[] = [];
  const events: string[] = [];
  const stop = new AbortController();
  const stepper = {
    images: o.batchSize,
    options: {},
    prepare: (batch: { epsG: Float32Array; epsD: Float32Array }) => ({ batch }),
    step: async (
      { batch }: { batch: LoadedBatch & { epsG: Float32Array; epsD: Float32Array } },
      { lr, generator }: { lr: number; generator: boolean },
    ) => {
      steps.push(`${batch.epoch}.${batch.index} ${lr} ${generator} ${batch.epsG[0]} ${batch.epsD[0]}`);
      if (steps.length === abortAt) stop.abort();
      return { GAN: steps.length === poison ? NaN : 1 };
    },
    overflowed: [] as string[],
    mu: async () => new Float32Array(8),
  };
  const session = { stepper, position: { ...position }, nets: {}, styles: undefined } as unknown as RunParts;
  const source = {
    batchesPerEpoch: 3,
    async *batches(epoch: number, from: number) {
      for (let index = from; index < 3; index++)
        yield { epoch, index, labels: [], image: new Float32Array(0), paths: [] };
    },
  };
  const hooks: LoopHooks = {
    skipped: () => void events.push("skipped"),
    settled: async () => void events.push(`settled ${session.position.epoch}.${session.position.batch}`),
    step: async ({ iters }) => void events.push(`step ${iters}`),
    save: async (ended) => void events.push(`save${ended ? ` ${ended}` : ""}`),
    epoch: async (epoch) => void events.push(`epoch ${epoch}`),
    diagnose: async () => new Error("diagnosed") as never,
  };
  const ui = { say: () => {}, progress: () => {}, signal: stop.signal };
  const { reason } = await runLoop(o, session, source, ui, hooks);
  return { reason, steps, events, position: session.position };
}

test("epochs, saves and rates in the published order", async () => {
  const r = await run({ save_epoch_freq: 2, save_latest_freq: 8, lr: 0.4 });
  expect(r.reason).toBe("done");
  expect(r.steps).toHaveLength(12);
  expect(r.events.filter((e) => e.startsWith("save"))).toEqual(["save", "save 2", "save", "save 4"]);
  // niter 2, niter_decay 2: full rate to epoch 3, half of it in epoch 4.
  expect([1, 3, 4].map((e) => epochRate({ lr: 0.4, niter: 2, niter_decay: 2 }, e))).toEqual([0.4, 0.4, 0.2]);
  expect(r.steps[11].split(" ")[1]).toBe("0.2");
  expect(r.position).toEqual({ epoch: 5, batch: 0, step: 12, pictures: 24 });
});

test.each([1, 2, 3, 5, 11])("stopped after %i steps and gone on, the steps are those of one run", async (k) => {
  const whole = await run({ D_steps_per_G: 2 });
  const first = await run({ D_steps_per_G: 2, max_steps: k });
  expect(first.reason).toBe("max_steps");
  const rest = await run({ D_steps_per_G: 2 }, first.position);
  expect([...first.steps, ...rest.steps]).toEqual(whole.steps);
  expect(rest.position).toEqual(whole.position);
});

test("a signal ends the step and saves", async () => {
  const r = await run({}, undefined, 2);
  expect(r.reason).toBe("signal");
  expect(r.steps).toHaveLength(2);
  expect(r.events.at(-1)).toBe("save");
});

test("max_steps that are reached already: nothing runs", async () => {
  const r = await run({ max_steps: 4 }, { epoch: 2, batch: 1, step: 4, pictures: 8 });
  expect([r.reason, r.steps.length]).toEqual(["max_steps", 0]);
});

test("a loss that is not a number stops the run", async () => {
  await expect(run({}, undefined, Infinity, 3)).rejects.toThrow("diagnosed");
});

test("frequencies count pictures, as published", () => {
  expect([100, 101, 103, 104].map((total) => due(total, 100, 4))).toEqual([true, true, true, false]);
  expect(due(100, 0, 4)).toBe(false);
});
