// Checks label maps from the user and converts them to the engine's form: one batch of legal int32 labels.
//
// A net has `labelCount` labels, 0..labelCount-1: label_nc, plus a last one for "don't care" if it was trained with
// contain_dontcare_label. Like in the published code, 255 in a map means don't care and becomes label_nc; nets without don't care
// reject it. label_nc itself is legal here, for callers who read it in a net's info; files may not hold it (datasets/label_file.ts).
// The published code crashes on other illegal values in a scatter; we throw an error that names the pixel.

import { SpadeError } from "../runtime/errors.ts";
import { room } from "./room.ts";

/** One id per pixel, row by row. An instance map has the same form; only equality of its ids matters. */
export interface LabelMap {
  /** width * height ids, the top row first. */
  data: Uint8Array | Uint8ClampedArray | Uint16Array | Int32Array;
  width: number;
  height: number;
}

/** `labelCount`: label_nc + contain_dontcare_label. `dontCare`: the label that 255 becomes (label_nc), or null if the net has none. */
export interface LabelSpace {
  labelCount: number;
  dontCare?: number | null;
}

/** The id for "don't care" in files and maps. */
export const DONT_CARE_ID = 255;

const MAP_TYPES = ["Uint8Array", "Uint8ClampedArray", "Uint16Array", "Int32Array"];

/** "Uint8Array" and the like for a typed array of any realm (iframe, vm); undefined for everything else, however it looks. */
export function typedArrayName(value: unknown): string | undefined {
  const arrays: object = Object.getPrototypeOf(Uint8Array.prototype) as object;
  return Object.getOwnPropertyDescriptor(arrays, Symbol.toStringTag)!.get!.call(value) as string | undefined;
}

/** A map's name in messages: `label map`, or `label map 2 of 4` in a batch. */
function nameOf(kind: string, index: number, count: number): string {
  return count === 1 ? kind : `${kind} ${index + 1} of ${count}`;
}

/** Checks that the maps of a batch have a legal type and one size, and are not empty. `kind` names them in messages. */
export function checkMapSizes(maps: readonly LabelMap[], kind: "label map" | "instance map"): void {
  if (maps.length === 0) throw new SpadeError("shape", `${kind}s`, "none is given", "give at least one");
  maps.forEach((map, n) => {
    const where = nameOf(kind, n, maps.length);
    const { data, width, height } = map;
    const type = typedArrayName(data) ?? typeof data;
    if (!MAP_TYPES.includes(type)) {
      throw new SpadeError("shape", where, `its data is of type ${type}`, `give one of ${MAP_TYPES.join(", ")}`);
    }
    if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
      throw new SpadeError("shape", where, `its size is ${width} x ${height}`, "give width and height in whole pixels");
    }
    if (data.length !== width * height) {
      const problem = `${data.length} values for ${width} x ${height} pixels`;
      throw new SpadeError("shape", where, problem, `give one id a pixel, row by row: ${width * height} values`);
    }
    if (width !== maps[0].width || height !== maps[0].height) {
      const problem = `${width} x ${height}, where the first one is ${maps[0].width} x ${maps[0].height}`;
      throw new SpadeError("shape", where, problem, "give maps of one size in a batch");
    }
  });
}

/** Checks that every label map has an instance map of its size. */
export function checkInstances(maps: readonly LabelMap[], instances: readonly LabelMap[]): void {
  checkMapSizes(instances, "instance map");
  if (instances.length !== maps.length) {
    const problem = `${instances.length} for ${maps.length} label maps`;
    throw new SpadeError("shape", "instance maps", problem, "give one for each label map, or none");
  }
  const [{ width, height }, inst] = [maps[0], instances[0]];
  if (inst.width !== width || inst.height !== height) {
    const problem = `${inst.width} x ${inst.height}, where the label map is ${width} x ${height}`;
    throw new SpadeError(
      "shape",
      nameOf("instance map", 0, maps.length),
      problem,
      "resize both alike, before edges are taken",
    );
  }
}

/** The error for a pixel whose value is no label of `space`. */
export function illegalLabel(
  where: string,
  map: LabelMap,
  pixel: number,
  value: number,
  space: LabelSpace,
): SpadeError {
  const { labelCount, dontCare } = space;
  const [x, y] = [pixel % map.width, Math.floor(pixel / map.width)];
  const problem = `pixel (x ${x}, y ${y}) has the value ${value}, legal are 0..${labelCount - 1}`;
  const hasDontCare = dontCare !== undefined && dontCare !== null;
  if (value === DONT_CARE_ID) {
    const fix =
      "255 means don't care only to a net trained with contain_dontcare_label, and this one was not: give those pixels a label of the net";
    return new SpadeError("label", where, problem, fix);
  }
  const extra = hasDontCare ? `, or 255 for don't care (it becomes ${dontCare})` : "";
  return new SpadeError(
    "label",
    where,
    problem,
    `write the ids of the net's training labels, 0..${labelCount - 1}${extra}`,
  );
}

/**
 * The checked labels of a batch, [N, H, W], with 255 -> dontCare if the net has it. Does not change the maps.
 * Writes to `into` if it is long enough; the result may be longer than N*H*W.
 */
export function checkedLabels(maps: readonly LabelMap[], space: LabelSpace, into?: Int32Array): Int32Array {
  checkMapSizes(maps, "label map");
  const { labelCount } = space;
  if (!Number.isInteger(labelCount) || labelCount < 1 || labelCount >= 2 ** 30) {
    throw new SpadeError("shape", "labelCount", `${labelCount} labels`, "give label_nc + contain_dontcare_label");
  }
  const dontCare = space.dontCare ?? -1;
  if (dontCare !== -1 && !(Number.isInteger(dontCare) && dontCare >= 0 && dontCare < labelCount)) {
    throw new SpadeError(
      "shape",
      "dontCare",
      `label ${dontCare} of ${labelCount}`,
      "give label_nc, or null if the net has no don't care",
    );
  }
  const size = maps[0].width * maps[0].height;
  const labels = room(into, maps.length * size);
  maps.forEach((map, n) => {
    const pixel = copyLabels(map.data, size, labelCount, dontCare, labels, n * size);
    if (pixel !== -1) throw illegalLabel(nameOf("label map", n, maps.length), map, pixel, map.data[pixel], space);
  });
  return labels;
}

/** Copies the labels of one map; stops at the first illegal one and returns its pixel, else -1. */
function copyLabels(
  data: LabelMap["data"],
  size: number,
  labelCount: number,
  dontCare: number,
  labels: Int32Array,
  to: number,
): number {
  for (let i = 0; i < size; i++) {
    const id = data[i];
    const label = id === DONT_CARE_ID && dontCare !== -1 ? dontCare : id;
    if (label < 0 || label >= labelCount) return i;
    labels[to + i] = label;
  }
  return -1;
}
