// Takes what fits of a file's net for a run's net: tensors of equal shape, columns of labels that mean the same, the grid of a style's first
// features, spectral norm in its other form. The rest begins anew.

import { latentSize, type Config } from "../../models/config.ts";
import { isTrained, type Net } from "../../models/weights/packing.ts";
import type { StateSource } from "../../models/weights/parameters.ts";
import { powerIterate, spectralSigma, type HostState } from "../../models/weights/seeded.ts";
import { counted } from "../../runtime/errors.ts";
import type { LabelMatch } from "./labels.ts";

/** Sizes of the first feature map, of nets with VAE of equal ngf and z_dim. */
export interface Grids {
  readonly channels: number;
  readonly from: { h: number; w: number };
  readonly to: { h: number; w: number };
}

/** The grids of two configs; undefined where fc does not make them of a style. */
export function gridsOf(from: Config, to: Config): Grids | undefined {
  if (to.netG !== from.netG || !from.use_vae || !to.use_vae || from.ngf !== to.ngf) return undefined;
  return { channels: 16 * to.ngf, from: latentSize(from), to: latentSize(to) };
}

/** A net's values for a run, and what they are. */
export interface Fit {
  readonly source: StateSource;
  /** Keys whose values come from the file. */
  readonly taken: readonly string[];
  /** One for each thing that is not simply taken. */
  readonly lines: readonly string[];
}

type Read = () => Promise<Float32Array>;
type Shape = readonly number[];
const equal = (a: Shape | undefined, b: Shape | undefined): boolean => a?.join() === b?.join();
const describe = (shape: Shape): string => `[${shape.join(",")}]`;

/** The weights that read label maps, with the channels behind the labels that they read too: of D, the picture's. */
const LABEL_WEIGHTS: readonly [pattern: RegExp, others: number][] = [
  [/\.mlp_shared\.0\.weight$/, 0],
  [/^fc\.weight$/, 0],
  [/^model\.1(\.0)?\.weight(_orig)?$/, 0],
  [/^discriminator_\d+\.model0\.0\.weight$/, 3],
];

/** CLADE's tables, with a row for each label. */
const CLASS_TABLE = /\.class_specified_affine\.(weight|bias)$/;

/** The channels behind the labels of a weight that reads them; undefined of others. fc of a net with VAE reads a style. */
const behindLabels = (key: string, shape: Shape): number | undefined =>
  shape.length === 4 ? LABEL_WEIGHTS.find(([pattern]) => pattern.test(key))?.[1] : undefined;

/** [O, I, ...] with the input channels of a match. @param others channels behind the labels, which both have */
function relabelled(
  values: Float32Array,
  fresh: Float32Array,
  [outs, ins, ...kernel]: Shape,
  { channels, of, labels }: LabelMatch,
  others: number,
): Float32Array {
  const taps = kernel.reduce((a, b) => a * b, 1);
  const out = fresh.slice();
  for (let o = 0; o < outs; o++) {
    for (let i = 0; i < ins; i++) {
      const at = (o * ins + i) * taps;
      const channel = i < channels.length ? channels[i] : of + i - channels.length;
      if (channel === "new") continue;
      const row = o * (of + others);
      for (let t = 0; t < taps; t++) {
        if (channel !== "average") out[at + t] = values[(row + channel) * taps + t];
        else {
          let sum = 0;
          for (let label = 0; label < labels; label++) sum += values[(row + label) * taps + t];
          out[at + t] = sum / labels;
        }
      }
    }
  }
  return out;
}

/** Rows (channel, y, x) of a grid, resampled bilinearly to another one, as pixels with centres; `inner` values a row. */
function resampled(values: Float32Array, { channels, from, to }: Grids): Float32Array {
  const inner = values.length / (channels * from.h * from.w);
  const out = new Float32Array(channels * to.h * to.w * inner);
  const place = (i: number, n: number, size: number): [number, number, number] => {
    const at = Math.min(size - 1, Math.max(0, ((i + 0.5) * size) / n - 0.5));
    const low = Math.floor(at);
    return [low, Math.min(size - 1, low + 1), at - low];
  };
  for (let c = 0; c < channels; c++)
    for (let y = 0; y < to.h; y++)
      for (let x = 0; x < to.w; x++) {
        const [y0, y1, fy] = place(y, to.h, from.h);
        const [x0, x1, fx] = place(x, to.w, from.w);
        for (let k = 0; k < inner; k++) {
          const value = (yy: number, xx: number): number => values[((c * from.h + yy) * from.w + xx) * inner + k];
          out[((c * to.h + y) * to.w + x) * inner + k] =
            (1 - fy) * ((1 - fx) * value(y0, x0) + fx * value(y0, x1)) +
            fy * ((1 - fx) * value(y1, x0) + fx * value(y1, x1));
        }
      }
  return out;
}

const isNoise = (key: string): boolean => key.endsWith(".noise_var");

/** Power iterations for a weight whose u and v the file does not have; every step of the training does two more. */
const ITERATIONS = 15;

/**
 * @param fresh the net's values before its first step, for what does not fit
 * @param file the values of a net of the same kind
 * @param labels how the label channels of the two belong together
 * @param grids of G
 */
export function fit(net: Net, fresh: StateSource, file: StateSource, labels: LabelMatch, grids?: Grids): Fit {
  const taken: string[] = [];
  const lines: string[] = [];
  const reads = new Map<string, Read>();
  const powers = new Map<string, Promise<HostState>>();
  const valuesOf = async (key: string): Promise<Float32Array> => file.read(key);

  const byShape = (key: string, shape: Shape): Read | undefined => {
    const others = behindLabels(key, shape);
    const there = file.shapes.get(key);
    if (CLASS_TABLE.test(key) && !labels.same) {
      if (there?.[1] !== shape[1] || shape[0] > labels.channels.length) return undefined;
      const rows = { ...labels, channels: labels.channels.slice(0, shape[0]) };
      return async () => relabelled(await valuesOf(key), await fresh.read(key), [1, ...shape], rows, 0);
    }
    if (others === undefined || labels.same) return equal(there, shape) ? () => valuesOf(key) : undefined;
    if (!equal(there, shape.with(1, labels.of + others)) || shape[1] !== labels.channels.length + others)
      return undefined;
    return async () => relabelled(await valuesOf(key), await fresh.read(key), shape, labels, others);
  };
  const byGrid = (key: string, shape: Shape): Read | undefined => {
    if (!grids || !/^fc\.(weight|bias)$/.test(key)) return undefined;
    const { channels, from } = grids;
    if (!equal(file.shapes.get(key), shape.with(0, channels * from.h * from.w))) return undefined;
    lines.push(`${key}: its grid of ${from.w}x${from.h} becomes one of ${grids.to.w}x${grids.to.h}`);
    return async () => resampled(await valuesOf(key), grids);
  };
  /** Spectral norm where the file has none, or only W / sigma; and the other way round. */
  const byNorm = (key: string, shape: Shape): Read | undefined => {
    const [, base, part] = /^(.*)\.weight(_orig)?$/.exec(key) ?? [];
    if (base === undefined) return undefined;
    const [orig, plain, u] = [`${base}.weight_orig`, `${base}.weight`, `${base}.weight_u`];
    if (part && equal(file.shapes.get(plain), shape)) return () => valuesOf(plain);
    if (part || !equal(file.shapes.get(orig), shape) || file.shapes.get(u)?.[0] !== shape[0]) return undefined;
    return async () => {
      const state: HostState = new Map();
      for (const name of [orig, u, `${base}.weight_v`])
        state.set(name, { shape: [...file.shapes.get(name)!], data: await valuesOf(name) });
      const sigma = spectralSigma(state, base);
      return state.get(orig)!.data.map((w) => w / sigma);
    };
  };
  /** u and v of a weight that is not the file's own. */
  const byPower = (key: string): Read | undefined => {
    const [, base] = /^(.*)\.weight_[uv]$/.exec(key) ?? [];
    const [orig, u, v] = ["orig", "u", "v"].map((part) => `${base}.weight_${part}`);
    const read = reads.get(orig);
    if (!read || net.shapes.get(u)?.[0] !== net.shapes.get(orig)![0]) return undefined;
    const iterated = async (): Promise<HostState> => {
      const begin = equal(file.shapes.get(u), net.shapes.get(u)) ? file : fresh;
      const state: HostState = new Map();
      state.set(orig, { shape: [...net.shapes.get(orig)!], data: await read() });
      state.set(u, { shape: [...net.shapes.get(u)!], data: await begin.read(u) });
      state.set(v, { shape: [...net.shapes.get(v)!], data: await fresh.read(v) });
      powerIterate(state, ITERATIONS);
      state.delete(orig);
      return state;
    };
    return async () => {
      let vectors = powers.get(base);
      if (!vectors) powers.set(base, (vectors = iterated()));
      return (await vectors).get(key)!.data;
    };
  };
  const isOwn = (key: string): boolean => {
    const orig = key.replace(/_[uv]$/, "_orig");
    const shape = net.shapes.get(orig)!;
    return equal(file.shapes.get(orig), shape) && (labels.same || behindLabels(orig, shape) === undefined);
  };

  let silent = 0;
  for (const [key, shape] of net.shapes) {
    const ofNorm = /\.weight_[uv]$/.test(key);
    const read =
      ofNorm && !isOwn(key) ? byPower(key) : (byShape(key, shape) ?? byGrid(key, shape) ?? byNorm(key, shape));
    if (read) {
      reads.set(key, read);
      taken.push(key);
    } else if (isNoise(key)) {
      silent++;
    } else if (isTrained(key)) {
      const there = file.shapes.get(key);
      lines.push(
        `${key} ${describe(shape)} begins anew: ${there ? `it is ${describe(there)} in the file` : "the file has none"}`,
      );
    }
  }
  if (silent) lines.push(`noise_var of ${counted(silent, "norm")} begins at 0: the file's net has no noise`);
  const left = [...file.shapes.keys()].filter(
    (key) => isNoise(key) && net.shapes.has(key.replace(/noise_var$/, "mlp_shared.0.weight")) && !net.shapes.has(key),
  );
  if (left.length)
    lines.push(`the noise of ${counted(left.length, "norm")} of the file is left out: --add_noise takes it`);
  return { source: { shapes: net.shapes, read: (key) => (reads.get(key) ?? (() => fresh.read(key)))() }, taken, lines };
}
