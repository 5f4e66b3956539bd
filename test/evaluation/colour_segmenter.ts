// A segmenter whose classes are colours: 0 red, 1 green, 2 blue, 3 none of them. A 1x1 convolution.

import { modelBytes, modelChunks, OnnxGraph } from "../../src/export/onnx/model.ts";

export function colourSegmenter(width: number, height: number, channels = 3): Uint8Array {
  const g = new OnnxGraph("colours");
  g.input("image", [1, channels, height, width]);
  g.constant("w", [4, channels, 1, 1], () =>
    Float32Array.from({ length: 4 * channels }, (_, i) => (Math.floor(i / channels) === i % channels ? 1 : 0)),
  );
  g.constant("b", [4], () => Float32Array.of(0, 0, 0, 0.25));
  g.node("Conv", "logits", ["image", "w", "b"], { kernel_shape: { ints: [1, 1] } });
  g.output("logits", [1, 4, height, width]);
  return modelBytes(modelChunks(g));
}
