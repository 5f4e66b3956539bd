// Every graph that a generator records, for any adapter, without a GPU.

import { buildLevels } from "../../src/labels/levels.ts";
import { labelCount, parseNormG, type Config } from "../../src/models/config.ts";
import { netOf, outputSize } from "../../src/models/kinds.ts";
import { resolutions } from "../../src/models/nets/generator.ts";
import { recordTrainingPass } from "../../src/models/nets/training_pass.ts";
import { ParameterStore } from "../../src/models/weights/parameters.ts";
import { roomFor } from "../../src/painting/choose_room.ts";
import { recordPainter } from "../../src/painting/painters.ts";
import { Graph, type DType, type Target } from "../../src/runtime/index.ts";

/** Prepare, tables, fc, image, and the training pass. */
export function recordGenerator(config: Config, target: Target, dtype: DType, labels: (i: number) => number): Graph[] {
  const { h: height, w: width } = outputSize(config);
  const map = { data: Int32Array.from({ length: height * width }, (_, i) => labels(i)), width, height };
  const { k } = parseNormG(config.norm_G);
  const windows = buildLevels(
    [map],
    config.no_instance ? null : [map],
    { labelCount: labelCount(config), dontCare: null, edges: !config.no_instance },
    resolutions(config).map((r) => ({ ...r, k })),
  );
  const stages = recordPainter(target, config, ParameterStore.onPaper(netOf(config), dtype), windows);
  const train = new Graph(target);
  const plans = windows.map((lw) => roomFor(lw));
  const { image } = recordTrainingPass(train, config, ParameterStore.onPaper(netOf(config), dtype), plans, 1);
  train.output("image", image);
  return [...stages.map(({ graph }) => graph), train];
}
