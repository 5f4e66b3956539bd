// The segmenter as an ONNX model, for the benches' peers: the same layers as src/models/nets/segmenter.ts, NCHW.

import { modelBytes, modelChunks, OnnxGraph, type Attribute } from "../../src/export/onnx/model.ts";
import { openFile } from "../../src/formats/file.ts";
import { openSafetensors } from "../../src/formats/safetensors.ts";
import { toF32, type HostTensor } from "../../src/formats/tensors.ts";
import { BLOCKS, LOW, segmenterCells } from "../../src/models/nets/segmenter.ts";
import { withoutInt8 } from "../../src/models/weights/int8.ts";
import { segmenterConfig } from "../../src/segmenting/segmenter_config.ts";

/** Samples of an enlarged map lie between the corners of the small one; the scale says its size alone. */
const ALIGNED: Record<string, Attribute> = {
  mode: { string: "linear" },
  coordinate_transformation_mode: { string: "align_corners" },
};

/**
 * @param path of the segmenter's safetensors file
 * @returns a model of "picture" [1,3,size,size] in [-1,1] to "logits" [1,classes,cells,cells]
 */
export async function segmenterOnnx(path: string): Promise<Uint8Array> {
  const source = withoutInt8(await openSafetensors(await openFile(path)), path);
  const { size, classes } = segmenterConfig(source.metadata, path);
  const tensors = new Map<string, HostTensor>();
  for (const name of source.names()) tensors.set(name, await source.read(name));
  await source.close();

  const g = new OnnxGraph("segmenter");
  const constant = (name: string): string => {
    const tensor = tensors.get(name)!;
    return g.constant(name, [...tensor.shape], () => toF32(tensor));
  };
  const scalar = (name: string, value: number): string => g.constant(name, [], () => Float32Array.of(value));
  const relu6 = (name: string, x: string): string =>
    g.node("Clip", `${name}.relu6`, [x, scalar("0", 0), scalar("6", 6)]);
  const relu = (name: string, x: string): string => g.node("Relu", `${name}.relu`, [x]);
  const conv = (name: string, x: string, more: { stride?: number; dilation?: number; bias?: boolean } = {}): string => {
    const { stride = 1, dilation = 1, bias = true } = more;
    const [cout, cin, k] = tensors.get(`${name}.weight`)!.shape;
    const pad = k === 3 ? dilation : 0;
    return g.node("Conv", name, [x, constant(`${name}.weight`), ...(bias ? [constant(`${name}.bias`)] : [])], {
      kernel_shape: { ints: [k, k] },
      strides: { ints: [stride, stride] },
      dilations: { ints: [dilation, dilation] },
      pads: { ints: [pad, pad, pad, pad] },
      group: { int: cin === 1 ? cout : 1 },
    });
  };

  let x = relu6("stem", conv("stem", g.input("picture", [1, 3, size, size]), { stride: 2 }));
  let low = x;
  for (const { name, cin, mid, cout, stride, dilation } of BLOCKS) {
    const wide = mid === cin ? x : relu6(`${name}.expand`, conv(`${name}.expand`, x));
    const y = relu6(`${name}.depthwise`, conv(`${name}.depthwise`, wide, { stride, dilation }));
    if (name === LOW) low = y;
    const narrow = conv(`${name}.project`, y);
    x = stride === 1 && cin === cout ? g.node("Add", name, [narrow, x]) : narrow;
  }

  const pooled = relu("aspp.pool", conv("aspp.pool", g.node("GlobalAveragePool", "mean", [x])));
  const offset = conv("aspp.join_pool", pooled);
  const sum = g.node("Add", "aspp", [
    conv("aspp.join_conv", relu("aspp.conv", conv("aspp.conv", x)), { bias: false }),
    offset,
  ]);
  const cells = segmenterCells({ size, classes });
  const scale = (cells + 0.5) / ((cells + 1) / 2);
  const scales = g.constant("scales", [4], () => Float32Array.of(1, 1, scale, scale));
  const up = g.node("Resize", "up", [relu("aspp", sum), "", scales], ALIGNED);
  let y = g.node("Concat", "decoder", [up, relu("decoder.low", conv("decoder.low", low))], { axis: { int: 1 } });
  for (const n of [1, 2]) {
    y = relu(`decoder.depthwise${n}`, conv(`decoder.depthwise${n}`, y));
    y = relu(`decoder.pointwise${n}`, conv(`decoder.pointwise${n}`, y));
  }
  g.output(conv("logits", y), [1, classes, cells, cells]);
  return modelBytes(modelChunks(g));
}
