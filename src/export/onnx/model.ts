// Reads and writes the part of ONNX that a network of float32 operators needs. A model of hundreds of megabytes is
// written in pieces: each initializer's values are computed when they are written, so that there is no second copy of
// all weights in memory. When reading, values are views of the file where possible, not copies.

import protobuf from "protobufjs";
import { SpadeError } from "../../runtime/errors.ts";
import { concat, elements, type Sink } from "../../formats/tensors.ts";

export const OPSET = 17;
/** IR version 8 was released together with opset 17. */
const IR_VERSION = 8;
/** protobuf's limit on the size of a message. */
const MAX_BYTES = 2 ** 31 - 1;

// The subset of onnx.proto (github.com/onnx/onnx, version 1.12) that we write and read, with its field numbers.
const SCHEMA = protobuf.parse(
  `
  syntax = "proto2";
  package onnx;
  message AttributeProto {
    enum AttributeType { UNDEFINED = 0; FLOAT = 1; INT = 2; STRING = 3; TENSOR = 4; FLOATS = 6; INTS = 7; }
    optional string name = 1;
    optional float f = 2;
    optional int64 i = 3;
    optional bytes s = 4;
    repeated float floats = 7;
    repeated int64 ints = 8;
    optional AttributeType type = 20;
  }
  message ValueInfoProto { optional string name = 1; optional TypeProto type = 2; }
  message NodeProto {
    repeated string input = 1;
    repeated string output = 2;
    optional string name = 3;
    optional string op_type = 4;
    repeated AttributeProto attribute = 5;
  }
  message TensorProto {
    repeated int64 dims = 1;
    optional int32 data_type = 2;
    optional string name = 8;
    optional bytes raw_data = 9;
  }
  message TypeProto {
    message Dimension { optional int64 dim_value = 1; }
    message Shape { repeated Dimension dim = 1; }
    message Tensor { optional int32 elem_type = 1; optional Shape shape = 2; }
    optional Tensor tensor_type = 1;
  }
  message GraphProto {
    repeated NodeProto node = 1;
    optional string name = 2;
    repeated TensorProto initializer = 5;
    repeated ValueInfoProto input = 11;
    repeated ValueInfoProto output = 12;
  }
  message OperatorSetIdProto { optional string domain = 1; optional int64 version = 2; }
  message StringStringEntryProto { optional string key = 1; optional string value = 2; }
  message ModelProto {
    optional int64 ir_version = 1;
    optional string producer_name = 2;
    optional GraphProto graph = 7;
    repeated OperatorSetIdProto opset_import = 8;
    repeated StringStringEntryProto metadata_props = 14;
  }`,
  { keepCase: true },
).root;

const GRAPH_FIELD = 7;
const INITIALIZER_FIELD = 5;
const RAW_DATA_FIELD = 9;

const type = (name: string): protobuf.Type => SCHEMA.lookupType(`onnx.${name}`);
const encode = (name: string, message: object): Uint8Array => type(name).encode(type(name).create(message)).finish();

/** An attribute with its type, because JavaScript numbers do not distinguish ints from floats. */
export type Attribute = { int: number } | { float: number } | { string: string } | { ints: number[] };

export interface OnnxNode {
  op: string;
  name: string;
  inputs: string[];
  outputs: string[];
  attributes: Record<string, Attribute>;
}

export interface OnnxValue {
  name: string;
  shape: number[];
}

export interface OnnxInitializer extends OnnxValue {
  values: () => Float32Array;
}

/** A graph of float32 tensors, with nodes in execution order. */
export class OnnxGraph {
  readonly nodes: OnnxNode[] = [];
  readonly initializers = new Map<string, OnnxInitializer>();
  readonly inputs: OnnxValue[] = [];
  readonly outputs: OnnxValue[] = [];

  constructor(
    readonly name: string,
    readonly metadata: Record<string, string> = {},
  ) {}

  input(name: string, shape: number[]): string {
    this.inputs.push({ name, shape });
    return name;
  }

  output(name: string, shape: number[]): string {
    this.outputs.push({ name, shape });
    return name;
  }

  /** Adds a constant whose values are computed when the model is written. Reusing a name gives the same tensor. */
  constant(name: string, shape: number[], values: () => Float32Array): string {
    if (!this.initializers.has(name)) this.initializers.set(name, { name, shape, values });
    return name;
  }

  /** Adds a node with one output, which has the node's name by default. */
  node(op: string, name: string, inputs: string[], attributes: Record<string, Attribute> = {}, output = name): string {
    this.nodes.push({ op, name, inputs, outputs: [output], attributes });
    return output;
  }
}

function attributeMessage(name: string, a: Attribute): object {
  if ("int" in a) return { name, i: a.int, type: 2 };
  if ("float" in a) return { name, f: a.float, type: 1 };
  if ("ints" in a) return { name, ints: a.ints, type: 7 };
  return { name, s: new TextEncoder().encode(a.string), type: 3 };
}

function valueMessage({ name, shape }: OnnxValue): object {
  return { name, type: { tensor_type: { elem_type: 1, shape: { dim: shape.map((d) => ({ dim_value: d })) } } } };
}

/** Encodes the tag and length of a length-delimited field. */
function fieldHead(field: number, length: number): Uint8Array {
  return protobuf.Writer.create()
    .uint32((field << 3) | 2)
    .uint32(length)
    .finish();
}

/** Yields the file in pieces, which together form a ModelProto. */
export function* modelChunks(graph: OnnxGraph): Generator<Uint8Array, void> {
  const heads = [...graph.initializers.values()].map((t) => {
    const bytes = 4 * elements(t.shape);
    const known = encode("TensorProto", { dims: t.shape, data_type: 1, name: t.name });
    const raw = fieldHead(RAW_DATA_FIELD, bytes);
    const head = fieldHead(INITIALIZER_FIELD, known.length + raw.length + bytes);
    return { t, bytes, head: protobuf.util.newBuffer([...head, ...known, ...raw]) as Uint8Array };
  });
  const rest = encode("GraphProto", {
    node: graph.nodes.map((n) => ({
      name: n.name,
      op_type: n.op,
      input: n.inputs,
      output: n.outputs,
      attribute: Object.entries(n.attributes).map(([name, a]) => attributeMessage(name, a)),
    })),
    name: graph.name,
    input: graph.inputs.map(valueMessage),
    output: graph.outputs.map(valueMessage),
  });
  const graphBytes = rest.length + heads.reduce((sum, { head, bytes }) => sum + head.length + bytes, 0);
  if (graphBytes > MAX_BYTES) {
    throw new SpadeError(
      "unsupported",
      `ONNX model "${graph.name}"`,
      `would take ${graphBytes} bytes, and a protobuf message ends at ${MAX_BYTES}`,
      "export a smaller net",
    );
  }
  yield encode("ModelProto", {
    ir_version: IR_VERSION,
    producer_name: "spade-webgpu",
    opset_import: [{ domain: "", version: OPSET }],
    metadata_props: Object.entries(graph.metadata).map(([key, value]) => ({ key, value })),
  });
  yield fieldHead(GRAPH_FIELD, graphBytes);
  yield rest;
  for (const { t, head, bytes } of heads) {
    const values = t.values();
    if (values.byteLength !== bytes) {
      throw new SpadeError(
        "shape",
        t.name,
        `has ${values.length} values, its shape [${t.shape.join(", ")}] asks for ${bytes / 4}`,
        "check that the weights belong to this configuration",
      );
    }
    yield head;
    yield new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  }
}

/** Writes the pieces to a sink; aborts the sink on failure. */
export async function writeModel(sink: Sink, chunks: Iterable<Uint8Array>): Promise<void> {
  try {
    for (const chunk of chunks) await sink.write(chunk);
    await sink.close();
  } catch (error) {
    await sink.abort();
    throw error;
  }
}

/** Joins all pieces into one array, for models that fit in memory twice. */
export function modelBytes(chunks: Iterable<Uint8Array>): Uint8Array {
  return concat([...chunks]);
}

/** Reads a file that this module wrote. Initializer values are views of `bytes` if they are aligned. */
export function readModel(bytes: Uint8Array): { graph: OnnxGraph; opset: number } {
  const model = type("ModelProto").toObject(type("ModelProto").decode(bytes), { longs: Number, arrays: true });
  const shapeOf = (v: { type: { tensor_type: { shape: { dim: { dim_value: number }[] } } } }): number[] =>
    v.type.tensor_type.shape.dim.map((d) => d.dim_value);
  const metadata = Object.fromEntries(
    model.metadata_props.map((p: { key: string; value: string }) => [p.key, p.value]),
  );
  const graph = new OnnxGraph(model.graph.name, metadata);
  for (const v of model.graph.input) graph.input(v.name, shapeOf(v));
  for (const v of model.graph.output) graph.output(v.name, shapeOf(v));
  for (const t of model.graph.initializer) {
    const raw = t.raw_data as Uint8Array;
    const aligned = raw.byteOffset % 4 === 0 ? raw : raw.slice();
    graph.constant(t.name, t.dims, () => new Float32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4));
  }
  for (const n of model.graph.node) {
    const attributes: Record<string, Attribute> = {};
    for (const a of n.attribute) {
      if (a.type === 1) attributes[a.name] = { float: a.f };
      else if (a.type === 2) attributes[a.name] = { int: a.i };
      else if (a.type === 7) attributes[a.name] = { ints: a.ints };
      else attributes[a.name] = { string: new TextDecoder().decode(a.s) };
    }
    graph.nodes.push({ op: n.op_type, name: n.name, inputs: n.input, outputs: n.output, attributes });
  }
  return { graph, opset: model.opset_import[0].version };
}
