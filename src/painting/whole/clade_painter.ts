// The painter of CLADE's generator. The class tables are its weights as they are: a new map costs an upload of class ids.

import { cladeLayers, cladeValues } from "../../models/clade/layers.ts";
import { recordFirst, recordImage, recordPrepare } from "../../models/nets/generator.ts";
import { firstInputs } from "../../models/nets/level_inputs.ts";
import { DerivedWeights } from "../../models/weights/derived.ts";
import { convUses, evalLayers } from "../spade_stages.ts";
import { wholePainter } from "./whole_painter.ts";

export const CladePainter = wholePainter({
  derivedOf: (target, c, p) => new DerivedWeights("prepare", target, p, convUses(c, p), (g) => recordPrepare(g, c, p)),
  recordPicture(g, c, p, derived, images) {
    const first = c.use_vae ? { z: g.input("z", [images, c.z_dim]) } : firstInputs(g, c, images);
    const layers = { ...evalLayers(g, c, p, derived), ...cladeLayers(g, c, p, images) };
    return recordImage(g, c, layers, recordFirst(g, c, p, { ...first, images }));
  },
  mapValues: (c, windows) => cladeValues(c, windows),
  hasStyle: (c) => c.use_vae,
});
