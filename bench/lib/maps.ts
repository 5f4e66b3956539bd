// The benches' maps: the demo's, or 21 of COCO-Stuff where ../shared is beside the checkout; resized to 256x256 like the published
// loader does (PIL nearest).

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeLabelPng } from "../../src/formats/images/label_png.ts";
import { pilNearestResize } from "../../src/pictures/pil_nearest.ts";
import type { LabelMap } from "../../src/labels/label_map.ts";

export interface BenchMap {
  name: string;
  label: LabelMap;
  /** Of nets that take one. */
  instance?: LabelMap;
}

/** The checkout, from bench/lib and from dist/bench alike. */
export const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const DEMO = join(root, "demo", "maps");
/** Folder of the 21 COCO-Stuff maps, if present. */
export const COCO = join(root, "..", "shared", "data", "coco_stuff");

/** The map of every headline figure. */
export const MAP = "000000001993";

const read = (path: string, size: number): LabelMap =>
  pilNearestResize(decodeLabelPng(readFileSync(path), path), size, size);

export function demoMap(name = MAP, size = 256): Required<BenchMap> {
  return {
    name,
    label: read(join(DEMO, `${name}_label.png`), size),
    instance: read(join(DEMO, `${name}_inst.png`), size),
  };
}

/** Names of the demo's COCO-Stuff maps: those with an instance map. The drawn street has none, and other labels. */
export const demoMaps = (): string[] =>
  readdirSync(DEMO)
    .filter((f) => f.endsWith("_inst.png"))
    .map((f) => f.replace("_inst.png", ""));

/** All 21 maps, or the demo's if `coco`, their folder, is missing. */
export function allMaps(size = 256, coco = COCO): Required<BenchMap>[] {
  if (!existsSync(coco)) return demoMaps().map((name) => demoMap(name, size));
  return ["train", "val"].flatMap((set) =>
    readdirSync(join(coco, `${set}_label`)).map((f) => ({
      name: basename(f, ".png"),
      label: read(join(coco, `${set}_label`, f), size),
      instance: read(join(coco, `${set}_inst`, f), size),
    })),
  );
}

const turned = (map: LabelMap): LabelMap => ({ ...map, data: map.data.slice().reverse() });
const mirrored = (map: LabelMap): LabelMap => {
  const data = map.data.slice();
  for (let y = 0; y < map.height; y++) data.subarray(y * map.width, (y + 1) * map.width).reverse();
  return { ...map, data };
};

/**
 * Up to four times as many maps as are given, all different: as they are, turned by 180 degrees, mirrored, and both. A batch of equal maps
 * would share its table rows.
 */
export function varied(maps: readonly BenchMap[], count: number): BenchMap[] {
  const changes = [(m: LabelMap) => m, turned, mirrored, (m: LabelMap) => turned(mirrored(m))];
  if (count > changes.length * maps.length) throw new Error(`${maps.length} maps give no ${count} different ones`);
  return Array.from({ length: count }, (_, i) => {
    const { name, label, instance } = maps[i % maps.length];
    const change = changes[Math.floor(i / maps.length)];
    return { name, label: change(label), ...(instance && { instance: change(instance) }) };
  });
}
