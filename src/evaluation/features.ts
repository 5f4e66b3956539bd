// Computes feature vectors of pictures for the Frechet distance and for style diversity: SqueezeNet's last map (fire9),
// averaged over the picture, 512 values. All pictures are resized to one size first, so that different sizes can be
// compared.

import { statistics } from "../../kernels/index.ts";
import { openFile } from "../formats/file.ts";
import { publishedWeights } from "../formats/packaged.ts";
import { openSafetensors } from "../formats/safetensors.ts";
import { ParameterStore } from "../models/weights/parameters.ts";
import { Frozen } from "../models/nets/perceptual.ts";
import { checkpointSource } from "../models/weights/source.ts";
import { SQUEEZENET_FILE, squeezenet, squeezenetSource } from "../models/nets/squeezenet.ts";
import { Graph, Program, type Device } from "../runtime/index.ts";
import { bilinearResize, type Pixels } from "../pictures/pil_bilinear.ts";

const SIZE = { width: 256, height: 192 };
const FEATURES = 512;
/** Pictures per run, so that two styles of a map fit in one run. */
const BATCH = 2;

export class FeatureExtractor {
  private constructor(
    private readonly program: Program,
    private readonly parameters: ParameterStore,
    private readonly frozen: Frozen,
  ) {}

  /** Reads the shipped weights and compiles the net. */
  static async create(device: Device): Promise<FeatureExtractor> {
    const checkpoint = await openSafetensors(await openFile(publishedWeights(SQUEEZENET_FILE)));
    try {
      const source = squeezenetSource(checkpointSource(checkpoint));
      const parameters = await ParameterStore.loadNet(device, squeezenet.net, source, "f32");
      const frozen = await Frozen.prepare({ net: squeezenet, parameters }, { h: SIZE.height, w: SIZE.width });
      const g = new Graph(device.target);
      const pictures = g.input("pictures", [BATCH, SIZE.height, SIZE.width, 3]);
      const fire9 = squeezenet.record(g, frozen.convs(g), pictures).at(-1)!;
      g.output("features", statistics(g, { x: fire9, per: "instance" }).mean);
      return new FeatureExtractor(await Program.compile(g, device, { name: "SqueezeNet" }), parameters, frozen);
    } finally {
      await checkpoint.close();
    }
  }

  /** Computes one vector per picture. Bytes are in 0..255, floats in [-1,1]. */
  async features(pictures: readonly Pixels[]): Promise<Float32Array[]> {
    const out: Float32Array[] = [];
    const size = SIZE.width * SIZE.height * 3;
    for (let from = 0; from < pictures.length; from += BATCH) {
      const batch = pictures.slice(from, from + BATCH);
      const values = new Float32Array(BATCH * size);
      batch.forEach((p, i) => values.set(normalised(p), i * size));
      await this.program.run({ inputs: { pictures: values } });
      const features = await this.program.read("features");
      batch.forEach((_, i) => out.push(features.slice(i * FEATURES, (i + 1) * FEATURES)));
    }
    return out;
  }

  dispose(): void {
    this.program.dispose();
    this.frozen.dispose();
    this.parameters.dispose();
  }
}

function normalised(picture: Pixels): Float32Array {
  const values = bilinearResize(picture, SIZE.width, SIZE.height);
  return picture.data instanceof Uint8Array ? values.map((v) => v / 127.5 - 1) : values;
}
