// --init_from: the nets of a file and of those beside it, for a run that begins with them.

import { existsSync } from "node:fs";
import { basename } from "node:path";
import type { Checkpoint } from "../../formats/checkpoint.ts";
import { openCheckpointFile } from "../../formats/file.ts";
import { shapesOf } from "../../formats/tensors.ts";
import { datasetDefaults, type DatasetMode } from "../../datasets/options.ts";
import { labelsFor, publishedLabels } from "../../datasets/names.ts";
import { labelCount, type Config, type LabelConfig } from "../../models/config.ts";
import { kindOf } from "../../models/kinds.ts";
import type { Net } from "../../models/weights/packing.ts";
import type { StateSource } from "../../models/weights/parameters.ts";
import { checkpointSource } from "../../models/weights/source.ts";
import { describeNet } from "../../painting/describe_net.ts";
import type { Label } from "../../pictures/label_names.ts";
import { foreign, SpadeError } from "../../runtime/errors.ts";
import type { TrainOptions } from "../options.ts";
import { optionsBeside } from "../records/opt_beside.ts";
import type { Role } from "../state.ts";
import { fit, gridsOf } from "./fit.ts";
import { matchLabels, type LabelMatch } from "./labels.ts";

/** Most lines about what does not fit, for each net. */
const MOST_LINES = 8;
/** Published data sets whose label options no other data set has by default. */
const SETS: readonly DatasetMode[] = ["coco", "ade20k", "cityscapes"];
/** A key that only such a net has. */
const MARKS = { D: "discriminator_0.model0.0.weight", E: "fc_mu.weight" } as const;

/** The files of --init_from, open. */
export class InitNets {
  private constructor(
    private readonly o: TrainOptions,
    private readonly config: Config,
    private readonly labels: LabelMatch,
    private readonly files: Partial<Record<Role, Checkpoint>>,
    private readonly say: (line: string) => void,
  ) {}

  /**
   * Opens o.init_from, and discriminator and encoder beside it, and compares them with the run's options.
   * @throws SpadeError file: damaged or no checkpoint; unsupported: no generator; usage: one of another width or kind
   */
  static async open(o: TrainOptions, say: (line: string) => void): Promise<InitNets> {
    const path = o.init_from;
    const files: Partial<Record<Role, Checkpoint>> = { G: await openCheckpointFile(path) };
    try {
      const { config, names } = await describeGenerator(path, files.G!, say);
      checkKind(o, config);
      for (const role of ["D", "E"] as const) {
        if (role === "E" && !o.use_vae) continue;
        const file = await openBeside(path, role, files.G!);
        if (file) files[role] = file;
      }
      const labels = matchLabels({ config, names }, { config: o, names: labelsFor(o) });
      for (const line of labels.lines) say(line);
      return new InitNets(o, config, labels, files, say);
    } catch (error) {
      for (const file of new Set(Object.values(files))) await file.close();
      throw error;
    }
  }

  /** A net's values; what does not fit is said, and is `fresh`. */
  source(role: Role, net: Net, fresh: StateSource): StateSource {
    const file = this.files[role];
    const from = foreign(basename(this.o.init_from));
    if (!file) {
      this.say(`${role} begins anew: none lies beside ${from}`);
      return fresh;
    }
    const grids = role === "G" ? gridsOf(this.config, this.o) : undefined;
    const { source, taken, lines } = fit(net, fresh, checkpointSource(file), this.labels, grids);
    this.say(`${role} from ${foreign(basename(this.pathOf(role)))}: ${taken.length} of ${net.shapes.size} tensors`);
    for (const line of lines.slice(0, MOST_LINES)) this.say(`  ${role}, ${line}`);
    if (lines.length > MOST_LINES) this.say(`  ${role}, and ${lines.length - MOST_LINES} more like these`);
    return source;
  }

  private pathOf(role: Role): string {
    const { init_from } = this.o;
    return role === "G" ? init_from : (besides(init_from, role) ?? init_from);
  }

  async close(): Promise<void> {
    for (const file of new Set(Object.values(this.files))) await file.close();
  }
}

/** Path of the net of a role beside <which>_net_G or <which>_net_G_ema; undefined where there is none. */
function besides(path: string, role: "D" | "E"): string | undefined {
  const [, stem] = /^(.*_net_)G(?:_ema)?\.\w+$/.exec(path) ?? [];
  if (stem === undefined) return undefined;
  return [".safetensors", ".pth"].map((ending) => `${stem}${role}${ending}`).find(existsSync);
}

/** Opens the net of a role beside a generator's file, or in it, where createTrainer saves the encoder. @throws SpadeError file: it is another net */
async function openBeside(path: string, role: "D" | "E", generator: Checkpoint): Promise<Checkpoint | undefined> {
  const has = (file: Checkpoint): boolean => shapesOf(file).has(MARKS[role]);
  const beside = besides(path, role);
  if (beside === undefined) return has(generator) ? generator : undefined;
  const file = await openCheckpointFile(beside);
  if (has(file)) return file;
  await file.close();
  const what = { D: "discriminator", E: "encoder" }[role];
  throw new SpadeError("file", beside, `is no ${what}: it has no ${MARKS[role]}`, "move it away, and a new one begins");
}

/** What a generator's file says of itself, and the opt file beside it. */
async function describeGenerator(
  path: string,
  file: Checkpoint,
  say: (line: string) => void,
): Promise<{ config: Config; names: readonly Label[] | undefined }> {
  try {
    const overrides = await optionsBeside(path, file, {}, say);
    const { config, labels, note } = describeNet(file, { weights: path, overrides });
    if (note) say(`note: ${foreign(basename(path))}: ${note.message}`);
    return { config, names: labels ?? publishedNames(config) };
  } catch (error) {
    if (!(error instanceof SpadeError) || error.where !== "weights") throw error;
    throw new SpadeError(error.code, `--init_from ${foreign(path)}`, error.problem, error.fix, error);
  }
}

/** The names of the published data set that has these labels. */
function publishedNames(c: LabelConfig): readonly Label[] | undefined {
  const mode = SETS.find((set) => {
    const { label_nc, contain_dontcare_label, no_instance } = datasetDefaults(set);
    return (
      label_nc === c.label_nc && contain_dontcare_label === c.contain_dontcare_label && no_instance === c.no_instance
    );
  });
  return mode && publishedLabels(mode)?.slice(0, labelCount(c));
}

/** Of another kind or width, hardly a weight fits. @throws SpadeError usage */
function checkKind(o: TrainOptions, config: Config): void {
  const wrong = (option: "netG" | "ngf", what: string): SpadeError =>
    new SpadeError(
      "usage",
      `--${option} ${o[option]}`,
      `fits no weight of ${foreign(o.init_from)}, which has ${what}`,
      `give --${option} ${config[option]}`,
    );
  if (config.netG !== o.netG) throw wrong("netG", kindOf(config).title);
  if (config.ngf !== o.ngf) throw wrong("ngf", `ngf ${config.ngf}`);
}
