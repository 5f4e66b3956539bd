#!/usr/bin/env node
// spade-webgpu: the commands. Results go to stdout, progress and notes to stderr; an error is one line and exit code 1.

import { Command, CommanderError, Option } from "commander";
import { removeUnfinished } from "../formats/file.ts";
import { foreign, printable, SpadeError } from "../runtime/errors.ts";
import { publishedNames, refuseExcess } from "./options/argv.ts";
import { addConfigOptions, addNoiseSeed, addRegionStyles, configOverrides } from "./options/config_options.ts";
import { withCommand } from "./terminal/command.ts";
import { interruptible, tidyAtEnd } from "./terminal/interrupt.ts";
import { adoptTerminal, endWithParent, runFiltered } from "./terminal/native_noise.ts";
import { Progress } from "./terminal/progress.ts";
import { progressOf, withRanks } from "./terminal/ranks.ts";
import { addRankOptions } from "./options/rank_options.ts";
import { stated } from "./options/stated.ts";
import { addTestOptions, resolveTestOptions } from "./options/test_options.ts";
import { argument, FORCE } from "./options/option_table.ts";
import { addDataCommands } from "./data_commands.ts";
import { addTrainOptions, resolveTrainOptions } from "./options/train_options.ts";
import { number } from "../training/option_rules.ts";
import { ElsewhereError, together } from "../training/peers/peers.ts";
import { DATASET_MODES } from "../datasets/options.ts";
import type { DemoOptions } from "./commands/demo/demo.ts";
import type { PaintOptions } from "./commands/paint.ts";
import { version } from "../../package.json";

/** Commands that start Dawn. */
const GPU_COMMANDS = new Set(["doctor", "generate", "export", "train", "test", "eval", "demo", "label", "dataset"]);

const print = (lines: readonly string[]): void => void process.stdout.write(`${printable(lines.join("\n"))}\n`);

function commands(): Command {
  const program = new Command("spade-webgpu");
  program
    .description("SPADE (GauGAN) on WebGPU: label map in, picture out")
    .version(version)
    .showHelpAfterError("(--help shows the options)")
    .exitOverride();

  const examining = program
    .command("doctor")
    .description("what adapter, what features, and does a real kernel give the right answer")
    .option("--json", "as JSON")
    .option("--ranks", "under mpirun: which machine and adapter each rank has, and how long ranks take to exchange");
  addRankOptions(examining).action(async ({ json, ranks, ...options }: { json?: boolean; ranks?: boolean }) => {
    const { lines, ok } = ranks
      ? await withRanks(options, report, (await import("./commands/doctor_ranks.ts")).examineRanks)
      : await (await import("./commands/doctor.ts")).doctor(json);
    if (lines.length) print(lines);
    if (!ok) process.exitCode = 1;
  });

  const converting = program
    .command("convert")
    .description("any checkpoint of tensors (.pth of any age, .safetensors) to .safetensors or .pth")
    .argument("<in>")
    .argument("<out>", ".safetensors or .pth")
    .addOption(
      new Option("--dtype <dtype>", "of floating-point tensors; left out: as they are").choices(["f16", "f32"]),
    )
    .option("--key <name>", "convert this nested dictionary alone")
    .option(
      "--labels <file>",
      'label names and colours to store with the weights: JSON [{ "id", "name", "color", "category"? }]',
    )
    .option(
      "--styles <file>",
      'names of the stored styles to keep, in order: JSON { "dusk": "style 3", "noon": "style 1" }; of SEAN: mean codes to store, as test writes them',
    )
    .option("--force", FORCE);
  addConfigOptions(converting).action(
    async (
      input: string,
      output: string,
      options: { dtype?: "f16" | "f32"; key?: string; labels?: string; styles?: string; force?: boolean },
    ) => {
      const { convert } = await import("./commands/convert.ts");
      const progress = new Progress();
      const mb = (n: number): number => Math.round(n / 1e6);
      const lines = await convert(input, output, {
        ...options,
        overrides: configOverrides(options as Record<string, unknown>),
        onProgress: ({ loaded, total }) => progress.update("converting, MB", mb(loaded), mb(total)),
      });
      progress.end();
      print(lines);
    },
  );

  program
    .command("info")
    .description("what a checkpoint holds, and the net that its keys and shapes say it is")
    .argument("<file>")
    .option("--key <name>", "this nested dictionary alone")
    .option("--all", "print every tensor, however many there are, and every class of a segmenter")
    .action(async (file: string, options: { key?: string; all?: boolean }) => {
      const { info } = await import("./commands/info.ts");
      print(await info(file, options));
    });

  program
    .command("manifest")
    .description("write FILE.json, with which pages check a weights file part by part while it arrives")
    .argument("<file>", ".safetensors")
    .option("--force", FORCE)
    .action(async (file: string, options: { force?: boolean }) => {
      const { writeManifest } = await import("./commands/manifest.ts");
      print(await writeManifest(file, options));
    });

  const generating = program
    .command("generate")
    .description("paint label maps")
    .requiredOption("--weights <file>", "a generator: .safetensors or .pth")
    .requiredOption("--label <png...>", "label maps, or a folder of them")
    .option("--instance <png...>", "instance maps in the same order, or a folder of files of the same names")
    .option(
      "--style <style>",
      "mean, random, seed:N, the name of a style stored with the net, a picture, or a safetensors file with z (nets with VAE)",
    )
    .option("--encoder <file>", "for the style of a picture; left out: <epoch>_net_E beside the weights")
    .option("--out <file>", "the picture (.png, .jpg, .webp), or a folder")
    .option("--raw <file>", "the picture as the net gives it: safetensors, image [1,3,H,W] in [-1,1]; or a folder")
    .option("--profile [file]", "time every kernel: a table, and a trace for Perfetto")
    .option("--plan", "print the memory by tensor; without --out nothing is painted")
    .addOption(
      new Option("--dtype <dtype>", "of weights and activations; auto: f16 where a GPU has it")
        .choices(["auto", "f16", "f32"])
        .default("auto"),
    )
    .option("--key <name>", "the generator's name in a nested checkpoint")
    .option("--force", FORCE);
  addRegionStyles(addNoiseSeed(addConfigOptions(generating))).action(async (options: Record<string, unknown>) => {
    const { generate } = await import("./commands/generate.ts");
    const progress = new Progress();
    for await (const line of generate(
      { ...(options as unknown as Parameters<typeof generate>[0]), overrides: configOverrides(options) },
      progress,
    )) {
      progress.above(() => print([line]));
    }
  });

  const exporting = program
    .command("export")
    .description("the generator as ONNX (opset 17, standard operators)")
    .requiredOption("--weights <file>", "a generator: .safetensors or .pth")
    .requiredOption("--onnx <out>", "the file to write")
    .option("--key <name>", "the generator's name in a nested checkpoint")
    .option("--force", FORCE);
  addConfigOptions(exporting).action(
    async (options: { weights: string; onnx: string; key?: string; force?: boolean }) => {
      const { exportOnnx } = await import("./commands/export.ts");
      print(
        await exportOnnx(
          { ...options, overrides: configOverrides(options as unknown as Record<string, unknown>) },
          new Progress(),
        ),
      );
    },
  );

  const training = program
    .command("train")
    .description("train a net: options as published; Ctrl-C stops with a checkpoint; under mpirun on several GPUs");
  addTrainOptions(addRankOptions(training, true)).action((given: Record<string, unknown>) =>
    withRanks(given, report, async (peers) => {
      const progress = progressOf(peers);
      const options = await together(peers, async () =>
        resolveTrainOptions(given, await stated(given, progress, peers ? ["gpu_ids"] : [])),
      );
      const { trainCommand } = await import("./commands/train.ts");
      const lines = await trainCommand(options, process.argv.slice(3), progress, peers);
      if (!peers?.rank) print(lines);
    }),
  );

  const testing = program
    .command("test")
    .description("paint a data set with a trained net: options as published; under mpirun each rank paints its part");
  addTestOptions(addRankOptions(testing)).action((given: Record<string, unknown>) =>
    withRanks(given, report, async (peers) => {
      const progress = progressOf(peers);
      const saved = await stated(given, progress, ["display_winsize", ...(peers ? ["gpu_ids"] : [])]);
      const { testNet } = await import("./commands/test.ts");
      const started = (path: string): void => print([`process image... ${foreign(path, 600)}`]);
      const { line, whole } = await interruptible(
        "finishing the picture",
        (note) => progress.say(note),
        (signal) => testNet(resolveTestOptions(given, saved), progress, signal, started, peers),
      );
      if (!peers?.rank) print([line]);
      if (!whole) process.exitCode = 130;
    }),
  );

  const evaluating = program
    .command("eval")
    .description("how good pictures are: labels found again in them, feature distances to photos, diversity of styles")
    .requiredOption("--label_dir <folder>", "label maps; pictures belong to those of their basenames")
    .option("--results <folder>", "painted pictures: what test wrote (results/NAME), or any folder of pictures")
    .option("--image_dir <folder>", "photos of the same maps")
    .option(
      "--segmenter <ade20k|file>",
      "ade20k: the net of spade-webgpu-weights, on this engine (a file of that name is ./ade20k); or ONNX: pictures [n,3,H,W], RGB in 0..1, to logits [n,classes,h,w]",
    )
    .option(
      "--groups <file>",
      'with ade20k, compare groups of labels: JSON { "groups": { NAME: { "labels": [names or ids], "ade20k": [names or ids] } } }',
    )
    .option("--labels <file>", 'label names: JSON [{ "id", "name", "color", "category"? }]')
    .addOption(
      new Option("--dataset_mode <mode>", "instead of --labels: the label names of a published data set").choices(
        DATASET_MODES.filter((mode) => mode !== "custom"),
      ),
    )
    .option(
      "--void <id...>",
      "labels that do not count, beside 255; left out: those named void or unlabeled in --labels",
      (text: string, ids: number[] | undefined) => [...(ids ?? []), argument(number(0, true))(text)],
    )
    .option("--weights <file>", "a generator with VAE, for the diversity of its styles")
    .option("--instance_dir <folder>", "its instance maps, called as the label maps")
    .option("--key <name>", "the generator's name in a nested checkpoint")
    .option("--json <file>", "write the figures as JSON")
    .option("--force", FORCE);
  addConfigOptions(evaluating).action(async (options: Record<string, unknown>) => {
    const { evaluate } = await import("./commands/eval.ts");
    const o = { ...(options as unknown as Parameters<typeof evaluate>[0]), overrides: configOverrides(options) };
    print(await evaluate(o, new Progress()));
  });

  addDataCommands(program, { print, report });

  program
    .command("demo")
    .description("paint a landscape in six styles, with a net of the npm package spade-webgpu-weights")
    .option(
      "--map <name>",
      "lake, coast, meadow, street, or a COCO-Stuff map in demo/maps, painted at full size by a seeded net",
      "lake",
    )
    .option("--out <folder>", "where the pictures go (default: demo/ in a clone, else this folder)")
    .option("--weights <file>", "another generator of the map's labels, with VAE; for --regions, of SEAN")
    .option("--regions", "paint a landscape's sky in one drawn style and its mountains in another, with a net of SEAN")
    .option("--seed <n>", "of the styles; of a COCO-Stuff map, of the weights", argument(number(0, true)), 0)
    .option("--force", FORCE)
    .action(async (options: DemoOptions) => {
      const { demo } = await import("./commands/demo/choose.ts");
      print(await demo(options, new Progress()));
    });

  program
    .command("paint")
    .description(
      "the painting studio: serves a page on this machine, with the nets of spade-webgpu-weights, until Ctrl-C",
    )
    .option("--port <n>", "default: 8000, or the next that is free", argument(number(0, true, 65535)))
    .option("--host <host>", "address to listen on", "127.0.0.1")
    .action(async (options: PaintOptions) => {
      const { serveStudio, untilStopped } = await import("./commands/paint.ts");
      const { server, lines } = await serveStudio(options);
      print(lines);
      await untilStopped(server);
    });

  for (const command of program.commands)
    command.exitOverride().showHelpAfterError("(--help shows the options)").allowExcessArguments();
  for (const command of program.commands)
    if (GPU_COMMANDS.has(command.name()))
      command.option("--variants <file>", "a plan of kernel variants (JSON), as in SPADE_VARIANTS; docs/bench.md");
  program.hook("preAction", (_, command) => {
    refuseExcess(command);
    // What opens a device reads the plan from there, in this process and in those that it starts.
    const { variants } = command.opts<{ variants?: string }>();
    if (variants !== undefined) process.env.SPADE_VARIANTS = variants;
  });
  return program;
}

/** Prints an error, a SpadeError as its message and any other with its stack, and gives the exit code. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode;
  // Another rank says why.
  if (error instanceof ElsewhereError) return 1;
  if (error instanceof SpadeError)
    process.stderr.write(`error: ${withCommand(error.message).replaceAll("\n", "\n  ")}\n`);
  else
    process.stderr.write(
      `unexpected error, please report it:\n${printable(error instanceof Error ? (error.stack ?? error.message) : String(error))}\n`,
    );
  return 1;
}

async function main(): Promise<number> {
  const program = commands();
  const args = publishedNames(process.argv.slice(2), program);
  try {
    if (GPU_COMMANDS.has(args[0]) && !args.includes("--help") && !args.includes("-h")) {
      const code = await runFiltered(args);
      if (code !== undefined) return code;
      adoptTerminal();
      endWithParent();
    }
    await program.parseAsync(args, { from: "user" });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    return report(error);
  }
}

// `| head` closes the pipe early, which is no error. A closed terminal (EIO) also sends SIGHUP, whose handler ends long work.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EIO") process.exit(error.code === "EPIPE" ? 0 : 1);
});
process.stderr.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EIO" && error.code !== "EPIPE") throw error;
});
tidyAtEnd(removeUnfinished);
const code = await main();
// Dawn's threads may keep the process alive, so exit once both streams are flushed: a pipe takes 64 kB at a time.
process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
