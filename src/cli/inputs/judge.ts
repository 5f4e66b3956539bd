// Opens what eval's --segmenter names, with what its classes are to the labels of the maps.

import { byGroup, byId, byName } from "../../evaluation/comparison.ts";
import { groupsOf, type StatedGroup } from "../../evaluation/groups.ts";
import { OnnxSegmenter } from "../../evaluation/onnx_segmenter.ts";
import type { Judge } from "../../evaluation/segmenter.ts";
import type { Label } from "../../pictures/label_names.ts";
import { SpadeError, type Device } from "../../runtime/index.ts";
import type { Progress } from "../terminal/progress.ts";
import { openSegmenter } from "./segmenter.ts";

/** In place of a file: the segmenter that we publish. A file of this name is given with its folder, as ./ade20k. */
const PUBLISHED = "ade20k";

/** Whether --segmenter names a file. */
export const isSegmenterFile = (segmenter: string): boolean => segmenter !== PUBLISHED;

export interface JudgeOptions {
  segmenter: string;
  /** Labels that do not count; left out: those of `labels` that are named so. */
  void?: number[];
  labels: readonly Label[] | undefined;
  /** Groups of labels, and the file that states them. */
  groups?: { stated: readonly StatedGroup[]; file: string };
}

const VOID_NAME = /^(void|unlabel(l)?ed)$/i;

/**
 * Checks what needs no device.
 * @throws SpadeError usage: groups for a segmenter from a file; neither groups nor names of labels for the published one
 */
export function checkJudge({ segmenter, labels, groups }: JudgeOptions): void {
  if (isSegmenterFile(segmenter) && groups)
    throw new SpadeError(
      "usage",
      "--groups",
      `have classes of ADE20K, and ${segmenter} has its own`,
      `give --segmenter ${PUBLISHED}, or leave --groups out`,
    );
  if (!isSegmenterFile(segmenter) && !groups && !labels)
    throw new SpadeError(
      "usage",
      `--segmenter ${PUBLISHED}`,
      "finds labels by their names, and the names are not known",
      "give --labels FILE.json, --dataset_mode of a published data set, or --groups FILE.json",
    );
}

/**
 * Opens the segmenter.
 * @param device opens the device on which the published one runs
 * @throws SpadeError file, unsupported, shape: a segmenter that can't be opened; usage: groups of what does not exist
 */
export async function openJudge(o: JudgeOptions, device: () => Promise<Device>, progress: Progress): Promise<Judge> {
  checkJudge(o);
  const { labels, groups, void: given } = o;
  const voids = given ?? labels?.filter(({ name }) => VOID_NAME.test(name)).map(({ id }) => id) ?? [];
  if (isSegmenterFile(o.segmenter))
    return { segmenter: await OnnxSegmenter.open(o.segmenter), compare: (count) => byId(count, voids) };
  const runner = await openSegmenter(await device(), progress);
  try {
    // A label that is named void counts nevertheless where a group holds it.
    const comparison = groups
      ? byGroup(groupsOf(groups.stated, labels, runner.names, groups.file), runner.names.length, given ?? [])
      : byName(runner.names, labels!, voids);
    return {
      segmenter: {
        segment: async (picture, map) => ({ ...(await runner.segment(picture, map)), count: runner.names.length }),
        release: () => runner.dispose(),
      },
      compare: () => comparison,
    };
  } catch (error) {
    runner.dispose();
    throw error;
  }
}
