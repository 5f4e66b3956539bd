// Label maps as PNG files. A file holds ids, in the palette of the screen for those who look at it; files of GauGAN's page hold COCO-Stuff ids in
// their red bytes.

import type { LabelInfo } from "../../index.ts";
import { screenLabels } from "../starts/colours.ts";
import { texts } from "../later_texts.ts";
import { decodeLabelMap, encodeLabelMap, labelMapFromColors, resizeLabelMap, SpadeError } from "./labels.ts";

/** What is asked of a net here. */
export interface MapNet {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  /** With the colours that are stored with the net. */
  readonly labels: readonly LabelInfo[];
  readonly dontCare: number | null;
}

/** A map as a PNG of its ids: indexed, in the screen's colours; gray if an id is above 255. */
export function writeMap(
  ids: Uint8Array | Uint16Array,
  net: Pick<MapNet, "id" | "width" | "height" | "labels">,
): Promise<Blob> {
  const { id, width, height, labels } = net;
  const map = { data: ids, width, height };
  let most = 0;
  for (const id of ids) most = Math.max(most, id);
  if (most > 255) return encodeLabelMap(map, "gray");
  const palette = Array.from({ length: most + 1 }, () => "#000000");
  for (const label of screenLabels(id, labels)) if (label.id <= most) palette[label.id] = label.color;
  return encodeLabelMap(map, { palette });
}

export interface ReadMap {
  /** Of the net's size, ids of the net alone. */
  readonly ids: Uint8Array | Uint16Array;
  /** What was changed, one sentence each, for people; empty: the file is the map. */
  readonly notes: readonly string[];
}

/**
 * Reads a map of a net from a PNG: indexed and gray files by their ids, RGB files in colours of the net's labels, or GauGAN's by their red bytes.
 * @returns what is wrong with the file, for people, if it is no map
 */
export async function readMap(png: Blob, net: MapNet): Promise<ReadMap | { error: string }> {
  let decoded: Awaited<ReturnType<typeof decodeLabelMap>>;
  try {
    decoded = await decodeLabelMap(png);
  } catch (error) {
    if (error instanceof SpadeError) return { error: texts.files.brokenMap(error.problem) };
    throw error;
  }
  const { width, height } = decoded;
  const values = decoded.rgb ? inColors(decoded.rgb, width, height, net) : undefined;
  const byRed = decoded.rgb !== undefined && values === undefined;
  const { ids, unknown } = legal(values ?? decoded.data, net, byRed);
  if (unknown.count === ids.length) return { error: texts.files.otherMap };
  const notes: string[] = [];
  if (unknown.count) notes.push(texts.files.unknownIds(unknown.count, unknown.ids));
  if (width === net.width && height === net.height) return { ids, notes };
  notes.push(texts.files.resized(width, height, net.width, net.height));
  const { data } = resizeLabelMap({ data: ids, width, height }, net.width, net.height);
  return { ids: data instanceof Uint16Array ? data : Uint8Array.from(data), notes };
}

/** Ids of a map in the labels' colours, those stored with the net or those of the screen; undefined: it has others too. */
function inColors(rgb: Uint8Array, width: number, height: number, net: MapNet): ArrayLike<number> | undefined {
  const data = new Uint8Array((rgb.length / 3) * 4);
  for (let p = 0; p < data.length / 4; p++) data.set(rgb.subarray(3 * p, 3 * p + 3), 4 * p);
  for (const labels of [net.labels, screenLabels(net.id, net.labels)]) {
    const palette = Array.from({ length: 1 + Math.max(...labels.map(({ id }) => id)) }, () => "");
    for (const { id, color } of labels) palette[id] = color;
    try {
      return labelMapFromColors({ data, width, height }, palette).data;
    } catch (error) {
      if (!(error instanceof SpadeError)) throw error;
    }
  }
  return undefined;
}

/**
 * Ids of the net for the values of a file; what matches none becomes the don't-care label, and is counted.
 * @param byRed values are red bytes of GauGAN's colours
 */
function legal(
  values: ArrayLike<number>,
  net: MapNet,
  byRed: boolean,
): { ids: Uint8Array | Uint16Array; unknown: { count: number; ids: number[] } } {
  const known = new Map<number, number>();
  for (const { id, color } of net.labels) {
    const value = byRed ? parseInt(color.slice(1, 3), 16) : id;
    if (!known.has(value)) known.set(value, id);
  }
  const nothing = unknownLabel(net);
  // In files 255 means unknown, which is nothing to be said.
  if (!byRed && !known.has(255)) known.set(255, nothing);
  const most = Math.max(nothing, ...net.labels.map(({ id }) => id));
  const ids = new (most > 255 ? Uint16Array : Uint8Array)(values.length);
  const foreign = new Map<number, number>();
  for (let p = 0; p < ids.length; p++) {
    const id = known.get(values[p]);
    if (id === undefined) foreign.set(values[p], (foreign.get(values[p]) ?? 0) + 1);
    ids[p] = id ?? nothing;
  }
  const count = [...foreign.values()].reduce((a, b) => a + b, 0);
  return { ids, unknown: { count, ids: [...foreign.keys()].sort((a, b) => a - b) } };
}

/** The label of what is unknown: the net's own, else the one that is called so, else the last. */
function unknownLabel({ dontCare, labels }: MapNet): number {
  const named = labels.find(({ name }) => /^(void|unknown|unlabell?ed|ignore)$/i.test(name));
  return dontCare ?? named?.id ?? labels[labels.length - 1].id;
}
