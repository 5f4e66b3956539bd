// Label names by id of the four data sets that upstream supports, for messages and for the metadata of trained weights.
// The colours are those of upstream's generic colour map, which has one colour per id.

import { existingText } from "../formats/file.ts";
import { parseLabels, type Label } from "../pictures/label_names.ts";
import { labelHex } from "../pictures/colors.ts";
import { DONT_CARE_ID } from "../labels/label_map.ts";
import { labelCount } from "../models/config.ts";
import { datasetDefaults, type DataOptions, type DatasetMode } from "./options.ts";

type LabelOptions = Pick<
  DataOptions,
  "dataset_mode" | "label_nc" | "contain_dontcare_label" | "no_instance" | "labels"
>;

const NAMES: Partial<Record<DatasetMode, string>> = {
  // COCO-Stuff: value = COCO-Stuff id - 1; 255 becomes the last label.
  coco: `
  person, bicycle, car, motorcycle, airplane, bus, train, truck, boat, traffic light, fire hydrant, street sign, stop sign, parking
  meter, bench, bird, cat, dog, horse, sheep, cow, elephant, bear, zebra, giraffe, hat, backpack, umbrella, shoe, eye glasses,
  handbag, tie, suitcase, frisbee, skis, snowboard, sports ball, kite, baseball bat, baseball glove, skateboard, surfboard, tennis
  racket, bottle, plate, wine glass, cup, fork, knife, spoon, bowl, banana, apple, sandwich, orange, broccoli, carrot, hot dog, pizza,
  donut, cake, chair, couch, potted plant, bed, mirror, dining table, window, desk, toilet, door, tv, laptop, mouse, remote, keyboard,
  cell phone, microwave, oven, toaster, sink, refrigerator, blender, book, clock, vase, scissors, teddy bear, hair drier, toothbrush,
  hair brush, banner, blanket, branch, bridge, building-other, bush, cabinet, cage, cardboard, carpet, ceiling-other, ceiling-tile,
  cloth, clothes, clouds, counter, cupboard, curtain, desk-stuff, dirt, door-stuff, fence, floor-marble, floor-other, floor-stone,
  floor-tile, floor-wood, flower, fog, food-other, fruit, furniture-other, grass, gravel, ground-other, hill, house, leaves, light,
  mat, metal, mirror-stuff, moss, mountain, mud, napkin, net, paper, pavement, pillow, plant-other, plastic, platform, playingfield,
  railing, railroad, river, road, rock, roof, rug, salad, sand, sea, shelf, sky-other, skyscraper, snow, solid-other, stairs, stone,
  straw, structural-other, table, tent, textile-other, towel, tree, vegetable, wall-brick, wall-concrete, wall-other, wall-panel,
  wall-stone, wall-tile, wall-wood, water-other, waterdrops, window-blind, window-other, wood, unlabeled
`,
  // ADE20K SceneParsing: values as in its PNGs. 255 would become 150 too.
  ade20k: `
  other, wall, building, sky, floor, tree, ceiling, road, bed, windowpane, grass, cabinet, sidewalk, person, earth, door, table,
  mountain, plant, curtain, chair, car, water, painting, sofa, shelf, house, sea, mirror, rug, field, armchair, seat, fence, desk,
  rock, wardrobe, lamp, bathtub, railing, cushion, base, box, column, signboard, chest of drawers, counter, sand, sink, skyscraper,
  fireplace, refrigerator, grandstand, path, stairs, runway, case, pool table, pillow, screen door, stairway, river, bridge, bookcase,
  blind, coffee table, toilet, flower, book, hill, bench, countertop, stove, palm, kitchen island, computer, swivel chair, boat, bar,
  arcade machine, hovel, bus, towel, light, truck, tower, chandelier, awning, streetlight, booth, television, airplane, dirt track,
  apparel, pole, land, bannister, escalator, ottoman, bottle, buffet, poster, stage, van, ship, fountain, conveyer belt, canopy,
  washer, plaything, swimming pool, stool, barrel, basket, waterfall, tent, bag, minibike, cradle, oven, ball, food, step, tank, trade
  name, microwave, pot, animal, bicycle, lake, dishwasher, screen, blanket, sculpture, hood, sconce, vase, traffic light, tray,
  ashcan, fan, pier, crt screen, plate, monitor, bulletin board, shower, radiator, glass, clock, flag
`,
  // Cityscapes labelIds. The license plate has id -1, so the last channel is never set.
  cityscapes: `
  unlabeled, ego vehicle, rectification border, out of roi, static, dynamic, ground, road, sidewalk, parking, rail track, building,
  wall, fence, guard rail, bridge, tunnel, pole, polegroup, traffic light, traffic sign, vegetation, terrain, sky, person, rider, car,
  truck, bus, caravan, trailer, train, motorcycle, bicycle, license plate
`,
  // The base labels of CMP Facades, which begin at 1.
  facades: `
  unknown, background, facade, window, door, cornice, sill, balcony, blind, deco, molding, pillar, shop
`,
};

/** Reads a file with a list of labels. @param count of labels, if it is known: ids are below. Fails with `file` */
export const readLabelList = (path: string, count?: number): Label[] => parseLabels(existingText(path), path, count);

/** Reads the list of labels in the file --labels; undefined without that option. Fails with `file`. */
export const listedLabels = (options: LabelOptions): Label[] | undefined =>
  options.labels ? readLabelList(options.labels, labelCount(options)) : undefined;

/**
 * Names and colours of a data set's labels: from --labels, else the list above. Undefined if there is neither, or if
 * label_nc differs from the data set's default. Fails with `file` if the file --labels is not a list of labels.
 */
export function labelsFor(options: LabelOptions): Label[] | undefined {
  const listed = listedLabels(options);
  if (listed || options.label_nc !== datasetDefaults(options.dataset_mode).label_nc) return listed;
  return publishedLabels(options.dataset_mode)?.slice(0, labelCount(options));
}

/** Names and colours of a published data set's labels; undefined of custom. */
export const publishedLabels = (mode: DatasetMode): Label[] | undefined =>
  NAMES[mode]?.split(",").map((name, id) => ({ id, name: name.trim().replace(/\s+/g, " "), color: labelHex(id) }));

/**
 * Whether label maps may hold label_nc itself as a label. In files don't care is 255, and label_nc is most often a
 * mistake, but ADE20K's maps run from 0 to 150, and its published net has 150 (flag) where others have don't care. So
 * it is a label where a list names it: `labels`, or that of a published data set: the one of these options, or for a
 * net, which does not say on what it was trained, one of its label options.
 */
export function takesLabelNc(
  options: Pick<DataOptions, "label_nc" | "contain_dontcare_label"> & { dataset_mode?: DatasetMode; isTrain?: boolean },
  labels: readonly Label[] | undefined,
): boolean {
  if (labels?.some(({ id }) => id === options.label_nc)) return true;
  const { dataset_mode: mode, isTrain = false } = options;
  const fits = (published: DatasetMode): boolean => {
    const { label_nc, contain_dontcare_label } = datasetDefaults(published);
    return label_nc === options.label_nc && contain_dontcare_label === true && options.contain_dontcare_label === true;
  };
  const modes = Object.keys(NAMES) as DatasetMode[];
  return mode === undefined || (mode === "custom" && !isTrain) ? modes.some(fits) : mode !== "custom" && fits(mode);
}

/** Whether a file may hold an id under these options. */
export function isLegalId(id: number, options: Parameters<typeof takesLabelNc>[0], labels?: readonly Label[]): boolean {
  const { label_nc, contain_dontcare_label } = options;
  if (id < label_nc) return true;
  return contain_dontcare_label && (id === DONT_CARE_ID || (id === label_nc && takesLabelNc(options, labels)));
}
