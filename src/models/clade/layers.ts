// What CLADE's norms read, as inputs of a recording and as layers of SPADE's blocks. Inputs, with WxH a resolution: "ids WxH" (classes),
// "edges WxH" with edges, "positions WxH" with add_dist; fc without VAE has SPADE's. Those that gradients need are in training.ts.

import { activation, concat, conv2d } from "../../../kernels/index.ts";
import { torchNearest } from "../../labels/levels.ts";
import { positionsOf } from "../../labels/positions.ts";
import type { LevelWindows } from "../../labels/windows.ts";
import { product, type Graph, type HostArray, type Tensor } from "../../runtime/index.ts";
import type { Config } from "../config.ts";
import { normsAt, resolutions, type Layers } from "../nets/generator.ts";
import { firstValues, idsInput } from "../nets/level_inputs.ts";
import { levelKey } from "../nets/table_room.ts";
import type { ParameterStore } from "../weights/parameters.ts";

/** Declares the inputs of all norms. */
export function cladeLayers(
  g: Graph,
  c: Config,
  p: ParameterStore,
  images: number,
): Pick<Layers, "table" | "ids" | "edges"> {
  const conv = (name: string, x: Tensor): Tensor =>
    g.scope(name, () =>
      conv2d(g, {
        ...{ x, w: p.tensor(g, `${name}.weight`), bias: p.tensor(g, `${name}.bias`) },
        ...{ kh: 1, kw: 1, pad: 0 },
      }),
    );
  const inputs = resolutions(c).map((size) => {
    const { h, w } = size;
    const key = levelKey(h, w);
    const plane = (name: string, weight: string, channels: number): Tensor =>
      g.input(`${name} ${key}`, [images, h, w, channels], p.tensor(g, `${weight}.weight`).dtype);
    const [norm] = normsAt(c, size);
    return {
      ...size,
      norms: normsAt(c, size),
      ids: idsInput(g, size, images),
      edges: c.no_instance ? undefined : plane("edges", `${norm}.inst_conv`, 1),
      positions: c.add_dist ? plane("positions", `${norm}.class_specified_affine.dist_conv_w`, 2) : undefined,
    };
  });
  const of = (norm: string): (typeof inputs)[number] => inputs.find(({ norms }) => norms.includes(norm))!;
  return {
    ids: (h, w) => inputs.find((at) => at.h === h && at.w === w)!.ids,
    table(norm) {
      const affine = `${norm}.class_specified_affine`;
      const { positions } = of(norm);
      return {
        gamma: p.tensor(g, `${affine}.weight`),
        beta: p.tensor(g, `${affine}.bias`),
        whole: true,
        ...(positions && {
          factors: concat(g, {
            a: conv(`${affine}.dist_conv_w`, positions),
            b: conv(`${affine}.dist_conv_b`, positions),
            axis: 3,
          }),
        }),
      };
    },
    edges(norm, y, slope) {
      const { edges } = of(norm);
      if (!edges) return y;
      const b = conv(`${norm}.inst_conv`, edges);
      return concat(g, { a: y, b: slope === 1 ? b : activation(g, { x: b, kind: "leaky" }), axis: 3 });
    },
  };
}

/**
 * Values of the inputs of cladeLayers, and of fc without VAE. `positions`: [N,H,W,2] of the batch, of the size of the largest
 * resolution; left out, they are computed from its labels.
 */
export function cladeValues(
  c: Config,
  windows: readonly LevelWindows[],
  positions?: Float32Array,
): Record<string, HostArray> {
  const values: Record<string, HostArray> = c.use_vae ? {} : firstValues(windows[0]);
  const full = windows[windows.length - 1];
  if (c.add_dist) positions ??= mapPositions(full);
  for (const lw of windows) {
    const { h, w, codes } = lw;
    const key = levelKey(h, w);
    values[`ids ${key}`] = codes.map((code) => code >> 1);
    if (!c.no_instance) values[`edges ${key}`] = Float32Array.from(codes, (code) => code & 1);
    if (c.add_dist) values[`positions ${key}`] = sample(positions!, full, lw);
  }
  return values;
}

/** Positions of a batch of maps from its codes, [N,H,W,2]. */
export function mapPositions({
  codes,
  images,
  h,
  w,
}: Pick<LevelWindows, "codes" | "images" | "h" | "w">): Float32Array {
  const out = new Float32Array(product([images, h, w, 2]));
  for (let n = 0; n < images; n++) {
    const data = codes.subarray(n * h * w, (n + 1) * h * w).map((code) => code >> 1);
    out.set(positionsOf({ data, width: w, height: h }), n * h * w * 2);
  }
  return out;
}

/** Positions at another resolution, by torch's nearest. */
function sample(
  positions: Float32Array,
  { h: H, w: W }: Pick<LevelWindows, "h" | "w">,
  { images, h, w }: Pick<LevelWindows, "images" | "h" | "w">,
): Float32Array {
  const out = new Float32Array(images * h * w * 2);
  for (let i = 0; i < images * h * w; i++) {
    const y = torchNearest(Math.floor(i / w) % h, H, h);
    const at = 2 * ((Math.floor(i / (w * h)) * H + y) * W + torchNearest(i % w, W, w));
    out[2 * i] = positions[at];
    out[2 * i + 1] = positions[at + 1];
  }
  return out;
}
