// The image encoder of nets with VAE: a picture to mean and log variance of its style. The picture is resized to 256x256 bilinearly
// first, aspect ratio not kept, so that six halvings always leave 4x4 (upstream drops one below crop_size 256 and then fails).

import { conv2d, reshape, resize } from "../../../kernels/index.ts";
import type { Graph, Tensor } from "../../runtime/index.ts";
import { parsePlainNorm, type Config } from "../config.ts";
import { convPacking, type Net } from "../weights/packing.ts";
import type { ParameterStore } from "../weights/parameters.ts";
import { plainConvShapes, recordPlainConv, type PlainConv } from "./plain_conv.ts";

export interface EncoderConfig extends Pick<Config, "ngf" | "z_dim"> {
  norm_E: string;
}

export const defaultEncoder = { norm_E: "spectralinstance" } as const;

const SIZE = 256;
/** Side of the last feature map. */
const LAST = 4;
const WIDTHS = [1, 2, 4, 8, 8, 8];

export function encoderLayers(c: EncoderConfig): PlainConv[] {
  const norm = parsePlainNorm(c.norm_E, "norm_E");
  return WIDTHS.map((m, i) => ({
    name: `layer${i + 1}`,
    cin: i ? WIDTHS[i - 1] * c.ngf : 3,
    cout: m * c.ngf,
    k: 3,
    stride: 2,
    pad: 1,
    norm,
    act: "leaky",
  }));
}

/** The heads see the last map flattened as (channel, y, x): convs of its size without padding. */
const head = (c: EncoderConfig): number[] => [c.z_dim, 8 * c.ngf, LAST, LAST];

/** Every key of the encoder's state_dict with its shape; num_batches_tracked left out. */
export function encoderShapes(c: EncoderConfig): Map<string, number[]> {
  const shapes = new Map(encoderLayers(c).flatMap(plainConvShapes));
  for (const name of ["fc_mu", "fc_var"]) {
    shapes.set(`${name}.weight`, [c.z_dim, 8 * c.ngf * LAST * LAST]).set(`${name}.bias`, [c.z_dim]);
  }
  return shapes;
}

export const encoderNet = (c: EncoderConfig): Net => ({
  shapes: encoderShapes(c),
  packing: (key) => (/^fc_(mu|var)\.weight$/.test(key) ? convPacking(head(c)) : undefined),
});

/**
 * @param picture [N,H,W,3] in [-1,1]
 * @returns [N,z_dim] each
 */
export function recordEncoder(
  g: Graph,
  c: EncoderConfig,
  p: ParameterStore,
  picture: Tensor,
  train: boolean,
): { mu: Tensor; logvar: Tensor } {
  const [n, h, w] = picture.shape;
  let x = h === SIZE && w === SIZE ? picture : resize(g, { x: picture, h: SIZE, w: SIZE, mode: "bilinear" });
  for (const layer of encoderLayers(c)) x = recordPlainConv(g, p, layer, x, train);
  const linear = (name: string): Tensor =>
    g.scope(name, () => {
      const y = conv2d(g, {
        x,
        w: p.tensor(g, `${name}.weight`),
        bias: p.tensor(g, `${name}.bias`),
        kh: LAST,
        kw: LAST,
      });
      return reshape(g, { x: y, shape: [n, c.z_dim] });
    });
  return { mu: linear("fc_mu"), logvar: linear("fc_var") };
}
