// label: makes label maps of photos with the segmenter that we publish, so that a set of photos can be trained on. Maps that are there already
// stay, so an interrupted run goes on where it was. Of the ranks of an mpirun each takes every n-th photo, and the first reports for all.

import { readFile, stat } from "node:fs/promises";
import { extname, join, relative } from "node:path";
import { comparable, isBelow, listFolder, naturalSort, realFolder } from "../../datasets/folder.ts";
import { idsOf, readPng } from "../../datasets/label_file.ts";
import type { Pair } from "../../datasets/listing.ts";
import { readPhoto, type Photo } from "../../datasets/photo.ts";
import { existingText } from "../../formats/file.ts";
import { encodeLabelPng } from "../../formats/images/label_png.ts";
import { noteInput } from "../../formats/inputs.ts";
import { DONT_CARE_ID } from "../../labels/label_map.ts";
import { counted, SpadeError } from "../../runtime/errors.ts";
import type { Device } from "../../runtime/index.ts";
import { labelsOfClasses, parseMapping } from "../../segmenting/class_labels.ts";
import { labelled, type ToLabels } from "../../segmenting/labelled.ts";
import type { SegmenterRunner } from "../../segmenting/segmenter_runner.ts";
import { gather, together, type Peers } from "../../training/peers/peers.ts";
import { labelSet, type LabelSetOptions } from "../inputs/label_set.ts";
import { openDeviceFor } from "../inputs/net.ts";
import { openSegmenter } from "../inputs/segmenter.ts";
import { contactSheet } from "../reports/contact_sheet.ts";
import { LabelReport } from "../reports/label_report.ts";
import { pictureOutput, writePicture } from "../reports/picture.ts";
import { Outputs } from "../terminal/output.ts";
import type { Progress } from "../terminal/progress.ts";

export interface LabelCommand extends LabelSetOptions {
  image_dir: string;
  /** Folder of the maps. */
  out: string;
  /** JSON file: labels of classes, where their names do not say them. */
  map?: string;
  /** From 0 to 1. */
  min_confidence: number;
  /** File of the contact sheet. */
  sheet: string;
  force?: boolean;
}

/** Beside the maps: how they were made. */
const RECORD = "label.json";
const LIST = "labels.json";

/** Lists the photos, with the map of each below `out`. */
async function jobsOf({ image_dir, out }: LabelCommand): Promise<Pair[]> {
  const [photos, maps] = [await realFolder(image_dir), await realFolder(out)];
  if (photos === maps || isBelow(maps, photos))
    throw new SpadeError("usage", "--out", `${out} lies among the photos of ${image_dir}`, "give a folder beside them");
  const found = naturalSort(await listFolder(image_dir, "--image_dir"));
  const known = new Map<string, string>();
  return found.map((image) => {
    noteInput(image, "a photo");
    const way = relative(image_dir, image);
    const name = `${way.slice(0, way.length - extname(way).length)}.png`;
    const other = known.get(comparable(name));
    if (other !== undefined)
      throw new SpadeError(
        "usage",
        "--image_dir",
        `${other} and ${image} would have one map, ${name}`,
        "rename one of them",
      );
    known.set(comparable(name), image);
    return { image, label: join(out, name) };
  });
}

/** What decides how a photo's map looks. */
const recordOf = ({ labels, minConfidence }: ToLabels): string =>
  `${JSON.stringify({ segmenter: "ade20k", labels_of_classes: [...labels], min_confidence: minConfidence })}\n`;

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile() && found.size > 0,
    () => false,
  );

/** The photos without a map. @throws SpadeError usage: maps are there that another command, or this one with other options, has made */
async function missingOf(jobs: readonly Pair[], o: LabelCommand, record: string): Promise<Pair[]> {
  if (o.force) return [...jobs];
  const there = await Promise.all(jobs.map(({ label }) => exists(label)));
  const missing = jobs.filter((_, i) => !there[i]);
  const before = await readFile(join(o.out, RECORD), "utf8").catch(() => undefined);
  if (missing.length < jobs.length && before !== record)
    throw new SpadeError(
      "usage",
      o.out,
      `holds ${counted(jobs.length - missing.length, "map")} of these photos, ${before === undefined ? "which this command has not made" : "made with other labels, another --map or --min_confidence"}`,
      "give another folder, or --force to make them again",
    );
  return missing;
}

/** Reads these photos of `jobs` one ahead, so that the next is decoded while the device works on one. */
async function* photosOf(
  which: readonly number[],
  jobs: readonly Pair[],
): AsyncGenerator<{ job: number; photo: Photo | SpadeError }> {
  const read = (job: number): Promise<Photo | SpadeError> =>
    readPhoto(jobs[job].image).catch((error: unknown) => {
      if (error instanceof SpadeError && error.code === "file") return error;
      throw error;
    });
  let next = which.length ? read(which[0]) : undefined;
  for (const [i, job] of which.entries()) {
    const photo = await next!;
    next = i + 1 < which.length ? read(which[i + 1]) : undefined;
    // Where the caller stops, nobody waits for it.
    next?.catch(() => undefined);
    yield { job, photo };
  }
}

/** What a run has to do, found out before the first photo is labelled. */
interface Work {
  readonly jobs: readonly Pair[];
  /** Those without a map. */
  readonly missing: readonly Pair[];
  readonly to: ToLabels;
}

/**
 * Labels the photos that have no map yet.
 * @param peers other ranks, which label their part
 * @returns the lines to print, and whether every photo has its map; other ranks than the first have no lines
 * @throws SpadeError usage: the options, or maps of others in the folder; file: the folder, or the files that the options name
 */
export async function labelPhotos(
  o: LabelCommand,
  progress: Progress,
  signal: AbortSignal,
  peers?: Peers,
): Promise<{ lines: string[]; whole: boolean }> {
  const first = !peers?.rank;
  const set = labelSet(o);
  const outputs = new Outputs(o.force);
  const list = set.file ?? join(o.out, LIST);
  const record = { path: join(o.out, RECORD), kind: "json" } as const;
  let device: Device | undefined;
  let runner: SegmenterRunner | undefined;
  const prepare = async (): Promise<Work> => {
    const mapping = o.map === undefined ? {} : parseMapping(existingText(o.map), o.map);
    for (const file of [o.map, set.file]) if (file !== undefined) noteInput(file);
    const jobs = await jobsOf(o);
    const maps = jobs.map(({ label }) => ({ path: label, kind: "png" }) as const);
    const lists = set.file ? [] : [{ path: list, kind: "json" } as const];
    await outputs.check([pictureOutput(o.sheet), record, ...lists, ...maps]);
    device = await openDeviceFor(progress);
    runner = await openSegmenter(device, progress);
    const labels = labelsOfClasses(runner.names, set.labels, mapping);
    const to = { labels, unknown: DONT_CARE_ID, minConfidence: o.min_confidence };
    return { jobs, missing: await missingOf(jobs, o, recordOf(to)), to };
  };
  const report = new LabelReport(set.labels);
  let made: boolean[];
  let work: Work;
  try {
    // No rank writes before all have seen what is there.
    work = await together(peers, prepare);
    if (first) {
      await outputs.write(record, recordOf(work.to));
      if (!set.file) await outputs.write({ path: list, kind: "json" }, `${JSON.stringify(set.labels, null, 1)}\n`);
    }
    made = await labelMissing(work, runner!, outputs, report, { progress, signal, peers });
  } finally {
    progress.end();
    runner?.dispose();
    device?.dispose();
  }
  if (!first) return { lines: [], whole: true };

  const { jobs, missing } = work;
  const done: Pair[] = [];
  const now = new Set(missing.filter((_, i) => made[i]));
  for (const [i, job] of jobs.entries()) {
    if (!now.has(job)) {
      if (!(await exists(job.label))) continue;
      progress.update("counting labels", i, jobs.length);
      const fix = "remove it, and run the same command again";
      report.count(idsOf(await readPng(job.label), job.label, undefined, fix));
    }
    done.push(job);
  }
  progress.end();
  if (done.length) await writePicture(outputs, o.sheet, await contactSheet(done, set.labels));
  const lines = report.lines({ ...o, list, photos: jobs.length, maps: done.length });
  return { lines, whole: done.length === jobs.length };
}

/**
 * Labels the photos without a map; this rank its part of them.
 * @param report gets what all ranks did
 * @returns by photo of `missing`, whether a rank has made its map
 */
async function labelMissing(
  { jobs, missing, to }: Work,
  runner: SegmenterRunner,
  outputs: Outputs,
  report: LabelReport,
  { progress, signal, peers }: { progress: Progress; signal: AbortSignal; peers?: Peers },
): Promise<boolean[]> {
  const { rank = 0, ranks = 1 } = peers ?? {};
  const before = jobs.length - missing.length;
  const made = missing.map(() => false);
  const mine = [...missing.keys()].filter((i) => i % ranks === rank);
  const started = performance.now();
  for await (const { job: i, photo } of photosOf(mine, missing)) {
    if (signal.aborted) {
      report.stopped = true;
      break;
    }
    progress.update("labelling photos", Math.min(jobs.length, before + report.made * ranks), jobs.length);
    if (photo instanceof SpadeError) {
      report.damaged.push(photo);
      continue;
    }
    const { width, height } = photo;
    const segmented = await runner.segment(photo, { width, height });
    const data = await labelled(segmented, to);
    await outputs.write({ path: missing[i].label, kind: "png" }, encodeLabelPng({ data, width, height }));
    report.add(segmented, to, runner.names, photo.turned);
    report.count({ data });
    made[i] = true;
  }
  report.seconds = (performance.now() - started) / 1e3;
  if (!peers) return made;
  const all = gather(peers, { made, report: report.plain() });
  all.forEach((other, r) => {
    if (r !== rank) report.join(other.report);
  });
  return made.map((_, i) => all[i % ranks].made[i]);
}
