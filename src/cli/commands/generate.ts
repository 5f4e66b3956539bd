// generate: paints label maps. One painter serves all of them; it records tables again only for a map that needs larger ones.

import { profilePainter } from "../../painting/profile.ts";
import { readdir, stat } from "node:fs/promises";
import { basename, extname, join, sep } from "node:path";
import { noteInput } from "../../formats/inputs.ts";
import { writeSafetensors } from "../../formats/safetensors.ts";
import { f32Tensor } from "../../formats/tensors.ts";
import { comparable, isFolder, isHidden, StoredNames } from "../../datasets/folder.ts";
import type { LabelMap } from "../../labels/label_map.ts";
import type { Config } from "../../models/config.ts";
import { counted, foreign } from "../../runtime/errors.ts";
import { chromeTrace, profileTable, SpadeError, type Profile } from "../../runtime/index.ts";
import type { NetWeights } from "../../painting/open_net.ts";
import { toPicture } from "../../painting/present/picture.ts";
import { findEncoder, prepareStyle } from "../inputs/encoder.ts";
import { readInstanceMap, readLabelMap } from "../inputs/maps.ts";
import { openNetFile } from "../inputs/net.ts";
import { readRegionStyles } from "../inputs/region_styles.ts";
import { Outputs, type Output } from "../terminal/output.ts";
import { memoryPlan } from "../reports/memory_plan.ts";
import { pictureOutput, writePicture } from "../reports/picture.ts";
import type { Progress } from "../terminal/progress.ts";
import { drawStyle, readStyle } from "../inputs/style.ts";

export interface GenerateOptions {
  weights: string;
  /** Files, or one folder. */
  label: string[];
  instance?: string[];
  style?: string;
  /** Of nets with regions: the label map of a photo that --style names, and styles of single labels (region_styles.ts). */
  style_map?: string;
  style_of?: string[];
  /** Encoder file, used if the style is a picture. */
  encoder?: string;
  /** A file for one map, a folder for several. */
  out?: string;
  raw?: string;
  /** File of the trace; true: named after the picture. */
  profile?: string | boolean;
  plan?: boolean;
  dtype?: "auto" | "f16" | "f32";
  /** Of the noise of a net with add_noise; 0 by default. */
  noise_seed?: number;
  key?: string;
  force?: boolean;
  overrides: Partial<Config>;
}

interface Job {
  label: string;
  instance: string | undefined;
  out: string | undefined;
  raw: string | undefined;
  /** File of the trace; only the first map has one. */
  trace: string | undefined;
}

/** PNG files of a folder in natural order. */
async function pngsOf(folder: string): Promise<string[]> {
  const names = (await readdir(folder))
    .filter((f) => /\.png$/i.test(f) && !isHidden(f))
    .sort(new Intl.Collator("en", { numeric: true }).compare);
  if (!names.length) throw new SpadeError("file", folder, "holds no .png file", "give a folder of label maps");
  return names.map((f) => join(folder, f));
}

const exists = async (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Names that end like a file that we write; any other name may be a folder. */
const FILE_NAME = /\.(png|jpe?g|webp|safetensors)$/i;

const stem = (path: string): string => basename(path, extname(path));

/** The input and output files of each map. */
async function jobsOf(o: GenerateOptions): Promise<Job[]> {
  const many = o.label.length > 1 || (await isFolder(o.label[0]));
  const labels = (
    await Promise.all(o.label.map(async (path) => ((await isFolder(path)) ? pngsOf(path) : [path])))
  ).flat();
  let instances: (string | undefined)[] = labels.map(() => undefined);
  if (o.instance) {
    const [first] = o.instance;
    const stored = new StoredNames();
    if (o.instance.length === 1 && (await isFolder(first)))
      instances = await Promise.all(labels.map((label) => stored.find(first, basename(label))));
    else if (o.instance.length === labels.length) instances = o.instance;
    else
      throw new SpadeError(
        "usage",
        "--instance",
        `${o.instance.length} given for ${labels.length} label maps`,
        "give one for each label map in the same order, or a folder of files of the same names",
      );
  }
  if (!o.out && !o.raw && !o.plan && !o.profile)
    throw new SpadeError(
      "usage",
      "generate",
      "has nowhere to write",
      "give --out FILE.png (or a folder), --raw FILE.safetensors, or --plan",
    );
  const names = labels.map(stem);
  const known = new Set<string>();
  const twice = names.find((name) => known.size === known.add(comparable(name)).size);
  if (many && twice !== undefined)
    throw new SpadeError("usage", "--label", `two maps are called ${twice}`, "paint them in two runs, or rename one");
  const into = async (path: string | undefined, ending: string): Promise<(name: string) => string | undefined> => {
    if (path === undefined) return () => undefined;
    if (!many && !path.endsWith(sep) && !path.endsWith("/") && !(await isFolder(path))) return () => path;
    if (many && !(await isFolder(path))) {
      const is = (await exists(path)) ? "is a file" : FILE_NAME.test(path) ? "looks like a file name" : "";
      if (is)
        throw new SpadeError(
          "usage",
          path,
          `${is} where ${counted(labels.length, "map")} ${labels.length === 1 ? "needs" : "need"} a folder`,
          "give a folder",
        );
    }
    return (name) => join(path, `${name}${ending}`);
  };
  const out = await into(o.out, ".png");
  const raw = await into(o.raw, ".safetensors");
  const jobs = labels.map((label, i) => {
    const job = { label, instance: instances[i], out: out(names[i]), raw: raw(names[i]) };
    const trace = o.profile && i === 0 ? (typeof o.profile === "string" ? o.profile : traceName(job)) : undefined;
    return { ...job, trace };
  });
  return jobs;
}

const resultsOf = ({ out, raw, trace }: Job): Output[] => [
  ...(out === undefined ? [] : [pictureOutput(out)]),
  ...(raw === undefined ? [] : [{ path: raw, kind: "safetensors" } as const]),
  ...(trace === undefined ? [] : [{ path: trace, kind: "json" } as const]),
];

/** Refuses a result that would overwrite an input or another result. */
async function checkResults(o: GenerateOptions, jobs: readonly Job[], outputs: Outputs): Promise<void> {
  const results = jobs.flatMap(resultsOf);
  const encoder = await findEncoder(o.weights, o.encoder);
  if (o.style !== undefined) noteInput(o.style, "the style");
  if (o.style_map !== undefined) noteInput(o.style_map, "the style's label map");
  noteInput(o.weights, "the weights");
  if (encoder !== undefined) noteInput(encoder, "the encoder");
  for (const { label, instance } of jobs) {
    noteInput(label, "a label map");
    if (instance !== undefined) noteInput(instance, "an instance map");
  }
  await outputs.check(results);
}

async function readMaps(
  job: Job,
  { config, labels }: Pick<NetWeights, "config" | "labels">,
): Promise<{ map: LabelMap; instance: LabelMap | undefined }> {
  const map = await readLabelMap(job.label, config, labels);
  const instance =
    job.instance !== undefined && !config.no_instance
      ? await readInstanceMap(job.instance, config, job.label)
      : undefined;
  return { map, instance };
}

/** Paints the maps and yields the lines to print as they come, one per picture beside those of --plan and --profile. */
export async function* generate(o: GenerateOptions, progress: Progress): AsyncGenerator<string> {
  const jobs = await jobsOf(o);
  const outputs = new Outputs(o.force);
  await checkResults(o, jobs, outputs);
  if (o.plan) {
    yield await memoryPlan(o.weights, o, progress, (net) => readMaps(jobs[0], net));
    if (!o.out && !o.raw && !o.profile) return;
  }
  let encoding: Awaited<ReturnType<typeof prepareStyle>> | undefined;
  let regions: Awaited<ReturnType<typeof readRegionStyles>>;
  const net = await openNetFile(o.weights, { ...o, noiseSeed: o.noise_seed }, progress, async (described) => {
    const { config, presets } = described;
    regions = await readRegionStyles(o, described);
    if (!regions) encoding = await prepareStyle(await readStyle(o.style, config, presets), o.weights, o.encoder);
    if (o.instance && config.no_instance) progress.say("note: this net takes no instance map; --instance is ignored");
    if (o.noise_seed !== undefined && !config.add_noise && !regions)
      progress.say("note: this net has no noise (add_noise); --noise_seed is ignored");
    for (const [i, job] of jobs.entries()) {
      if (jobs.length > 1) progress.update("checking maps", i, jobs.length);
      await readMaps(job, described);
    }
    progress.end();
  });
  try {
    const { config, painter } = net;
    const { h, w } = painter.size;
    const wish = await encoding?.(net.device, config);
    const styled = await regions?.(net);
    for (const [i, job] of jobs.entries()) {
      const { map, instance } = await readMaps(job, net);
      const style = styled ? { name: styled.name, z: styled.codes(map, instance) } : drawStyle(wish!, config.z_dim);
      if (jobs.length > 1) progress.batch("painting", i, jobs.length);
      await net.setMap(map, instance);
      if (jobs.length === 1) progress.update("painting", 0, 1);
      const t0 = performance.now();
      await painter.runTables();
      const t1 = performance.now();
      const image = await painter.paint(style?.z);
      const t2 = performance.now();
      if (job.out) await writePicture(outputs, job.out, toPicture(image, w, h));
      if (job.raw) await writeRaw(outputs, job.raw, image, h, w);
      const files = [job.out, job.raw].filter(Boolean).join(", ") || basename(job.label);
      if (jobs.length === 1) progress.end();
      const line = `${foreign(files, 600)}: ${w}x${h}${style ? `, style ${style.name}` : ""}, label tables ${(t1 - t0).toFixed(0)} ms, picture ${(t2 - t1).toFixed(0)} ms`;
      yield line;
      if (job.trace !== undefined) yield* profileLines(await profilePainter(painter, style?.z), outputs, job.trace);
    }
  } finally {
    progress.end();
    net.dispose();
  }
}

const traceName = (job: Pick<Job, "out" | "raw" | "label">): string =>
  `${(job.out ?? job.raw ?? job.label).replace(/\.[^./]+$/, "")}.trace.json`;

async function* profileLines(profiles: readonly Profile[], outputs: Outputs, trace: string): AsyncGenerator<string> {
  for (const p of profiles) yield profileTable(p);
  await outputs.write({ path: trace, kind: "json" }, chromeTrace(profiles));
  yield `${foreign(trace, 600)}: open it in ui.perfetto.dev or chrome://tracing`;
}

/** The picture as the net gives it: `image` [1,3,H,W], f32 in [-1,1]. */
async function writeRaw(outputs: Outputs, path: string, image: Float32Array, h: number, w: number): Promise<void> {
  const planes = new Float32Array(image.length);
  for (let p = 0; p < h * w; p++) for (let c = 0; c < 3; c++) planes[c * h * w + p] = image[3 * p + c];
  const { data } = f32Tensor([1, 3, h, w], planes);
  await writeSafetensors(await outputs.sink({ path, kind: "safetensors" }), [
    { name: "image", dtype: "F32", shape: [1, 3, h, w], data: () => data },
  ]);
}
