// The multi-scale discriminator (Wang et al. 2018, as in SPADE's upstream code): num_D patch classifiers on a pyramid
// of [one-hot labels | edges | picture]. There is no one-hot tensor at full size: the first conv is the sum of a conv
// on the picture and a lookup on the labels (label_conv), which is computed once and shared by fake and real pictures.
// From the second scale on, the pooled labels are a dense map (label_pool), which is shared too.

import { addShared, avgPool, conv2d, labelConv, labelPool, slice } from "../../../kernels/index.ts";
import { NO_EDGES, pad4, SpadeError, type DType, type Graph, type Tensor } from "../../runtime/index.ts";
import { parsePlainNorm, semanticNc, type Config, type LabelConfig } from "../config.ts";
import { trainingKindOf } from "../training_kinds.ts";
import type { Net } from "../weights/packing.ts";
import type { ParameterStore } from "../weights/parameters.ts";
import { LEAK, plainConvShapes, recordPlainConv, type PlainConv } from "./plain_conv.ts";

export interface DiscriminatorConfig extends LabelConfig, Partial<Pick<Config, "netG">> {
  ndf: number;
  num_D: number;
  n_layers_D: number;
  norm_D: string;
}

export const defaultDiscriminator = { ndf: 64, num_D: 2, n_layers_D: 4, norm_D: "spectralinstance" } as const;

const K = 4;
const PAD = 2;
const PICTURE = 3;

/** The layers of every scale, in order. The first and last layer have neither norm nor spectral norm. */
export function discriminatorLayers(c: DiscriminatorConfig): PlainConv[][] {
  const norm = parsePlainNorm(c.norm_D, "norm_D");
  const plain = { spectral: false, kind: "none", synced: false } as const;
  if (!(c.num_D >= 1 && c.n_layers_D >= 1)) {
    throw new SpadeError(
      "usage",
      `num_D ${c.num_D}, n_layers_D ${c.n_layers_D}`,
      "leave nothing to train",
      "use at least 1 of both",
    );
  }
  const halving = c.n_layers_D - (trainingKindOf({ netG: c.netG ?? "spade" }).stridedD ? 0 : 1);
  return Array.from({ length: c.num_D }, (_, d) => {
    const layers: PlainConv[] = [];
    let cin = semanticNc(c) + PICTURE;
    let width = c.ndf;
    for (let n = 0; n <= c.n_layers_D; n++) {
      const last = n === c.n_layers_D;
      if (n > 0 && !last) width = Math.min(width * 2, 512);
      layers.push({
        name: `discriminator_${d}.model${n}.0`,
        cin,
        cout: last ? 1 : width,
        k: K,
        stride: n < halving ? 2 : 1,
        pad: PAD,
        norm: n > 0 && !last ? norm : plain,
        act: last ? "none" : "leaky",
      });
      cin = width;
    }
    return layers;
  });
}

/** Every key of the discriminator's state_dict with its shape, without num_batches_tracked. */
export const discriminatorShapes = (c: DiscriminatorConfig): Map<string, number[]> =>
  new Map(discriminatorLayers(c).flat().flatMap(plainConvShapes));

export const discriminatorNet = (c: DiscriminatorConfig): Net => ({ shapes: discriminatorShapes(c) });

/** A batch's labels: i32 codes [N,H,W] (label*2 + edge), or a dense map [N,H,W,semantic_nc]. */
export type Semantics = { codes: Tensor } | { dense: Tensor };

/**
 * Records the discriminator in training mode, which upstream always uses.
 * @param pictures [M,H,W,3]; M is a multiple of the labels' N, and picture m belongs to labels m mod N (fake pictures
 * first, then real)
 * @returns for every scale the outputs of all layers, the last being the logits [M,h,w,1]
 */
export function recordDiscriminator(
  g: Graph,
  c: DiscriminatorConfig,
  p: ParameterStore,
  labels: Semantics,
  pictures: Tensor,
): Tensor[][] {
  const out: Tensor[][] = [];
  for (const [first, ...rest] of discriminatorLayers(c)) {
    if (out.length) {
      labels = g.scope("pool", () => poolSemantics(g, c, labels, pictures.dtype));
      pictures = g.scope("pool", () => avgPool(g, { x: pictures }));
    }
    let x = g.scope(first.name, () => firstConv(g, c, p, first, labels, pictures));
    const scale = [x];
    for (const layer of rest) scale.push((x = recordPlainConv(g, p, layer, x, true)));
    out.push(scale);
  }
  return out;
}

const edgeRow = (c: DiscriminatorConfig): number => (c.no_instance ? NO_EDGES : semanticNc(c) - 1);

function poolSemantics(g: Graph, c: DiscriminatorConfig, labels: Semantics, dtype: DType): Semantics {
  if ("dense" in labels) return { dense: avgPool(g, { x: labels.dense }) };
  return { dense: labelPool(g, { codes: labels.codes, channels: semanticNc(c), edgeRow: edgeRow(c), dtype }) };
}

/**
 * Records the first conv as conv([labels | picture]) = conv(labels) + conv(picture), each with its own rows of the
 * weights.
 */
function firstConv(
  g: Graph,
  c: DiscriminatorConfig,
  p: ParameterStore,
  { name, k, stride, pad }: PlainConv,
  labels: Semantics,
  pictures: Tensor,
): Tensor {
  const w = p.tensor(g, `${name}.weight`);
  const bias = p.tensor(g, `${name}.bias`);
  const channels = semanticNc(c);
  const rows = (from: number, count: number): Tensor => slice(g, { x: w, axis: 1, from, count, length: pad4(count) });
  const shared =
    "codes" in labels
      ? labelConv(g, { codes: labels.codes, w, bias, k, stride, pad, edgeRow: edgeRow(c), dtype: pictures.dtype })
      : conv2d(g, { x: labels.dense, w: rows(0, channels), bias, kh: k, kw: k, stride, pad });
  const x = conv2d(g, { x: pictures, w: rows(channels, PICTURE), kh: k, kw: k, stride, pad });
  return addShared(g, { x, shared, slope: LEAK });
}
