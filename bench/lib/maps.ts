// The maps of the benches: the demo's, and COCO-Stuff's 21 where ../shared lies beside the checkout; 256x256 as the published loader
// makes them (PIL nearest).

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { decodeLabelPng } from "../../src/formats/label_png.ts";
import { pilNearestResize } from "../../src/formats/pil_nearest.ts";
import type { LabelMap } from "../../src/labels/label_map.ts";

export interface BenchMap {
  name: string;
  label: LabelMap;
  instance: LabelMap;
}

/** The map that every headline figure is on. */
export const MAP = "000000001993";

const read = (path: string, size: number): LabelMap => pilNearestResize(decodeLabelPng(readFileSync(path), path), size, size);

export function demoMap(name = MAP, size = 256): BenchMap {
  return { name, label: read(`demo/maps/${name}_label.png`, size), instance: read(`demo/maps/${name}_inst.png`, size) };
}

/** All 21, or the demo's. */
export function allMaps(size = 256): BenchMap[] {
  const coco = "../shared/data/coco_stuff";
  if (!existsSync(coco)) {
    return readdirSync("demo/maps")
      .filter((f) => f.endsWith("_label.png"))
      .map((f) => demoMap(f.replace("_label.png", ""), size));
  }
  return ["train", "val"].flatMap((set) =>
    readdirSync(`${coco}/${set}_label`).map((f) => ({
      name: basename(f, ".png"),
      label: read(`${coco}/${set}_label/${f}`, size),
      instance: read(`${coco}/${set}_inst/${f}`, size),
    })),
  );
}
