// The maps of the benches: the demo's, and COCO-Stuff's 21 where ../shared lies beside the checkout; 256x256 as the published loader
// makes them (PIL nearest).

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeLabelPng } from "../../src/formats/images/label_png.ts";
import { pilNearestResize } from "../../src/pictures/pil_nearest.ts";
import type { LabelMap } from "../../src/labels/label_map.ts";

export interface BenchMap {
  name: string;
  label: LabelMap;
  instance: LabelMap;
}

/** The checkout, from bench/lib and from dist/bench alike. */
export const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const DEMO = join(root, "demo", "maps");
const COCO = join(root, "..", "shared", "data", "coco_stuff");

/** The map that every headline figure is on. */
export const MAP = "000000001993";

const read = (path: string, size: number): LabelMap =>
  pilNearestResize(decodeLabelPng(readFileSync(path), path), size, size);

export function demoMap(name = MAP, size = 256): BenchMap {
  return {
    name,
    label: read(join(DEMO, `${name}_label.png`), size),
    instance: read(join(DEMO, `${name}_inst.png`), size),
  };
}

/** All 21, or the demo's. */
export function allMaps(size = 256): BenchMap[] {
  if (!existsSync(COCO)) {
    return readdirSync(DEMO)
      .filter((f) => f.endsWith("_label.png"))
      .map((f) => demoMap(f.replace("_label.png", ""), size));
  }
  return ["train", "val"].flatMap((set) =>
    readdirSync(join(COCO, `${set}_label`)).map((f) => ({
      name: basename(f, ".png"),
      label: read(join(COCO, `${set}_label`, f), size),
      instance: read(join(COCO, `${set}_inst`, f), size),
    })),
  );
}
