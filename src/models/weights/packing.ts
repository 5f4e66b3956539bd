// The layout of parameters on the device. It follows from key and shape; a net can override it for some of its keys.

import { packConv, unpackConv } from "../../../kernels/conv/conv2d.ts";
import { blockedShape, packBlocks, unpackBlocks } from "../../../kernels/parts/gemm.ts";
import { packV, unpackV } from "../../../kernels/norm/spectral.ts";
import { generatorShapes, latentSize, type Config } from "../config.ts";

/** The layout of a key's values on the device. */
export interface Packing {
  readonly shape: number[];
  readonly pack: (values: Float32Array) => Float32Array;
  readonly unpack: (values: Float32Array) => Float32Array;
  /** Whether the values are stored in the storage type (f16 or f32); if not, they are f32. */
  readonly weight: boolean;
}

/** The parameters of a net. */
export interface Net {
  /** Keys with their shapes, as in upstream (OIHW). */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** The layout of a key, if it does not follow from the shape. */
  packing?(key: string, shape: readonly number[]): Packing | undefined;
}

/** Whether the optimiser trains a key. The other keys are buffers, which the forward pass updates. */
export const isTrained = (key: string): boolean =>
  !/\.(running_mean|running_var|weight_u|weight_v|num_batches_tracked)$/.test(key);

const same = (v: Float32Array): Float32Array => v;

/**
 * fc of a VAE net maps z to the first feature map, viewed as (16 ngf, h, w). We reorder its rows to (h, w, 16 ngf), so
 * that the result is NHWC, and transpose: [M, K] becomes [K, M].
 */
function packFc(c: Config): Packing {
  const { h, w } = latentSize(c);
  const [channels, pixels, k] = [16 * c.ngf, h * w, c.z_dim];
  const m = channels * pixels;
  const move = (
    from: Float32Array,
    width: number,
    index: (o: number, i: number) => number,
    back: boolean,
  ): Float32Array => {
    const to = new Float32Array(from.length);
    for (let ch = 0; ch < channels; ch++)
      for (let p = 0; p < pixels; p++)
        for (let i = 0; i < width; i++) {
          const published = (ch * pixels + p) * width + i;
          const packed = index(p * channels + ch, i);
          if (back) to[published] = from[packed];
          else to[packed] = from[published];
        }
    return to;
  };
  const at = (o: number, i: number): number => i * m + o;
  return { shape: [k, m], weight: true, pack: (v) => move(v, k, at, false), unpack: (v) => move(v, k, at, true) };
}

function packFcBias(c: Config): Packing {
  const { h, w } = latentSize(c);
  const channels = 16 * c.ngf;
  const pixels = h * w;
  const transpose = (from: Float32Array, rows: number, cols: number): Float32Array => {
    const to = new Float32Array(from.length);
    for (let r = 0; r < rows; r++) for (let q = 0; q < cols; q++) to[q * rows + r] = from[r * cols + q];
    return to;
  };
  return {
    shape: [channels * pixels],
    weight: false,
    pack: (v) => transpose(v, channels, pixels),
    unpack: (v) => transpose(v, pixels, channels),
  };
}

/** The layout of conv weights for the direct kernels. `shape` is OIHW; the key's own shape may differ. */
export function convPacking(shape: readonly number[]): Packing {
  const [o, i, kh, kw] = shape;
  return {
    shape: [kh * kw, (i + 3) & ~3, o],
    weight: true,
    pack: (v) => packConv(v, shape).data,
    unpack: (v) => unpackConv(v, shape),
  };
}

/** The layout of a key. */
export function packingOf(net: Net, key: string): Packing {
  const shape = net.shapes.get(key)!;
  const special = net.packing?.(key, shape);
  if (special) return special;
  if (shape.length === 4) return convPacking(shape);
  if (key.endsWith(".weight_v")) {
    const [, i, kh, kw] = net.shapes.get(key.replace(/_v$/, "_orig"))!;
    return {
      shape: [kh * kw, i],
      weight: false,
      pack: (v) => packV(v, i, kh, kw),
      unpack: (v) => unpackV(v, i, kh, kw),
    };
  }
  return { shape: [...shape], weight: false, pack: same, unpack: same };
}

/** The parameters of a generator, or some of its keys. */
export function generatorNet(c: Config, shapes: Net["shapes"] = generatorShapes(c)): Net {
  return {
    shapes,
    packing(key, shape) {
      if (key === "fc.weight" && c.use_vae) return packFc(c);
      if (key === "fc.bias" && c.use_vae) return packFcBias(c);
      if (!/\.mlp_(gamma|beta)\.weight$/.test(key)) return undefined;
      // Table GEMMs read mlp_gamma and mlp_beta in blocks of columns.
      const [o, i, kh, kw] = shape;
      return {
        shape: blockedShape(kh * kw, i, o),
        weight: true,
        pack: (v) => packBlocks(v, shape),
        unpack: (v) => unpackBlocks(v, shape),
      };
    },
  };
}

/**
 * Returns `shapes` with `weight` in place of weight_orig, u and v where the checkpoint (torch <= 1.0) only holds
 * W/sigma as `weight`.
 */
export function storedShapes(shapes: Net["shapes"], found: Net["shapes"]): Net["shapes"] {
  const out = new Map<string, readonly number[]>();
  for (const [key, shape] of shapes) {
    const base = /^(.*)\.weight_(orig|u|v)$/.exec(key);
    if (!base || found.has(`${base[1]}.weight_orig`) || !found.has(`${base[1]}.weight`)) out.set(key, shape);
    else if (base[2] === "orig") out.set(`${base[1]}.weight`, shape);
  }
  return out;
}
