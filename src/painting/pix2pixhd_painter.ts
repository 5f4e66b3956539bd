// The painter of pix2pixHD's generator: the first conv looks labels up per pixel, and all later layers depend on its output.

import { outputSize } from "../models/kinds.ts";
import { layerWeights, pix2pixhdConvs, recordPix2PixHD } from "../models/nets/pix2pixhd.ts";
import { convName, type PlainConv } from "../models/nets/plain_conv.ts";
import { DerivedWeights, type ConvWeights } from "../models/weights/derived.ts";
import type { ParameterStore } from "../models/weights/parameters.ts";
import type { Graph } from "../runtime/index.ts";
import { wholePainter } from "./whole/whole_painter.ts";

export const Pix2pixhdPainter = wholePainter({
  derivedOf(target, config, parameters) {
    const convs = pix2pixhdConvs(config);
    const uses = convs.flatMap(({ layer, input }) =>
      input
        ? [
            {
              name: layer.name,
              key: `${convName(layer)}.weight${layer.norm.spectral ? "_orig" : ""}`,
              k: layer.k,
              ...input,
            },
          ]
        : [],
    );
    return new DerivedWeights("prepare", target, parameters, uses, (g) => {
      for (const { layer } of convs) {
        const { sigma } = layerWeights(g, parameters, layer, false);
        if (sigma) g.keep(`${layer.name}.sigma`, sigma);
      }
    });
  },

  /** Input "codes": i32 [N,H,W], label*2 + edge. */
  recordPicture(g, config, parameters, derived, images) {
    const { h, w } = outputSize(config);
    const codes = g.input("codes", [images, h, w], "i32");
    const weightsOf = (layer: PlainConv): ConvWeights => ({
      ...storedWeights(g, parameters, layer),
      ...derived.copies(g, layer.name),
    });
    return recordPix2PixHD(g, config, parameters, codes, false, weightsOf);
  },

  /** Reads only the codes at full size. */
  mapValues: (_config, [{ codes }]) => ({ codes }),
  hasStyle: () => false,
});

/** A layer's parameters as stored, not the derived copies. */
function storedWeights(g: Graph, p: ParameterStore, layer: PlainConv): ConvWeights {
  const name = convName(layer);
  return {
    w: p.tensor(g, `${name}.weight${layer.norm.spectral ? "_orig" : ""}`),
    bias: p.has(`${name}.bias`) ? p.tensor(g, `${name}.bias`) : undefined,
  };
}
