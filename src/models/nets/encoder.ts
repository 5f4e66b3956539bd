// The image encoder of nets with VAE, from a picture to mean and log variance of its style. It first resizes the
// picture to 256x256 (bilinear, not keeping the aspect ratio), so that six halvings always give 4x4. Below crop_size
// 256 upstream drops one halving and then fails.

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
/** Width and height of the last feature map. */
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

/**
 * Shape (OIHW) of fc_mu and fc_var as convs of the last map's size without padding. Their rows are flattened as
 * (channel, y, x).
 */
const head = (c: EncoderConfig): number[] => [c.z_dim, 8 * c.ngf, LAST, LAST];

/** Every key of the encoder's state_dict with its shape, without num_batches_tracked. */
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
 * Records the encoder.
 * @param picture [N,H,W,3] in [-1,1]
 * @returns mu and logvar, [N,z_dim] each
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
