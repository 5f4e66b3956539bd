// The colours and categories in which the studio shows labels. Those of our nets can be told apart, with weak greens and reds too
// (test/studio/starts/colours.test.ts); other nets keep the colours that are stored with them. Files carry ids, never these colours.

import type { LabelInfo } from "../../index.ts";
import { texts } from "../texts.ts";

/** The four of GauGAN's page, and what it has not. */
export type Category = keyof typeof texts.categories;

/** A label as it is shown: the category is a text for people. */
export interface ScreenLabel extends LabelInfo {
  category: string;
}

/** Landscapes: GauGAN's, but for those that are too near to another one or to white snow. */
const LANDSCAPE: Record<string, string> = {
  sky: "#9ceedd",
  clouds: "#696969",
  mountain: "#869664",
  snow: "#fff9ed",
  hill: "#559e81",
  tree: "#01623b",
  bush: "#537c47",
  grass: "#7bc800",
  field: "#a2a3eb",
  dirt: "#4d2e0f",
  sand: "#e4cf89",
  rock: "#c2a99e",
  sea: "#006eb3",
  river: "#9364c8",
  road: "#9d7117",
  building: "#7f4502",
};

/** Streets: ours, because CamVid's has a gray sky. */
const STREET: Record<string, string> = {
  sky: "#a5d8f7",
  building: "#ba3e1f",
  pole: "#d4a40d",
  road: "#4b4d55",
  pavement: "#dbc9a2",
  tree: "#02864c",
  sign: "#f5e044",
  fence: "#937358",
  car: "#0061ce",
  pedestrian: "#e65a9d",
  bicyclist: "#945ccf",
  void: "#18171b",
};

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

/**
 * The labels of a net as they are shown.
 * @param net its id in nets.json; undefined: a net that is not ours
 */
export function screenLabels(net: string | undefined, labels: readonly LabelInfo[]): ScreenLabel[] {
  const ours = net === "landscape" ? LANDSCAPE : net === "street" ? STREET : undefined;
  const coco = !ours && COCO.includes(labels.length) ? gauganOf : undefined;
  return labels.map((label) => ({
    ...label,
    color: ours?.[label.name] ?? coco?.get(label.id) ?? label.color,
    // A category of another net's own is its maker's word.
    category: (ours ? undefined : label.category) ?? texts.categories[categoryOf(label.name)],
  }));
}
