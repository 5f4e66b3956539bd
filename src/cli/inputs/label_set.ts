// The labels that photos get.

import { landscapeLabels } from "../../pictures/landscape_labels.ts";
import { publishedLabels, readLabelList } from "../../datasets/names.ts";
import type { DatasetMode } from "../../datasets/options.ts";
import type { Label } from "../../pictures/label_names.ts";
import { DONT_CARE_ID } from "../../labels/label_map.ts";
import { SpadeError } from "../../runtime/errors.ts";

export interface LabelSetOptions {
  /** A file with a list of labels. */
  labels?: string;
  /** A published data set, if no file is given. */
  dataset_mode?: DatasetMode;
}

/**
 * From the file, or those of the published data set, or else those of landscapes.
 * @throws SpadeError file: the list; usage: an id that in files means that nobody knows the label
 */
export function labelSet({ labels: file, dataset_mode: mode }: LabelSetOptions): { labels: Label[]; file?: string } {
  if (file === undefined) return { labels: (mode && publishedLabels(mode)) ?? landscapeLabels() };
  const labels = readLabelList(file);
  if (labels.some(({ id }) => id === DONT_CARE_ID))
    throw new SpadeError(
      "usage",
      file,
      `has a label ${DONT_CARE_ID}, which in maps is a pixel whose label nobody knows`,
      "give that label another id, or leave it out",
    );
  return { labels, file };
}
