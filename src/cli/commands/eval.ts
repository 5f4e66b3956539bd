// eval: measures how good painted pictures are. A segmenter labels them, to compare with the label maps; their features are compared with
// those of photos; the distance between two styles of one map is compared with the distance between two photos.

import type { OpenNet } from "../../painting/open_net.ts";
import { basename, join } from "node:path";
import { LEAST_DIVERSITY, pictureDiversity, styleDiversity } from "../../evaluation/diversity.ts";
import { FeatureExtractor } from "../../evaluation/features.ts";
import { StoredNames } from "../../datasets/folder.ts";
import { readPhoto } from "../../datasets/photo.ts";
import { listLabelMaps, listPhotos, listResults, pairsOf, readIds } from "../../evaluation/files.ts";
import { FRECHET_NAME, frechetDistance, gaussian } from "../../evaluation/frechet.ts";
import { Confusion, type Scores } from "../../evaluation/scores.ts";
import { Segmenter } from "../../evaluation/segmenter.ts";
import { noteInput } from "../../formats/inputs.ts";
import type { Label } from "../../pictures/label_names.ts";
import { readLabelList } from "../../datasets/names.ts";
import { pilNearestResize } from "../../pictures/pil_nearest.ts";
import { DONT_CARE_ID, type LabelMap } from "../../labels/label_map.ts";
import type { Config } from "../../models/config.ts";
import { normalValues } from "../../models/philox.ts";
import { counted, foreign } from "../../runtime/errors.ts";
import { SpadeError, type Device } from "../../runtime/index.ts";
import { readInstanceMap, readLabelMap } from "../inputs/maps.ts";
import { openDeviceFor, openNetFile } from "../inputs/net.ts";
import { Outputs } from "../terminal/output.ts";
import type { Progress } from "../terminal/progress.ts";

export interface EvalOptions {
  results?: string;
  label_dir: string;
  /** Photos of the same maps. */
  image_dir?: string;
  instance_dir?: string;
  segmenter?: string;
  /** JSON file with label names. */
  labels?: string;
  /** Labels that are not counted, in addition to 255. */
  void?: number[];
  /** A generator with VAE, for style diversity. */
  weights?: string;
  key?: string;
  json?: string;
  force?: boolean;
  overrides: Partial<Config>;
}

type Size = Pick<LabelMap, "width" | "height">;
type Pair = ReturnType<typeof pairsOf>[number];

/** The results, as --json writes them. */
export interface Evaluation {
  results?: { folder: string; pictures: number; scores?: Scores };
  photos?: { folder: string; pictures: number; scores?: Scores };
  /** Names of the labels by id; null where unknown. */
  labels?: (string | null)[];
  /** Not comparable with a FID over Inception's features. */
  frechet?: { name: string; distance: number; shrinkage: { results: number; photos: number } };
  /** Mean feature distances: between two styles of one map, between two photos. */
  diversity?: { styles: number; photos?: number; maps: number };
}

/** Pictures that are read into memory at once. */
const READ_AT_ONCE = 16;

const VOID_NAME = /^(void|unlabel(l)?ed)$/i;

/** Measures and gives the lines to print. Fails with `usage` if the options leave nothing to measure. */
export async function evaluate(o: EvalOptions, progress: Progress): Promise<string[]> {
  if (!o.results && !o.weights)
    throw new SpadeError("usage", "eval", "has nothing to measure", "give --results DIR, or --weights FILE");
  if (o.results && !o.segmenter && !o.image_dir)
    throw new SpadeError(
      "usage",
      "--results",
      "have nothing to be measured by",
      "give --segmenter FILE.onnx, or --image_dir with photos",
    );
  if (o.segmenter && !o.results && !o.image_dir)
    throw new SpadeError(
      "usage",
      "--segmenter",
      "has no pictures to find labels in",
      "give --results or --image_dir, or leave it out",
    );
  const maps = await listLabelMaps(o.label_dir);
  const results = o.results ? pairsOf(await listResults(o.results), maps, o.results) : undefined;
  const photos = o.image_dir ? pairsOf(await listPhotos(o.image_dir, maps), maps, o.image_dir) : undefined;
  const labels = o.labels === undefined ? undefined : readLabelList(o.labels);
  const outputs = new Outputs(o.force);
  const json = o.json === undefined ? [] : [{ path: o.json, kind: "json" } as const];
  for (const [path, what] of [
    [o.weights, "the weights"],
    [o.segmenter, "the segmenter"],
  ] as const)
    if (path !== undefined) noteInput(path, what);
  if (o.instance_dir !== undefined) for (const path of maps) noteInput(join(o.instance_dir, basename(path)));
  await outputs.check(json);
  const found: Evaluation = {
    ...(results && { results: { folder: o.results!, pictures: results.length } }),
    ...(photos && { photos: { folder: o.image_dir!, pictures: photos.length } }),
  };
  if (o.segmenter) await segmentAll(o, { results, photos }, labels, found, progress);
  if (o.weights || (results && photos)) await compareFeatures(o, maps, { results, photos }, found, progress);
  progress.end();
  for (const output of json) await outputs.write(output, `${JSON.stringify(found, null, 2)}\n`);
  return describe(found);
}

async function segmentAll(
  o: EvalOptions,
  pairs: { results: Pair[] | undefined; photos: Pair[] | undefined },
  labels: readonly Label[] | undefined,
  found: Evaluation,
  progress: Progress,
): Promise<void> {
  const voids = [DONT_CARE_ID, ...(o.void ?? labels?.filter((l) => VOID_NAME.test(l.name)).map((l) => l.id) ?? [])];
  const segmenter = await Segmenter.open(o.segmenter!);
  try {
    for (const kind of ["results", "photos"] as const) {
      if (!pairs[kind]) continue;
      found[kind]!.scores = await scoresOf(segmenter, kind, pairs[kind], labels, voids, progress);
    }
  } finally {
    await segmenter.release();
  }
  if (labels) {
    const names = new Map(labels.map((l) => [l.id, l.name]));
    found.labels = (found.results ?? found.photos)!.scores!.iou.map((_, id) => names.get(id) ?? null);
  }
}

async function scoresOf(
  segmenter: Segmenter,
  kind: "results" | "photos",
  pairs: readonly Pair[],
  labels: readonly Label[] | undefined,
  voids: readonly number[],
  progress: Progress,
): Promise<Scores> {
  let confusion: Confusion | undefined;
  for (const [i, { picture, label }] of pairs.entries()) {
    progress.update(`segmenting ${kind}`, i, pairs.length);
    const [image, map] = [await readPhoto(picture), await readIds(label, labels)];
    if (kind === "photos") checkAspect(image, map, picture);
    const { data, width, height, classes } = await segmenter.segment(image);
    confusion ??= new Confusion(classes, voids);
    confusion.add(pilNearestResize(map, width, height), data, label);
  }
  return confusion!.scores();
}

/** Checks that a photo has its map's aspect ratio, to a pixel. Painted pictures need not: the published loader squeezes maps. */
function checkAspect(photo: Size, map: Size, path: string): void {
  const most = Math.max(photo.width, photo.height, map.width, map.height);
  if (Math.abs(photo.width * map.height - photo.height * map.width) <= most) return;
  throw new SpadeError(
    "shape",
    path,
    `is ${photo.width} x ${photo.height} where its label map is ${map.width} x ${map.height}`,
    "give the photo of that label map",
  );
}

async function compareFeatures(
  o: EvalOptions,
  maps: readonly string[],
  { results, photos }: { results: Pair[] | undefined; photos: Pair[] | undefined },
  found: Evaluation,
  progress: Progress,
): Promise<void> {
  const net = o.weights === undefined ? undefined : await openPainted(o, progress);
  const device: Device = net?.device ?? (await openDeviceFor(progress));
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
    if (net) net.dispose();
    else device.dispose();
  }
}

function openPainted(o: EvalOptions, progress: Progress): Promise<OpenNet> {
  return openNetFile(o.weights!, { ...o, dtype: "auto" }, progress, async ({ config }) => {
    if (config.use_vae) return;
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

/** Formats the results as lines of text. */
function describe({ results, photos, labels, frechet, diversity }: Evaluation): string[] {
  const lines: string[] = [];
  const columns = [results, photos].filter((c) => c?.scores !== undefined).map((c) => c!.scores!);
  if (columns.length) {
    const heads = [results && "results", photos && "photos"].filter((h) => h !== undefined);
    const row = (name: string, values: readonly string[]): string =>
      `${name.padEnd(28)}${values.map((v) => v.padStart(9)).join("")}`;
    const number = (v: number | null): string => (v === null ? "-" : v.toFixed(3));
    lines.push(row("IoU", heads));
    columns[0].iou.forEach((_, id) => {
      const values = columns.map((c) => c.iou[id]);
      if (values.some((v) => v !== null))
        lines.push(row(`  ${String(id).padStart(3)} ${foreign(labels?.[id] ?? "", 22)}`, values.map(number)));
    });
    lines.push(
      row(
        "mIoU",
        columns.map((c) => number(c.mIoU)),
      ),
      row(
        "pixel accuracy",
        columns.map((c) => number(c.accuracy)),
      ),
    );
  }
  for (const [kind, c] of [
    ["results", results],
    ["photos", photos],
  ] as const)
    if (c) lines.push(`${kind}: ${counted(c.pictures, "picture")} of ${c.folder}`);
  if (frechet)
    lines.push(`${frechet.name}: ${frechet.distance.toFixed(2)} (not comparable with a FID over Inception's features)`);
  if (diversity) {
    const { styles, photos: real, maps } = diversity;
    const beside = real === undefined ? "" : `, of two photos ${real.toFixed(2)}`;
    lines.push(`feature distance of two styles of a map, over ${counted(maps, "map")}: ${styles.toFixed(2)}${beside}`);
    if (real !== undefined && styles < LEAST_DIVERSITY * real)
      lines.push(
        `note: that is under a tenth of the photos': the generator hardly reads z; train it with a lower --lambda_kld`,
      );
  }
  return lines;
}
