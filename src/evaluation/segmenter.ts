// Labels pictures by a segmenter and scores what it finds against the label maps from which they were painted.

import { readPhoto } from "../datasets/photo.ts";
import type { LabelMap } from "../labels/label_map.ts";
import type { RgbImage } from "../pictures/pil_bicubic.ts";
import { pilNearestResize } from "../pictures/pil_nearest.ts";
import { SpadeError } from "../runtime/errors.ts";
import type { Comparison } from "./comparison.ts";
import { Scorer, type Scores } from "./scores.ts";

type Size = Pick<LabelMap, "width" | "height">;

/** The class of each pixel, row by row. */
export interface Segmentation extends Size {
  readonly classes: Uint16Array;
  /** Number of classes that the segmenter knows. */
  readonly count: number;
}

export interface Segmenter {
  /** Finds a picture's classes. `map`: the size of its label map, in which they may come or not. */
  segment(picture: RgbImage, map: Size): Promise<Segmentation>;
  release(): Promise<void> | void;
}

/** An open segmenter, and what its classes are to the labels of the maps. */
export interface Judge {
  readonly segmenter: Segmenter;
  /** @param count of the segmenter's classes */
  compare(count: number): Comparison;
}

/** A picture and the label map of its name. */
export interface Pair {
  readonly picture: string;
  readonly label: string;
}

/**
 * Scores pictures.
 * @param readMap reads a label map
 * @param o.photos whether the pictures are photos, which have the aspect ratio of their maps
 * @param o.onPicture called before each picture with the number of pictures that are done
 * @throws SpadeError shape: a photo has another aspect ratio than its map; label: see Scorer
 */
export async function scoresOf(
  { segmenter, compare }: Judge,
  pairs: readonly Pair[],
  readMap: (path: string) => Promise<LabelMap>,
  o: { photos: boolean; onPicture: (done: number) => void },
): Promise<Scores> {
  let scorer: Scorer | undefined;
  for (const [i, { picture, label }] of pairs.entries()) {
    o.onPicture(i);
    const [image, map] = [await readPhoto(picture), await readMap(label)];
    if (o.photos) checkAspect(image, map, picture);
    const { classes, width, height, count } = await segmenter.segment(image, map);
    scorer ??= new Scorer(compare(count));
    scorer.add(pilNearestResize(map, width, height), classes, label);
  }
  return scorer!.scores();
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
