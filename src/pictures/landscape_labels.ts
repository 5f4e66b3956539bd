// The labels of landscapes: sixteen of COCO-Stuff's, in the categories and colours of GauGAN's page (the red byte is the COCO-Stuff id).

import type { Label } from "./label_names.ts";

/** By id. */
const LANDSCAPE: readonly [name: string, color: string, category: string][] = [
  ["sky", "#9ceedd", "Landscape"],
  ["clouds", "#696969", "Landscape"],
  ["mountain", "#869664", "Landscape"],
  ["snow", "#9e9eaa", "Landscape"],
  ["hill", "#7ec864", "Landscape"],
  ["tree", "#a8c832", "Plant"],
  ["bush", "#606e32", "Plant"],
  ["grass", "#7bc800", "Plant"],
  ["field", "#a2a3eb", "Plant"],
  ["dirt", "#6e6e28", "Ground"],
  ["sand", "#999900", "Ground"],
  ["rock", "#956432", "Landscape"],
  ["sea", "#9ac6da", "Landscape"],
  ["river", "#9364c8", "Landscape"],
  ["road", "#946e28", "Ground"],
  ["building", "#7f4502", "Building"],
];

export const landscapeLabels = (): Label[] =>
  LANDSCAPE.map(([name, color, category], id) => ({ id, name, color, category }));
