// The layout of parameters on the device. It follows from key and shape; a net can override it for some of its keys. The device unpacks
// files into these layouts itself (kernels/shape/unpack.ts); the functions here do the same on the host, for values that come from there.

import { blocksOf, blockedShape } from "../../../kernels/parts/gemm.ts";
import type { Layout } from "../../../kernels/shape/unpack.ts";
import { ceilDiv, pad4, padRows, product, storedElements, unpadRows } from "../../runtime/index.ts";
import { generatorShapes, latentSize, type Config } from "../config.ts";

/** The layout of a key's values on the device. */
export interface Packing {
  readonly shape: number[];
  /** Of the stored values, padding included. */
  readonly layout: Layout;
  /** Published values to those of `shape`, dense. */
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

/** Copies every published value to its stored place, or back. */
function move(
  { taps, grid, outs, ins, strides, start }: Layout,
  published: Float32Array,
  stored: Float32Array,
  back: boolean,
): void {
  const [O1, I1, O2, I2] = grid;
  const [tap, out, into] = strides;
  let at = 0;
  for (let t = 0; t < taps; t++)
    for (let o1 = 0; o1 < O1; o1++)
      for (let i1 = 0; i1 < I1; i1++)
        for (let o = o1 * O2; o < (o1 + 1) * O2; o++)
          for (let i = i1 * I2; i < (i1 + 1) * I2; i++, at++) {
            if (o >= outs || i >= ins) continue;
            const from = start + t * tap + o * out + i * into;
            if (back) published[from] = stored[at];
            else stored[at] = published[from];
          }
}

/** @param weight see Packing */
export function packingAs(shape: number[], weight: boolean, layout: Layout): Packing {
  return {
    ...{ shape, weight, layout },
    /** @notInPages */
    pack(values) {
      const stored = new Float32Array(storedElements(shape, "f32"));
      move(layout, values, stored, false);
      return unpadRows(stored, shape);
    },
    /** @notInPages */
    unpack(values) {
      const published = new Float32Array(layout.taps * layout.outs * layout.ins);
      move(layout, published, padRows(values, shape), true);
      return published;
    },
  };
}

/**
 * fc of a VAE net maps z to the first feature map, viewed as (16 ngf, h, w). We reorder its rows to (h, w, 16 ngf), so
 * that the result is NHWC, and transpose: [M, K] becomes [K, M].
 */
function packFc(c: Config): Packing {
  const { h, w } = latentSize(c);
  const [channels, pixels, k] = [16 * c.ngf, h * w, c.z_dim];
  const layout = { taps: k, outs: channels, ins: pixels, start: 0 };
  return packingAs([k, channels * pixels], true, {
    ...layout,
    grid: [1, pixels, channels, 1],
    strides: [1, pixels * k, k],
  });
}

function packFcBias(c: Config): Packing {
  const { h, w } = latentSize(c);
  const [channels, pixels] = [16 * c.ngf, h * w];
  const layout = { taps: 1, outs: channels, ins: pixels, start: 0 };
  return packingAs([channels * pixels], false, { ...layout, grid: [1, pixels, channels, 1], strides: [0, pixels, 1] });
}

/**
 * The layout of conv weights for the direct kernels: [taps][Cin padded to 4][Cout].
 * @param shape OIHW; the key's own shape may differ
 */
export function convPacking([o, i, kh, kw]: readonly number[]): Packing {
  const taps = kh * kw;
  const layout = { taps, outs: o, ins: i, start: 0 };
  return packingAs([taps, pad4(i), o], true, {
    ...layout,
    grid: [1, pad4(i), pad4(o), 1],
    strides: [1, i * taps, taps],
  });
}

/** The layout of depthwise weights, published as [C,1,KH,KW]: [tap][C]. */
export function depthwisePacking([c, , kh, kw]: readonly number[]): Packing {
  const taps = kh * kw;
  const layout = { taps, outs: c, ins: 1, start: 0 };
  return packingAs([taps, c], true, { ...layout, grid: [1, 1, pad4(c), 1], strides: [1, taps, 0] });
}

/** The layout of a conv's v: the published index (ci*kh+ky)*kw+kx becomes [tap][Cin]. */
export function vPacking(i: number, taps: number): Packing {
  const layout = { taps, outs: 1, ins: i, start: 0 };
  return packingAs([taps, i], false, { ...layout, grid: [1, 1, 1, pad4(i)], strides: [1, 0, taps] });
}

/** The layouts of a transposed conv, published as IOHW: as those of a conv, with the taps in reverse order. */
export function transposedPacking(i: number, o: number, taps: number): { weight: Packing; v: Packing } {
  const reversed = { taps, ins: i, start: taps - 1 };
  return {
    weight: packingAs([taps, pad4(i), o], true, {
      ...reversed,
      outs: o,
      grid: [1, pad4(i), pad4(o), 1],
      strides: [-1, taps, o * taps],
    }),
    v: packingAs([taps, i], false, { ...reversed, outs: 1, grid: [1, 1, 1, pad4(i)], strides: [-1, 0, taps] }),
  };
}

/** The layout of a linear layer's weights, published as [M,K]: [K][M]. */
export function linearPacking([m, k]: readonly number[]): Packing {
  const layout = { taps: k, outs: m, ins: 1, start: 0 };
  return packingAs([k, m], true, { ...layout, grid: [1, 1, pad4(m), 1], strides: [1, k, 0] });
}

/** As matrices in blocks of 16 columns, one a tap: what table GEMMs read. */
export function blockedPacking([o, i, kh, kw]: readonly number[]): Packing {
  const taps = kh * kw;
  const layout = { taps, outs: o, ins: i, start: 0 };
  return packingAs(blockedShape(taps, i, o), true, {
    ...layout,
    grid: [blocksOf(o), ceilDiv(i, 4), 16, 4],
    strides: [1, i * taps, taps],
  });
}

/** As published. */
function plainPacking(shape: readonly number[]): Packing {
  const columns = shape.at(-1) ?? 1;
  const rows = product(shape) / columns;
  const layout = { taps: 1, outs: columns, ins: rows, start: 0 };
  return packingAs([...shape], false, { ...layout, grid: [1, rows, pad4(columns), 1], strides: [0, 1, columns] });
}

/** The layout of a key. */
export function packingOf(net: Net, key: string): Packing {
  const shape = net.shapes.get(key)!;
  const special = net.packing?.(key, shape);
  if (special) return special;
  if (shape.length === 4) return convPacking(shape);
  if (key.endsWith(".weight_v")) {
    const [, i, kh, kw] = net.shapes.get(key.replace(/_v$/, "_orig"))!;
    return vPacking(i, kh * kw);
  }
  return plainPacking(shape);
}

/** The parameters of a generator, or some of its keys. */
export function generatorNet(c: Config, shapes: Net["shapes"] = generatorShapes(c)): Net {
  return {
    shapes,
    packing(key, shape) {
      if (key === "fc.weight" && c.use_vae) return packFc(c);
      if (key === "fc.bias" && c.use_vae) return packFcBias(c);
      return /\.mlp_(gamma|beta)\.weight$/.test(key) ? blockedPacking(shape) : undefined;
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
