// One device a test process, and the way an op is tested: record, run, read.

import { openNodeDevice } from "../../src/node/dawn.ts";
import {
  encodeHost,
  Graph,
  Program,
  type Device,
  type DType,
  type HostArray,
  type Storage,
  type Tensor,
} from "../../src/runtime/index.ts";
import type { SizesAs } from "../../src/runtime/wgsl.ts";
import type { OpVariants } from "../../kernels/parts/variants.ts";

let opened: Promise<Device> | undefined;

export function testDevice(): Promise<Device> {
  return (opened ??= openNodeDevice());
}

/** Inputs of a test graph, and their values. */
export class Inputs {
  readonly values: Record<string, HostArray> = {};
  readonly storages: Storage[] = [];
  constructor(
    readonly graph: Graph,
    private readonly device: Device,
  ) {}

  /** Declares an input and gives its value (dense, logical shape). */
  tensor(
    name: string,
    shape: readonly number[],
    values: HostArray,
    dtype: DType = values instanceof Float32Array ? "f32" : "i32",
  ): Tensor {
    this.values[name] = values;
    return this.graph.input(name, shape, dtype);
  }

  /** A tensor outside the program, as parameters are, which ops may update in place. evaluate() frees it. */
  external(name: string, shape: readonly number[], values: HostArray, dtype: DType = "f32"): Tensor {
    const storage = upload(this.device, name, shape, values, dtype);
    this.storages.push(storage);
    return this.graph.external(name, shape, dtype, storage);
  }
}

function upload(device: Device, name: string, shape: readonly number[], values: HostArray, dtype: DType): Storage {
  const bytes = encodeHost({ shape, dtype }, values);
  const storage = device.alloc(name, Math.max(16, Math.ceil(bytes.byteLength / 16) * 16));
  device.upload(storage, bytes);
  return storage;
}

export interface EvaluateOptions {
  counts?: Record<string, number>;
  sizesAs?: SizesAs;
  variants?: OpVariants;
  software?: boolean;
}

/** Records `body` in a graph, runs it once, reads the tensors that it returns (dense). */
export async function evaluate(
  body: (g: Graph, inputs: Inputs) => Record<string, Tensor>,
  options: EvaluateOptions = {},
): Promise<Record<string, Float32Array>> {
  const device = await testDevice();
  const g = new Graph({
    ...device.target,
    sizesAs: options.sizesAs ?? "uniform",
    variants: (options.variants ?? {}) as Record<string, string>,
    software: options.software ?? device.target.software,
  });
  const inputs = new Inputs(g, device);
  const results = body(g, inputs);
  for (const [name, t] of Object.entries(results)) g.output(name, t);
  const program = await Program.compile(g, device, { name: "test" });
  await program.run({ inputs: inputs.values, counts: options.counts });
  const out: Record<string, Float32Array> = {};
  for (const name of Object.keys(results)) out[name] = await program.read(name);
  program.dispose();
  inputs.storages.forEach((s) => device.free(s));
  return out;
}

/** Uploads a value as an external tensor of a graph (what parameters are). */
export async function external(
  g: Graph,
  name: string,
  shape: readonly number[],
  values: HostArray,
  dtype: DType = "f32",
): Promise<Tensor> {
  return g.external(name, shape, dtype, upload(await testDevice(), name, shape, values, dtype));
}

/** Deterministic values in [-1, 1). */
export function noise(n: number, seed = 1): Float32Array {
  const out = new Float32Array(n);
  let s = (seed * 2654435761) >>> 0 || 1;
  for (let i = 0; i < n; i++) {
    s ^= s << 13;
    s ^= s >>> 17;
    s ^= s << 5;
    s >>>= 0;
    out[i] = s / 2 ** 31 - 1;
  }
  return out;
}

/** Largest |a - b| over the largest |b|. */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`lengths ${a.length} and ${b.length}`);
  let worst = 0;
  let scale = 0;
  for (let i = 0; i < b.length; i++) {
    const d = Math.abs(a[i] - b[i]);
    if (!(d <= worst)) worst = d;
    scale = Math.max(scale, Math.abs(b[i]));
  }
  return worst / (scale || 1);
}
