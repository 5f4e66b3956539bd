// The commands that make and look at data sets: dataset, label, coco-instances.

import { Option, type Command } from "commander";
import { defaultData, type DataOptions } from "../datasets/options.ts";
import { number } from "../training/option_rules.ts";
import type { CocoInstancesCommand } from "./commands/coco_instances.ts";
import type { DatasetCommand } from "./commands/dataset.ts";
import type { LabelCommand } from "./commands/label.ts";
import { interruptible } from "./terminal/interrupt.ts";
import { Progress } from "./terminal/progress.ts";
import { progressOf, withRanks } from "./terminal/ranks.ts";
import { addTable, argument, FORCE, text } from "./options/option_table.ts";
import { addRankOptions, type RankOptions } from "./options/rank_options.ts";
import { describeDefault } from "./options/train_options.ts";
import { DATA } from "./options/train_table.ts";

/** How the program speaks. */
interface Voice {
  print(lines: readonly string[]): void;
  report(error: unknown): void;
}

export function addDataCommands(program: Command, { print, report }: Voice): void {
  addTable(
    program
      .command("dataset")
      .description("look at a data set before training: what is wrong, what its labels are, which options fit")
      .option("--out <file>", "a sheet of 16 pairs to look at (.png, .jpg, .webp)", "dataset.png")
      .option("--labels_out <file>", "where label maps hold colours: write a list of them, for --labels")
      .option("--force", FORCE),
    "Data, as in train",
    { ...DATA, labels: text("<file>", "label names and colours (JSON): label maps in these colours are understood") },
    (name) => describeDefault(name, defaultData[name as keyof DataOptions], false),
  ).action(async (given: Partial<DataOptions> & DatasetCommand) => {
    const { examineMachine, lookAtDataset } = await import("./commands/dataset.ts");
    const progress = new Progress();
    const { lines, ok } = await lookAtDataset(given, given, progress, () => examineMachine(progress));
    print(lines);
    if (!ok) process.exitCode = 1;
  });

  const labelling = program
    .command("label")
    .description(
      "label maps for photos, found by a network (ADE20K): a data set from any folder of photos; under mpirun each rank labels its part",
    )
    .requiredOption("--image_dir <folder>", "photos, in folders below it too")
    .requiredOption("--out <folder>", "where the label maps go; those that are there stay, so the same command goes on")
    .option(
      "--labels <file>",
      'the labels: JSON [{ "id", "name", "color", "category"? }]; left out: the sixteen labels of landscapes',
    )
    .addOption(
      new Option("--dataset_mode <set>", "labels of a published data set, if --labels is left out").choices([
        "coco",
        "ade20k",
        "cityscapes",
      ]),
    )
    .option("--map <file>", 'labels of classes beyond those of equal names: JSON { "earth": "dirt", "person": null }')
    .option(
      "--min_confidence <p>",
      "from 0 to 1: pixels of which the network is less sure are 255, unknown",
      argument(number(0, false, 1)),
      0,
    )
    .option("--sheet <file>", "a sheet of 16 photos with their maps (.png, .jpg, .webp)", "label.png")
    .option("--force", `make maps again that are there; ${FORCE}`);
  addRankOptions(labelling).action((options: LabelCommand & RankOptions) =>
    withRanks(options, report, async (peers) => {
      const { labelPhotos } = await import("./commands/label.ts");
      const progress = progressOf(peers);
      const { lines, whole } = await interruptible(
        "finishing the photo",
        (note) => progress.say(note),
        (signal) => labelPhotos(options, progress, signal, peers),
      );
      if (lines.length) print(lines);
      if (!whole) process.exitCode = 1;
    }),
  );

  program
    .command("coco-instances")
    .description("instance maps of COCO from its annotations, one for each label map")
    .option(
      "--annotation_file, --annotations <file>",
      "instances_train2017.json or the like",
      "./annotations/instances_train2017.json",
    )
    .option("--input_label_dir, --label_dir <folder>", "label maps (stuffthingmaps)", "./train_label/")
    .option("--output_instance_dir, --out <folder>", "where the instance maps go", "./train_inst/")
    .option(
      "--as_published",
      "things numbered 0, 1, 2 ... as the published script does, where a number may be the label beside it",
    )
    .option("--force", FORCE)
    .action(async (options: CocoInstancesCommand) => {
      const { cocoInstances } = await import("./commands/coco_instances.ts");
      print(await cocoInstances(options, new Progress()));
    });
}
