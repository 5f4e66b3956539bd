// Labels of nets that are not ours, where their files say little: colours of COCO-Stuff's, and categories by name. Loaded when somebody opens such
// a net.

import type { LabelInfo } from "../../index.ts";
import { texts } from "../texts.ts";
import type { Category } from "./colours.ts";

/** Those of GauGAN's page: red is the COCO-Stuff id from 0 on. */
const GAUGAN = [
  "#5e5bc5 #706419 #7f4502 #8f2a91 #9600b1 #aad16a #ae2974 #b0c1c3",
  "#6e6e28 #7c32c8 #7d3054 #87716f #8b3027 #946e28 #999900",
  "#696969 #77ba1d #7ec864 #869664 #9364c8 #956432 #9ac6da #9ceedd #9e9eaa #a1a164 #b1c8ff",
  "#606e32 #760000 #7bc800 #8de61e #a2a3eb #a8c832 #b57b00",
]
  .join(" ")
  .split(" ");
const gauganOf = new Map(GAUGAN.map((color) => [parseInt(color.slice(1, 3), 16), color]));

/** Labels of COCO-Stuff, with and without the don't-care label. */
const COCO = [182, 183];

/** By the first word of a name that fits, the names of all sets together: COCO-Stuff's say "wall-brick", "sky-other", "plant-other". */
const CATEGORIES: readonly [Category, RegExp][] = [
  [
    "traffic",
    /\b(car|bus|truck|train|bicycle|bicyclist|motorcycle|pedestrian|rider|boat|airplane|vehicle|traffic light|stop sign)\b/,
  ],
  ["plant", /\b(trees?|bush|flower|grass|leaves|moss|plants?|straw|branch|wood|field|vegetation|terrain|palm)\b/],
  [
    "ground",
    /\b(dirt|gravel|ground|mud|pavement|sidewalk|road|sand|floor|path|playingfield|railroad|earth|runway|carpet|rug|mat)\b/,
  ],
  ["landscape", /\b(clouds?|fog|hill|mountain|river|rock|sea|sky|snow|stone|water|waterdrops|lake|waterfall)\b/],
  [
    "building",
    /\b(building|house|bridge|fence|platform|roof|wall|window|door|stairs|skyscraper|tent|railing|pole|sign|tower|ceiling|solid|structural|cage|net)\b/,
  ],
];

/** The category of a label, by its name; "wall-wood" is of a building, and "wood" a plant. */
export function categoryOf(name: string): Category {
  const words = name.toLowerCase().replace(/_/g, " ");
  const head = words.split(/[-,;]/)[0];
  const fits = (text: string): Category | undefined => CATEGORIES.find(([, pattern]) => pattern.test(text))?.[0];
  return fits(head) ?? fits(words.replace(/-/g, " ")) ?? "other";
}

/** COCO-Stuff's labels in GauGAN's colours, and every label with a category; a category of the net's own is its maker's word. */
export function otherLabels(labels: readonly LabelInfo[]): LabelInfo[] {
  const coco = COCO.includes(labels.length) ? gauganOf : undefined;
  return labels.map((label) => ({
    ...label,
    color: coco?.get(label.id) ?? label.color,
    category: label.category ?? texts.categories[categoryOf(label.name)],
  }));
}
