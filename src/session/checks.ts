// Checks every argument, types included (callers may use plain JavaScript), before anything is done.

import type { LabelMap, SpadeInfo, SpadeOptions, Style } from "./api.ts";
import { checkMapSizes, typedArrayName } from "../labels/label_map.ts";
import { normalValues } from "../models/philox.ts";
import { SpadeError } from "../runtime/index.ts";
import type { LoadingOptions } from "./opening/load.ts";

/** True for an ArrayBuffer of any realm. */
export function isArrayBuffer(value: unknown): value is ArrayBuffer {
  try {
    Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "byteLength")!.get!.call(value);
    return true;
  } catch {
    return false;
  }
}

export const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
const usage = (where: string, problem: string, fix: string): SpadeError => new SpadeError("usage", where, problem, fix);

/** True for a Source; objects of another realm count, objects that only look like one do not. */
function isSource(value: unknown): boolean {
  if (typeof value === "string") return value !== "";
  if ([URL, Request, Response, Blob, ReadableStream].some((type) => value instanceof type)) return true;
  return typedArrayName(value) === "Uint8Array" || isArrayBuffer(value);
}

/** What we call of a GPUDevice. A device of an iframe is no `instanceof` this page's class. */
const DEVICE_METHODS = [
  "createBuffer",
  "createBindGroup",
  "createCommandEncoder",
  "createComputePipelineAsync",
  "createShaderModule",
  "pushErrorScope",
  "addEventListener",
];

function isDevice(value: unknown): boolean {
  if (!isObject(value)) return false;
  const device = value as Record<string, unknown>;
  const { features, limits, queue, lost } = device as Partial<GPUDevice>;
  return (
    DEVICE_METHODS.every((name) => typeof device[name] === "function") &&
    typeof features?.has === "function" &&
    isObject(limits) &&
    typeof queue?.submit === "function" &&
    typeof lost?.then === "function"
  );
}

const isCache = (value: unknown): boolean =>
  isObject(value) &&
  ["match", "put", "delete"].every((name) => typeof (value as Record<string, unknown>)[name] === "function");

/** @throws SpadeError usage */
export function checkSource(call: string, weights: unknown): void {
  if (!isSource(weights))
    throw usage(
      call,
      weights === "" ? "is an empty text" : "is no source",
      "give an address, URL, Request, Response, Blob, ArrayBuffer, Uint8Array or stream of bytes",
    );
}

/** Checks the options with which every net is loaded. @throws SpadeError usage, integrity */
export function checkLoading(call: string, options: LoadingOptions & Pick<SpadeOptions, "onProgress">): void {
  if (!isObject(options)) throw usage(call, `its options are ${String(options)}`, "give { weights: ... }");
  const { weights, integrity, powerPreference, cache, fetch } = options;
  checkSource(`${call}({ weights })`, weights);
  if (integrity !== undefined && !/^sha256-[A-Za-z0-9+/]{43}=$/.test(String(integrity)))
    throw new SpadeError(
      "integrity",
      `${call}({ integrity })`,
      `is ${String(integrity)}`,
      'give "sha256-" and the hash in base64: openssl dgst -sha256 -binary FILE | base64',
    );
  checkShared(call, options);
  if (powerPreference !== undefined && !["low-power", "high-performance"].includes(powerPreference))
    throw usage(
      `${call}({ powerPreference })`,
      `is ${String(powerPreference)}`,
      'give "low-power" or "high-performance", or leave it out',
    );
  if (fetch !== undefined && typeof fetch !== "function")
    throw usage(`${call}({ fetch })`, "is no function", "give one like the page's fetch, or leave it out");
  if (cache !== undefined && typeof cache !== "boolean" && !isCache(cache))
    throw usage(`${call}({ cache })`, "is no cache", "give true, false, or an object with match, put and delete");
}

/** Checks createSpade's options. @throws SpadeError usage, integrity */
export function checkOptions(options: SpadeOptions): void {
  checkLoading("createSpade", options);
  const { encoder, dtype, size } = options;
  if (encoder !== undefined) checkSource("createSpade({ encoder })", encoder);
  if (dtype !== undefined && !["auto", "f16", "f32"].includes(dtype))
    throw usage("createSpade({ dtype })", `is ${String(dtype)}`, 'give "auto", "f16" or "f32"');
  if (
    size !== undefined &&
    !(Array.isArray(size) && size.length === 2 && size.every((n) => Number.isSafeInteger(n) && n > 0))
  ) {
    throw usage("createSpade({ size })", `is ${String(size)}`, "give [width, height] in whole pixels");
  }
}

/** Checks the options that the nets' sessions and createTrainer share. @throws SpadeError usage */
export function checkShared(
  call: string,
  { signal, onProgress, device }: Pick<SpadeOptions, "signal" | "onProgress" | "device">,
): void {
  checkSignal(call, signal);
  if (onProgress !== undefined && typeof onProgress !== "function")
    throw usage(`${call}({ onProgress })`, "is no function", "give a function, or leave it out");
  if (device !== undefined) checkDevice(`${call}({ device })`, device);
}

/** @throws SpadeError usage */
export function checkDevice(call: string, device: unknown): void {
  if (!isDevice(device)) throw usage(call, "is no GPUDevice", "give one, or leave it out");
}

/** Checks generate()'s options. @throws SpadeError usage, unsupported */
export function checkGenerate(options: unknown): void {
  if (!isObject(options))
    throw usage("generate", `its options are ${String(options)}`, "give an object, or leave them out");
  const { canvas, texture, scaling, signal } = options as Record<string, unknown>;
  if (canvas !== undefined && texture !== undefined)
    throw usage("generate({ canvas, texture })", "are two places for one picture", "give one of them");
  checkScaling(scaling);
  checkSignal("generate", signal);
}

/** @throws SpadeError usage */
export function checkScaling(scaling: unknown): void {
  if (scaling !== undefined && !["none", "smooth", "pixels"].includes(scaling as string))
    throw usage("scaling", `is ${String(scaling)}`, 'give "none", "smooth" or "pixels"');
}

/** Checks live()'s options. @throws SpadeError usage */
export function checkLive(options: unknown): void {
  if (!isObject(options)) throw usage("live", `its options are ${String(options)}`, "give { canvas }");
  const { scaling, onFrame } = options as Record<string, unknown>;
  checkScaling(scaling);
  if (onFrame !== undefined && typeof onFrame !== "function")
    throw usage("live({ onFrame })", "is no function", "give a function, or leave it out");
}

/** @throws SpadeError usage */
export function checkSignal(call: string, signal: unknown): void {
  if (signal === undefined || signal instanceof AbortSignal) return;
  const { aborted, addEventListener, throwIfAborted } = (signal ?? {}) as Partial<AbortSignal>;
  // One of another realm.
  if (typeof aborted === "boolean" && typeof addEventListener === "function" && typeof throwIfAborted === "function")
    return;
  throw usage(`${call}({ signal })`, "is no AbortSignal", "give the signal of an AbortController, or leave it out");
}

/** Checks that a map has exactly the net's size. @throws SpadeError usage, shape */
export function checkMap(
  name: "label map" | "instance map",
  map: LabelMap,
  { width, height }: Pick<SpadeInfo, "width" | "height">,
): void {
  if (!isObject(map)) throw usage(name, `is ${String(map)}`, "give { data, width, height }");
  checkMapSizes([map], name);
  if (map.width !== width || map.height !== height)
    throw new SpadeError(
      "shape",
      name,
      `is ${map.width} x ${map.height} where the net takes ${width} x ${height}`,
      "resize it with nearest sampling first",
    );
}

/**
 * A style's z (a copy); undefined for nets without styles.
 * @param length numbers of z; 0: the net has no style
 * @param call in messages
 * @throws SpadeError usage, shape, unsupported
 */
export function styleValues(style: Style | undefined, length: number, call = "generate"): Float32Array | undefined {
  const where = `${call}({ style })`;
  if (length === 0) {
    if (style !== undefined)
      throw new SpadeError(
        "unsupported",
        where,
        "this net was trained without VAE and has one picture a map",
        "leave style out",
      );
    return undefined;
  }
  if (style === undefined) return new Float32Array(length);
  const fix = `give a seed (a whole number from 0 on), or a Float32Array of ${length} numbers`;
  if (typeof style === "number") {
    if (!Number.isSafeInteger(style) || style < 0) throw usage(where, `the seed is ${style}`, fix);
    return normalValues(style, length);
  }
  if (typedArrayName(style) !== "Float32Array") throw usage(where, "is neither a seed nor a Float32Array", fix);
  const z = style as Float32Array;
  if (z.length !== length)
    throw new SpadeError("shape", where, `has ${z.length} numbers where z_dim is ${length}`, fix);
  if (!z.every(Number.isFinite)) throw usage(where, "has NaN or Inf", fix);
  return z.slice();
}
