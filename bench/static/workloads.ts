// What bench:static compiles: recordings on paper of painting and of training, for the target of a real adapter. Nothing is allocated.

import { openCheckpointFile } from "../../src/formats/file.ts";
import { publishedWeights } from "../../src/formats/packaged.ts";
import { netOf, outputSize } from "../../src/models/kinds.ts";
import type { Config } from "../../src/models/config.ts";
import { Frozen } from "../../src/models/nets/perceptual.ts";
import { squeezenet } from "../../src/models/nets/squeezenet.ts";
import type { Net } from "../../src/models/weights/packing.ts";
import { ParameterStore } from "../../src/models/weights/parameters.ts";
import { kindOf } from "../../src/models/kinds.ts";
import { usualRoom } from "../../src/painting/choose_room.ts";
import { describeNet } from "../../src/painting/describe_net.ts";
import { recordPainter } from "../../src/painting/painters.ts";
import { Graph, type DType, type Target } from "../../src/runtime/index.ts";
import { netsOf } from "../../src/training/open_parts.ts";
import { defaultOptions, type TrainOptions } from "../../src/training/options.ts";
import { Moments } from "../../src/training/step/moments.ts";
import { recordDiscriminatorStep, recordGeneratorStep } from "../../src/training/step/step.ts";
import { BENCH_CONFIG } from "../lib/ours.ts";

export interface Workload {
  readonly name: string;
  /** Records it anew: a recording releases parameters that its copies replace. */
  record(target: Target): Graph[];
}

/** A picture of a typical map, with the preparation of the weights and the label tables. */
function painting(name: string, config: Config, net: Net, dtype: DType): Workload {
  return {
    name,
    record: (target) => recordPainter(target, config, ParameterStore.onPaper(net, dtype)).map(({ graph }) => graph),
  };
}

/** A G step and a D step of COCO's net at 256x256, ngf 64, with VAE and the perceptual loss, one picture, f32. */
export const TRAINING: TrainOptions = { ...defaultOptions, ...BENCH_CONFIG, batchSize: 1 };

function training(name: string, o: TrainOptions): Workload {
  return {
    name,
    record(target) {
      const paper = new Map(netsOf(o).map(([role, net]) => [role, ParameterStore.onPaper(net, "f32")]));
      const [G, D, E] = (["G", "D", "E"] as const).map((role) => paper.get(role));
      const frozen = ParameterStore.onPaper(squeezenet.net, "f32");
      const nets = { G: G!, D: D!, E, perceptual: new Frozen(squeezenet, frozen, target, outputSize(o)) };
      const rooms = kindOf(o)
        .levels(o)
        .map((level) => usualRoom({ ...level, images: o.batchSize }));
      const moments = (stores: (ParameterStore | undefined)[]): Moments[] =>
        stores.flatMap((p) => (p ? [new Moments(undefined, p, "")] : []));
      return [[recordGeneratorStep, moments([G, E])] as const, [recordDiscriminatorStep, moments([D])] as const].map(
        ([record, of]) => {
          const graph = new Graph(target);
          record(graph, o, nets, rooms, o.batchSize, of);
          return graph;
        },
      );
    },
  };
}

async function published(name: string): Promise<Workload> {
  const weights = publishedWeights(`${name}_net_G.safetensors`);
  const file = await openCheckpointFile(weights);
  try {
    const { config, source } = describeNet(file, { weights });
    return painting(name, config, netOf(config, source.shapes), "f16");
  } finally {
    await file.close();
  }
}

/** f16 is what hardware stores by default when it paints. */
export async function workloads(): Promise<Workload[]> {
  const coco = netOf(BENCH_CONFIG);
  return [
    painting("coco", BENCH_CONFIG, coco, "f16"),
    painting("coco f32", BENCH_CONFIG, coco, "f32"),
    await published("street"),
    await published("landscape"),
    training("training", TRAINING),
  ];
}
