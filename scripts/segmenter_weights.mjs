// Writes weights/ade20k_segmenter.safetensors and its .json: DeepLabv3+ with MobileNetV2 for ADE20K, from the int8 file of TensorFlow's model
// zoo as safetensors (tensors conv00.weight to conv59.weight, in the order of the net; biases; scales; the multipliers and offsets of ten
// norms).
//
//   node scripts/segmenter_weights.mjs FILE.safetensors LABELS.json
//   node dist/cli.js manifest weights/ade20k_segmenter.safetensors
//
// LABELS.json: names and colours of the 151 classes, as for convert --labels. Nothing is rounded to fewer bits: int8 values pass as they are. A
// norm behind a depthwise conv becomes part of it: its multiplier of the conv's scales (one a channel then), its offset of the bias.

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const [input, labelsFile] = process.argv.slice(2);
if (!labelsFile) {
  console.error("usage: node scripts/segmenter_weights.mjs FILE.safetensors LABELS.json");
  process.exit(1);
}
const NAME = "ade20k_segmenter";
const SOURCE = "TensorFlow's DeepLab model zoo (deeplabv3_mnv2_ade20k), by the TensorFlow authors";
const LICENCE = "Apache License 2.0; the text is in LICENSE.md";

/** Layers in the order of the file; the first block has no expansion. */
const LAYERS = [
  "stem",
  "block1.depthwise",
  "block1.project",
  ...Array.from({ length: 16 }, (_, i) => ["expand", "depthwise", "project"].map((part) => `block${i + 2}.${part}`)),
  "aspp.pool",
  "aspp.conv",
  "aspp.join",
  "decoder.low",
  ...["1", "2"].flatMap((n) => [`decoder.depthwise${n}`, `decoder.pointwise${n}`]),
  "logits",
].flat();
/** The norm of these depthwise convs is apart: const17 and const18 of the first, and so on. */
const NORMED = Array.from({ length: 10 }, (_, i) => `block${i + 8}.depthwise`);
const FIRST_CONST = 17;

function read(path) {
  const raw = readFileSync(path);
  const length = Number(raw.readBigUInt64LE());
  const header = JSON.parse(raw.subarray(8, 8 + length).toString());
  return (name) => {
    const entry = header[name];
    if (!entry) return undefined;
    const [begin, end] = entry.data_offsets;
    return { ...entry, data: Uint8Array.from(raw.subarray(8 + length + begin, 8 + length + end)) };
  };
}

const floats = (tensor) => new Float32Array(tensor.data.buffer);
const f32 = (values) => ({
  dtype: "F32",
  shape: [values.length],
  data: new Uint8Array(Float32Array.from(values).buffer),
});

/** The tensors of a layer under its new name. */
function layer(source, name, i) {
  const old = `conv${String(i).padStart(2, "0")}`;
  const [weight, bias, scale] = ["weight", "bias", "scale"].map((part) => source(`${old}.${part}`));
  const norm = NORMED.indexOf(name);
  if (norm < 0) return { weight, scale, bias };
  const [times, plus] = [0, 1].map((part) => floats(source(`const${FIRST_CONST + 2 * norm + part}`)));
  const s = floats(scale)[0];
  const b = floats(bias);
  return {
    weight,
    scale: f32(Array.from(times, (m) => s * m)),
    bias: f32(Array.from(times, (m, c) => b[c] * m + plus[c])),
  };
}

/**
 * The conv that joins the two branches of the pyramid, as two: the mean of the picture is the same for all pixels, so that its part is an offset of
 * the channels.
 */
function join([name, { weight, scale, bias }]) {
  if (name !== "aspp.join") return [[name, { weight, scale, bias }]];
  const [outs, ins] = weight.shape;
  const half = ins / 2;
  const part = (from) => ({
    dtype: weight.dtype,
    shape: [outs, half, 1, 1],
    data: Uint8Array.from(
      { length: outs * half },
      (_, i) => weight.data[Math.floor(i / half) * ins + from + (i % half)],
    ),
  });
  return [
    ["aspp.join_pool", { weight: part(0), scale, bias }],
    ["aspp.join_conv", { weight: part(half), scale }],
  ];
}

/** Elements of four bytes first, so that each is aligned. */
function write(path, tensors, metadata) {
  const sorted = [...tensors].sort(([, a], [, b]) => (a.dtype === "I8") - (b.dtype === "I8"));
  let at = 0;
  const entries = sorted.map(([name, { dtype, shape, data }]) => [
    name,
    { dtype, shape, data_offsets: [at, (at += data.length)] },
  ]);
  const json = JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) });
  const padding = " ".repeat((64 - ((8 + Buffer.byteLength(json)) % 64)) % 64);
  const header = Buffer.from(json + padding);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const bytes = Buffer.concat([length, header, ...sorted.map(([, t]) => t.data)]);
  writeFileSync(path, bytes);
  return { sha256: createHash("sha256").update(bytes).digest("hex"), bytes: bytes.length };
}

const source = read(input);
const layers = LAYERS.map((name, i) => [name, layer(source, name, i)]);
const tensors = layers.flatMap(join).flatMap(([name, parts]) =>
  Object.entries(parts)
    .filter(([, tensor]) => tensor)
    .map(([part, tensor]) => [`${name}.${part}`, tensor]),
);
const labels = JSON.parse(readFileSync(labelsFile, "utf8"));
const metadata = {
  segmenter: JSON.stringify({ size: 513, classes: labels.length }),
  labels: JSON.stringify(labels),
  source: SOURCE,
  licence: `Copyright The TensorFlow Authors. ${LICENCE}. Changed: stored as safetensors, norms made part of the convolutions.`,
};
const written = write(`weights/${NAME}.safetensors`, tensors, metadata);
const manifest = {
  file: `${NAME}.safetensors`,
  ...written,
  model: "DeepLabv3+ with MobileNetV2 for ADE20K: 150 classes, and 0 for others",
  source: "https://github.com/tensorflow/models/blob/master/research/deeplab/g3doc/model_zoo.md",
  licence: LICENCE,
  input: "RGB / 127.5 - 1, 513x513, resized bilinearly",
  made: "node scripts/segmenter_weights.mjs FILE.safetensors LABELS.json",
  use: "labels of photos",
};
writeFileSync(`weights/${NAME}.json`, `${JSON.stringify(manifest, null, 2)}\n`);
console.log(`wrote weights/${NAME}.safetensors (${written.bytes} bytes) and weights/${NAME}.json`);
