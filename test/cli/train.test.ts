// The train command: what it shows, how it stops, how it says to go on; one tiny run as a user starts it.

import { spawn } from "node:child_process";
import { mkdtemp, readFile, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { interruptible } from "../../src/cli/terminal/interrupt.ts";
import { Progress } from "../../src/cli/terminal/progress.ts";
import { describeProgress, duration, ending, resumeCommand, trainUi } from "../../src/cli/commands/train.ts";
import type { TrainProgress } from "../../src/training/ui.ts";
import { labelPng, photoPng, write } from "../datasets/folders.ts";

const at = (step: number, more: Partial<TrainProgress> = {}): TrainProgress => ({
  epoch: 2,
  epochs: 50,
  step,
  steps: 30,
  losses: { GAN: 0.51234, D_real: 1 },
  imagesPerSecond: 3.21,
  secondsLeft: 4000,
  ...more,
});

test("progress in words", () => {
  expect(describeProgress(at(1))).toBe("3.2 images/s, 1 h 7 min left, GAN 0.512, D_real 1.000");
  expect([4.6, 59, 60, 3599, 7260, 90000, Infinity].map(duration)).toEqual([
    ...["5 s", "59 s", "1 min", "1 h 0 min", "2 h 1 min", "1 d 1 h", "?"],
  ]);
});

/** A stream that keeps what is written. */
function sink(isTTY: boolean): { stream: NodeJS.WriteStream; text: () => string } {
  let text = "";
  const stream = {
    ...{ isTTY, columns: 160, write: (s: string) => ((text += s), true) },
    ...{ on: () => stream, once: () => stream, removeListener: () => stream },
  };
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => text };
}

test("a log has a line for the first step, one every print_freq pictures, over epochs, and one for the last step", () => {
  const { stream, text } = sink(false);
  const ui = trainUi({ print_freq: 10, batchSize: 4 }, new Progress(stream), new AbortController().signal);
  for (let epoch = 1; epoch <= 2; epoch++)
    for (let step = 1; step <= 3; step++) ui.progress(at(step, { epoch, steps: 3 }));
  // Pictures 4 8 12 | 16 20 24: as published, those whose rest by 10 is below the batch.
  const lines = ["epoch 1/50, step 1/3", "epoch 1/50, step 3/3", "epoch 2/50, step 2/3"];
  expect(text().match(/epoch \d\/50, step \d\/3/g)).toEqual(lines);
  ui.ended();
  expect(text().match(/epoch \d\/50, step \d\/3/g)).toEqual([...lines, "epoch 2/50, step 3/3"]);
  ui.ended();
  expect(text().match(/epoch/g)).toHaveLength(4);
});

test("the kernels that compile before the first step are counted; a log says nothing of those after it", () => {
  const [log, terminal] = [sink(false), sink(true)];
  for (const { stream } of [log, terminal]) {
    const ui = trainUi({ print_freq: 10, batchSize: 4 }, new Progress(stream), new AbortController().signal);
    for (let done = 1; done <= 3; done++) ui.compiling!("G", done, 3);
    ui.progress(at(1));
    ui.compiling!("D", 1, 2);
    ui.compiling!("D", 2, 2);
    ui.ended();
  }
  expect(log.text()).toMatch(/^compiling the G step \.\.\.\nepoch 2\/50, step 1\/30: [^\n]+\n$/);
  expect(terminal.text()).toMatch(/compiling the G step .*\b3\/3\b/);
  expect(terminal.text()).toMatch(/compiling the D step .*\b2\/2\b/);
  // The bar is gone at the end, and the losses stay.
  expect(terminal.text()).toMatch(/epoch 2\/50, step 1\/30: 3\.2 images\/s, [^\n]+\n$/);
});

test("a terminal has a bar an epoch, with the losses behind it", () => {
  const { stream, text } = sink(true);
  const progress = new Progress(stream);
  const ui = trainUi({ print_freq: 1, batchSize: 1 }, progress, new AbortController().signal);
  ui.progress(at(29));
  ui.say("saved");
  ui.progress(at(30));
  progress.end();
  expect(text()).toContain("epoch 2/50");
  expect(text()).toMatch(/30\/30 .+ 3\.2 images\/s, 1 h 7 min left, GAN 0\.512/);
  expect(text()).toContain("\r\x1b[Ksaved\n");
});

test("a run's end in words: one step, several, and what to raise where all is done", () => {
  const o = { niter: 2, niter_decay: 0, max_steps: Infinity };
  expect(ending(o, "done", 1)).toBe("done after 1 step");
  expect(ending(o, "signal", 2)).toBe("stopped after 2 steps");
  expect(ending(o, "done", 0)).toBe("all 2 epochs are done; for more raise --niter (now 2)");
  expect(ending({ ...o, niter_decay: 3 }, "done", 0)).toBe(
    "all 5 epochs are done; for more raise --niter (now 2) or --niter_decay (now 3)",
  );
  expect(ending({ ...o, max_steps: 1 }, "max_steps", 0)).toBe(
    "1 step is done, as --max_steps says; for more raise it or leave it out",
  );
});

test("the command that goes on is the one given, once with --continue_train", () => {
  const wanted = "node dist/cli.js train --name mine --label_dir 'a b' --continue_train";
  for (const args of [[], ["--continue_train"], ["--continue-train", "true"], ["--continue_train=false"]])
    expect(resumeCommand(["--name", "mine", ...args, "--label_dir", "a b"], "max_steps")).toBe(wanted);
  for (const steps of [["--max_steps", "5"], ["--max-steps=5"]])
    expect(resumeCommand([...steps, "--name", "x"], "max_steps")).toBe(
      "node dist/cli.js train --name x --continue_train",
    );
  expect(resumeCommand(["--max_steps", "9", "--which_epoch", "3"], "signal")).toBe(
    "node dist/cli.js train --max_steps 9 --continue_train",
  );
  expect(resumeCommand(["--name", "it's"], "max_steps")).toBe(
    `node dist/cli.js train --name 'it'\\''s' --continue_train`,
  );
});

describe("signals", () => {
  afterEach(() => void vi.restoreAllMocks());
  /** Calls the handlers that were added, and no other's. */
  function handlers(): (name: NodeJS.Signals) => void {
    const before = process.listeners("SIGINT");
    return (name) => {
      const added = process.listeners(name).filter((l) => !before.includes(l));
      expect(added).toHaveLength(1);
      added[0](name);
    };
  }

  test("the first asks; one press that arrives twice is one; the second exits", async () => {
    const exit = vi.spyOn(process, "exit").mockReturnValue(undefined as never);
    const clock = vi.spyOn(performance, "now").mockReturnValue(1000);
    const press = handlers();
    const said: string[] = [];
    const result = await interruptible(
      "finishing",
      (line) => said.push(line),
      async (signal) => {
        expect(signal.aborted).toBe(false);
        press("SIGINT");
        expect(signal.aborted).toBe(true);
        press("SIGINT");
        expect(exit).not.toHaveBeenCalled();
        clock.mockReturnValue(2000);
        press("SIGINT");
        return "done";
      },
    );
    expect(result).toBe("done");
    expect(said).toEqual(["finishing; press again to stop at once"]);
    expect(exit.mock.calls).toEqual([[130]]);
  });

  test("a closed terminal asks as SIGTERM does", async () => {
    const press = handlers();
    const asked = interruptible(
      "finishing",
      () => undefined,
      async (signal) => {
        press("SIGHUP");
        return signal.aborted;
      },
    );
    expect(await asked).toBe(true);
  });

  test("afterwards signals are the process's own again", async () => {
    const before = [process.listenerCount("SIGINT"), process.listenerCount("SIGTERM")];
    await expect(
      interruptible(
        "x",
        () => undefined,
        () => Promise.reject(new Error("failed")),
      ),
    ).rejects.toThrow("failed");
    expect([process.listenerCount("SIGINT"), process.listenerCount("SIGTERM")]).toEqual(before);
  });
});

describe("a tiny run", () => {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "spade-train-"));
    for (let n = 0; n < 4; n++)
      await write(dir, {
        [`label/${n}.png`]: labelPng(64, 64, (x) => (x < 32 ? n % 3 : 1)),
        [`image/${n}.png`]: photoPng(64, 64, (x, y) => [60 * n, 4 * x, 4 * y]),
      });
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  /** Runs the command; `seen` hears what stderr says so far, and may end it. */
  function train(
    args: string[],
    seen: (err: string, kill: (signal: NodeJS.Signals) => void) => void = () => undefined,
  ) {
    return new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
      const child = spawn(process.execPath, [join(root, "dist/cli.js"), "train", ...args], { cwd: dir });
      let [out, err] = ["", ""];
      child.stdout.on("data", (text) => (out += String(text)));
      child.stderr.on("data", (text) => {
        err += String(text);
        seen(err, (signal) => child.kill(signal));
      });
      child.on("close", (code) => resolve({ code, out, err }));
    });
  }

  const ARGS = [
    ...["--name", "tiny", "--dataset-mode", "custom", "--label_dir", "label", "--image_dir", "image"],
    ...["--label_nc", "3", "--crop_size", "64", "--load_size", "64", "--ngf", "1", "--ndf", "2", "--batchSize", "2"],
    ...["--no_vgg_loss", "--print_freq", "1", "--no_html", "--gpu_ids", "0"],
  ];

  test("stops at Ctrl-C with a checkpoint, and goes on from it with the opt file's options", async () => {
    let pressed = false;
    const first = await train([...ARGS, "--niter", "500"], (err, kill) => {
      if (pressed || !err.includes("step 1/2: ")) return;
      pressed = true;
      kill("SIGINT");
    });
    expect({ code: first.code, err: first.err }).toMatchObject({ code: 0 });
    expect(first.err).toContain("note: --gpu_ids means nothing here\n");
    expect(first.err).toMatch(/epoch 1\/500, step 1\/2: [\d.]+ images\/s, .+ left, .*GAN [\d.-]+.*D_real [\d.]+\n/);
    expect(first.err).toContain("finishing the step, saving; press again to stop at once\n");
    const [, steps] = /^stopped after (\d+) steps?: checkpoints\/tiny\n/.exec(first.out)!;
    const cli = relative(await realpath(dir), await realpath(join(root, "dist", "cli.js")));
    expect(first.out).toContain(`\nto go on: node ${cli} train --name tiny --dataset_mode custom `);
    expect(JSON.parse(await readFile(join(dir, "checkpoints/tiny/opt.json"), "utf8"))).toMatchObject({
      ...{ name: "tiny", dataset_mode: "custom", label_nc: 3, load_size: 64, niter: 500 },
    });
    const epochs = String(Math.ceil((Number(steps) + 1) / 2));
    const rest = ["--name", "tiny", "--load_from_opt_file", "--continue_train", "--niter", epochs];
    const second = await train(rest);
    expect({ code: second.code, err: second.err }).toMatchObject({ code: 0 });
    const left = 2 * Number(epochs) - Number(steps);
    expect(second.out).toBe(`done after ${left} step${left === 1 ? "" : "s"}: checkpoints/tiny\n`);
    const third = await train(rest);
    const all = epochs === "1" ? "the one epoch is" : `all ${epochs} epochs are`;
    expect(third.out).toBe(`${all} done; for more raise --niter (now ${epochs}): checkpoints/tiny\n`);
  }, 180_000);

  test("options that cannot work are one line and exit code 1, before any file", async () => {
    const { code, out, err } = await train(["--name", "never", "--crop_size", "250"]);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toMatch(/^error: --crop_size 250: is no multiple of 32, .+\n$/);
  });
});
