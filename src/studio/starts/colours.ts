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

/** Those of streets that are no part of a building. Landscapes are stored with theirs. */
const CATEGORIES: Record<string, Category> = {
  sky: "landscape",
  road: "ground",
  pavement: "ground",
  tree: "plant",
  car: "traffic",
  pedestrian: "traffic",
  bicyclist: "traffic",
  void: "other",
};

/**
 * The labels of a net as they are shown. Those of a net that is not ours pass through otherLabels of other_labels.ts once, when it is opened.
 * @param net its id in nets.json; undefined: a net that is not ours
 */
export function screenLabels(net: string | undefined, labels: readonly LabelInfo[]): ScreenLabel[] {
  const ours = net === "landscape" ? LANDSCAPE : net === "street" ? STREET : undefined;
  return labels.map((label) => ({
    ...label,
    color: ours?.[label.name] ?? label.color,
    category:
      (ours === STREET ? texts.categories[CATEGORIES[label.name] ?? "building"] : label.category) ??
      texts.categories.other,
  }));
}
