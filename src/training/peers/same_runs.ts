// Whether all ranks train the same run: one version of this program, the same options, the same pictures.

import { basename } from "node:path";
import { sha256 } from "../../formats/manifest.ts";
import type { Dataset } from "../../datasets/dataset.ts";
import { counted, foreign, SpadeError } from "../../runtime/errors.ts";
import { version } from "../../../package.json";
import type { TrainOptions } from "../options.ts";
import { gather, type Peers } from "./peers.ts";

/** What may differ from machine to machine. */
const OF_A_MACHINE = [
  ...["checkpoints_dir", "dataroot", "label_dir", "image_dir", "instance_dir", "labels"],
  ...["vgg_weights", "init_from", "val_label_dir", "val_image_dir", "nThreads"],
];

interface Run {
  version: string;
  options: Record<string, unknown>;
  pairs: number;
  names: string;
}

/** @throws SpadeError usage, on every rank: the first difference from rank 0 */
export async function checkSameRuns(peers: Peers, o: TrainOptions, dataset: Dataset): Promise<void> {
  const names = Array.from({ length: dataset.length }, (_, i) => {
    const { label, image } = dataset.paths(i);
    return `${basename(label)}\0${basename(image)}`;
  });
  const own: Run = {
    version,
    options: Object.fromEntries(Object.entries(o).filter(([name]) => !OF_A_MACHINE.includes(name))),
    pairs: dataset.length,
    names: await sha256(new TextEncoder().encode(names.join("\n"))),
  };
  const [first, ...others] = gather<Run>(peers, own);
  for (const [i, other] of others.entries()) {
    const difference = differenceOf(first, other);
    if (difference) throw new SpadeError("usage", `rank ${i + 1}`, ...difference);
  }
}

function differenceOf(first: Run, other: Run): [problem: string, fix: string] | undefined {
  if (first.version !== other.version)
    return [
      `is version ${foreign(other.version, 40)} of this program, and rank 0 is ${first.version}`,
      "install one version on all machines",
    ];
  for (const name of new Set([...Object.keys(first.options), ...Object.keys(other.options)])) {
    const [a, b] = [first, other].map(({ options }) => JSON.stringify(options[name]) ?? "nothing");
    if (a !== b) return [`has the ${foreign(name, 40)} ${b}, and rank 0 has ${a}`, "give all ranks the same options"];
  }
  const fix = "give all machines the same data";
  if (first.pairs !== other.pairs) return [`sees ${counted(other.pairs, "pair")}, and rank 0 sees ${first.pairs}`, fix];
  if (first.names !== other.names) return ["sees pictures of other names than rank 0", fix];
  return undefined;
}
