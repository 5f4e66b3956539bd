// Training in a page on lavapipe gives the same bytes as in Node on lavapipe.

import { expect, test } from "vitest";
import { sha256 } from "../../src/formats/manifest.ts";
import { createTrainer } from "../../src/train_node.ts";
import type * as train from "../../src/train.ts";
import type { createSpade } from "../../src/index.ts";
import { options, sampleOf, samplesFrom } from "../trainer/pairs.ts";
import { describePage } from "./harness.ts";

const STEPS = 20;

interface TrainPage {
  lib: {
    createTrainer: typeof train.createTrainer;
    createSpade: typeof createSpade;
    sha256(blob: Blob): Promise<string>;
  };
  sampleOf: typeof sampleOf;
}

describePage("a training in a page", (lab) => {
  test("of twenty steps, gone on from a checkpoint in the middle, ends with the same bytes as in Node", async () => {
    const trainer = await createTrainer({ options, perceptual: false });
    for await (const _ of trainer.steps(samplesFrom(0), STEPS)) void _;
    const inNode = await sha256(new Uint8Array(await (await trainer.checkpoint()).arrayBuffer()));
    const { data } = await trainer.preview(sampleOf(2).label);
    const preview = await sha256(new Uint8Array(data));
    trainer.dispose();

    const page = await lab.page(undefined, {
      path: "/pages/train.html",
      before: `window.sampleOf = ${sampleOf.toString()}`,
    });
    const inPage = await page.evaluate(
      async ({ options, steps }) => {
        const { lib, sampleOf } = window as unknown as TrainPage;
        function* samples(first: number) {
          for (let i = first; ; i++) yield sampleOf(i);
        }
        const losses: number[] = [];
        const first = await lib.createTrainer({ options, perceptual: false });
        for await (const { step, losses: l } of first.steps(samples(0))) {
          losses.push(l.GAN);
          if (step === steps / 2) break;
        }
        const from = await first.checkpoint();
        first.dispose();
        const second = await lib.createTrainer({ from, perceptual: false });
        for await (const { losses: l } of second.steps(samples(steps / 2), steps / 2)) losses.push(l.GAN);
        const { label } = sampleOf(2);
        const picture = await second.preview(label);
        const weights = await second.save();
        const spade = await lib.createSpade({ weights, dtype: "f32" });
        const painted = await spade.generate(label);
        return {
          losses,
          checkpoint: await lib.sha256(await second.checkpoint()),
          preview: await lib.sha256(new Blob([picture.data as Uint8ClampedArray<ArrayBuffer>])),
          painted: await lib.sha256(new Blob([painted.data as Uint8ClampedArray<ArrayBuffer>])),
        };
      },
      { options, steps: STEPS },
    );
    expect(inPage.losses.length).toBe(STEPS);
    expect(new Set(inPage.losses).size).toBe(STEPS);
    expect(inPage).toMatchObject({ checkpoint: inNode, preview, painted: preview });
  });
});
