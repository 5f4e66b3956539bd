// What every engine gets: the street net as safetensors and as ONNX, the demo's street, edits of 8x8 pixels, styles.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openCheckpointFile } from "../../src/formats/file.ts";
import { publishedWeights } from "../../src/formats/packaged.ts";
import { decodeLabelPng } from "../../src/formats/images/label_png.ts";
import { exportGenerator } from "../../src/export/onnx/generator.ts";
import { modelBytes } from "../../src/export/onnx/model.ts";
import { semanticNc } from "../../src/models/config.ts";
import { netOf, outputSize } from "../../src/models/kinds.ts";
import { normalValues } from "../../src/models/philox.ts";
import type { HostState } from "../../src/models/weights/seeded.ts";
import { describeNet } from "../../src/painting/describe_net.ts";
import { pilNearestResize } from "../../src/pictures/pil_nearest.ts";
import { root } from "../lib/maps.ts";

export const WEIGHTS = "street_net_G.safetensors";
const MAP = "demo/maps/street_label.png";
const EDIT = 8;

export interface PlainMap {
  data: number[];
  width: number;
  height: number;
}

export interface Inputs {
  onnx: Uint8Array;
  /** Channels of the one-hot labels. */
  classes: number;
  map: PlainMap;
  /** @returns `count` maps that differ from `map` in a square of 8x8 pixels, each in another place */
  edits(count: number): PlainMap[];
  /** @returns `count` styles */
  styles(count: number): number[][];
}

export async function readInputs(): Promise<Inputs> {
  const checkpoint = await openCheckpointFile(publishedWeights(WEIGHTS));
  const { config, source } = describeNet(checkpoint, { weights: WEIGHTS });
  const state: HostState = new Map();
  for (const key of netOf(config, source.shapes).shapes.keys())
    if (source.shapes.has(key)) state.set(key, { shape: [...source.shapes.get(key)!], data: await source.read(key) });
  await checkpoint.close();
  const onnx = modelBytes(exportGenerator(config, state));
  const { h: height, w: width } = outputSize(config);
  const street = pilNearestResize(decodeLabelPng(readFileSync(join(root, MAP)), MAP), width, height);
  const map = { data: [...street.data], width, height };
  const classes = semanticNc(config);
  return {
    onnx,
    classes,
    map,
    styles: (count) => Array.from({ length: count }, (_, i) => [...normalValues(7 + i, config.z_dim)]),
    edits: (count) => Array.from({ length: count }, (_, i) => edited(map, classes, i)),
  };
}

/** Gives a square the label behind that of its first pixel. */
function edited({ data, width, height }: PlainMap, classes: number, i: number): PlainMap {
  const x0 = (i * 37) % (width - EDIT);
  const y0 = (i * 23 + 40) % (height - EDIT);
  const out = [...data];
  const label = (data[y0 * width + x0] + 1) % classes;
  for (let y = y0; y < y0 + EDIT; y++) out.fill(label, y * width + x0, y * width + x0 + EDIT);
  return { data: out, width, height };
}
