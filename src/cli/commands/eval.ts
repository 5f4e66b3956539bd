// eval: measures how good painted pictures are. A segmenter labels them, to compare with the label maps; their features are compared with
// those of photos; the distance between two styles of one map is compared with the distance between two photos.

import { basename, join } from "node:path";
import { StoredNames } from "../../datasets/folder.ts";
import { publishedLabels, readLabelList } from "../../datasets/names.ts";
import type { DatasetMode } from "../../datasets/options.ts";
import { readPhoto } from "../../datasets/photo.ts";
import { pictureDiversity, styleDiversity } from "../../evaluation/diversity.ts";
import { FeatureExtractor } from "../../evaluation/features.ts";
import { listLabelMaps, listPhotos, listResults, pairsOf, readIds } from "../../evaluation/files.ts";
import { FRECHET_NAME, frechetDistance, gaussian } from "../../evaluation/frechet.ts";
import { parseGroups } from "../../evaluation/groups.ts";
import { scoresOf, type Pair } from "../../evaluation/segmenter.ts";
import { existingText } from "../../formats/file.ts";
import { noteInput } from "../../formats/inputs.ts";
import type { LabelMap } from "../../labels/label_map.ts";
import type { Config } from "../../models/config.ts";
import { normalValues } from "../../models/philox.ts";
import type { OpenNet } from "../../painting/open_net.ts";
import { SpadeError, type Device } from "../../runtime/index.ts";
import { checkJudge, isSegmenterFile, openJudge, type JudgeOptions } from "../inputs/judge.ts";
import { readInstanceMap, readLabelMap } from "../inputs/maps.ts";
import { openDeviceFor, openNetFor, withNetFile } from "../inputs/net.ts";
import { describe, type Evaluation } from "../reports/evaluation_report.ts";
import { Outputs } from "../terminal/output.ts";
import type { Progress } from "../terminal/progress.ts";

export interface EvalOptions {
  results?: string;
  label_dir: string;
  /** Photos of the same maps. */
  image_dir?: string;
  instance_dir?: string;
  /** An ONNX file, or "ade20k", the published one. */
  segmenter?: string;
  /** JSON file with label names. */
  labels?: string;
  /** A published data set, for the names of its labels, if `labels` gives none. */
  dataset_mode?: DatasetMode;
  /** JSON file with groups of labels and classes. */
  groups?: string;
  /** Labels that are not counted, in addition to 255. */
  void?: number[];
  /** A generator with VAE, for style diversity. */
  weights?: string;
  key?: string;
  json?: string;
  force?: boolean;
  overrides: Partial<Config>;
}

/** Pairs of label maps and pictures: painted ones and photos. */
interface Pairs {
  results: Pair[] | undefined;
  photos: Pair[] | undefined;
}

/** Pictures that are read into memory at once. */
const READ_AT_ONCE = 16;

/** Measures and gives the lines to print. Fails with `usage` if the options leave nothing to measure. */
export async function evaluate(o: EvalOptions, progress: Progress): Promise<string[]> {
  checkOptions(o);
  const maps = await listLabelMaps(o.label_dir);
  const results = o.results ? pairsOf(await listResults(o.results), maps, o.results) : undefined;
  const photos = o.image_dir ? pairsOf(await listPhotos(o.image_dir, maps), maps, o.image_dir) : undefined;
  const judge = judgeOptions(o);
  const outputs = new Outputs(o.force);
  const json = o.json === undefined ? [] : [{ path: o.json, kind: "json" } as const];
  if (o.weights !== undefined) noteInput(o.weights, "the weights");
  if (o.segmenter !== undefined && isSegmenterFile(o.segmenter)) noteInput(o.segmenter, "the segmenter");
  if (o.instance_dir !== undefined) for (const path of maps) noteInput(join(o.instance_dir, basename(path)));
  await outputs.check(json);
  const found: Evaluation = {
    ...(results && { results: { folder: o.results!, pictures: results.length } }),
    ...(photos && { photos: { folder: o.image_dir!, pictures: photos.length } }),
  };
  let opened: Promise<Device> | undefined;
  const device = (): Promise<Device> => (opened ??= openDeviceFor(progress));
  try {
    if (judge) await segmentAll(judge, { results, photos }, found, device, progress);
    if (o.weights || (results && photos)) await compareFeatures(o, maps, { results, photos }, found, device, progress);
  } finally {
    (await opened?.catch(() => undefined))?.dispose();
  }
  progress.end();
  for (const output of json) await outputs.write(output, `${JSON.stringify(found, null, 2)}\n`);
  return describe(found);
}

function checkOptions(o: EvalOptions): void {
  const wrong = (where: string, problem: string, fix: string): SpadeError =>
    new SpadeError("usage", where, problem, fix);
  if (!o.results && !o.weights && !o.segmenter)
    throw wrong(
      "eval",
      "has nothing to measure",
      "give --results DIR, --weights FILE, or --segmenter with --image_dir",
    );
  if (o.results && !o.segmenter && !o.image_dir)
    throw wrong(
      "--results",
      "have nothing to be measured by",
      "give --segmenter ade20k or FILE.onnx, or --image_dir with photos",
    );
  if (o.segmenter && !o.results && !o.image_dir)
    throw wrong("--segmenter", "has no pictures to find labels in", "give --results or --image_dir, or leave it out");
  if (o.groups && !o.segmenter)
    throw wrong("--groups", "have no segmenter whose classes they hold", "give --segmenter ade20k, or leave them out");
}

/** What the segmenter is to judge by; undefined without one. */
function judgeOptions(o: EvalOptions): JudgeOptions | undefined {
  const { segmenter, groups: file } = o;
  const labels = o.labels === undefined ? o.dataset_mode && publishedLabels(o.dataset_mode) : readLabelList(o.labels);
  const groups = file === undefined ? undefined : { stated: parseGroups(existingText(file), file), file };
  if (segmenter === undefined) return undefined;
  const judge = { segmenter, void: o.void, labels, groups };
  checkJudge(judge);
  return judge;
}

async function segmentAll(
  o: JudgeOptions,
  pairs: Pairs,
  found: Evaluation,
  device: () => Promise<Device>,
  progress: Progress,
): Promise<void> {
  const { labels, groups } = o;
  const judge = await openJudge(o, device, progress);
  try {
    for (const kind of ["results", "photos"] as const) {
      const some = pairs[kind];
      if (!some) continue;
      found[kind]!.scores = await scoresOf(judge, some, (path) => readIds(path, labels), {
        photos: kind === "photos",
        onPicture: (done) => progress.update(`segmenting ${kind}`, done, some.length),
      });
    }
  } finally {
    await judge.segmenter.release();
  }
  if (groups) found.groups = groups.stated.map(({ name }) => name);
  if (labels) {
    const names = new Map(labels.map((l) => [l.id, l.name]));
    const count = groups ? Math.max(...names.keys()) + 1 : (found.results ?? found.photos)!.scores!.iou.length;
    found.labels = Array.from({ length: count }, (_, id) => names.get(id) ?? null);
  }
}

async function compareFeatures(
  o: EvalOptions,
  maps: readonly string[],
  { results, photos }: Pairs,
  found: Evaluation,
  openDevice: () => Promise<Device>,
  progress: Progress,
): Promise<void> {
  const net = o.weights === undefined ? undefined : await openPainted(o, openDevice, progress);
  const device = await openDevice();
  const extractor = await progress.during("compiling SqueezeNet", () => FeatureExtractor.create(device));
  const featuresOf = async (pairs: readonly Pair[], kind: string): Promise<Float32Array[]> => {
    const out: Float32Array[] = [];
    while (out.length < pairs.length) {
      progress.update(`features of ${kind}`, out.length, pairs.length);
      const some = pairs.slice(out.length, out.length + READ_AT_ONCE);
      out.push(...(await extractor.features(await Promise.all(some.map((p) => readPhoto(p.picture))))));
    }
    return out;
  };
  try {
    const real = photos && (await featuresOf(photos, "photos"));
    if (results && real) {
      const [a, b] = [gaussian(await featuresOf(results, "results")), gaussian(real)];
      const shrinkage = { results: a.shrinkage, photos: b.shrinkage };
      found.frechet = { name: FRECHET_NAME, distance: frechetDistance(a, b), shrinkage };
    }
    if (net) {
      const styles = await stylesOf(net, extractor, maps, o.instance_dir, progress);
      found.diversity = { styles, ...(real && { photos: pictureDiversity(real) }), maps: maps.length };
    }
  } finally {
    extractor.dispose();
    net?.dispose();
  }
}

function openPainted(o: EvalOptions, device: () => Promise<Device>, progress: Progress): Promise<OpenNet> {
  return withNetFile(o.weights!, o, progress, async (net) => {
    if (net.config.use_vae) return openNetFor(net, progress, { dtype: "auto", device: await device() });
    throw new SpadeError(
      "unsupported",
      o.weights!,
      "was trained without VAE and has one picture a map",
      "leave --weights out: style diversity is for nets with VAE",
    );
  });
}

function stylesOf(
  net: OpenNet,
  extractor: FeatureExtractor,
  maps: readonly string[],
  instances: string | undefined,
  progress: Progress,
): Promise<number> {
  const { config, labels, painter } = net;
  const stored = new StoredNames();
  return styleDiversity(extractor, [...maps.entries()], async ([i, path], style) => {
    if (style === 0) {
      progress.update("painting two styles", i, maps.length);
      const map = await readLabelMap(path, config, labels);
      const instance: LabelMap | undefined =
        instances !== undefined && !config.no_instance
          ? await readInstanceMap(await stored.find(instances, basename(path)), config, path)
          : undefined;
      await net.setMap(map, instance);
    }
    const { w: width, h: height } = painter.size;
    return { data: await painter.paint(normalValues(2 * i + style, config.z_dim)), width, height };
  });
}
