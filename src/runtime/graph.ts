// A Graph records ops and the dispatches that they expand to, with every shape known. Nothing here touches the GPU.

import { makeCut, type Cut, type CutSpec } from "./cut.ts";
import { SpadeError } from "./errors.ts";
import type { OpDef, OpRecord } from "./op.ts";
import { beyondLimit, type Target } from "./target.ts";
import {
  ALIGN,
  bytesOf,
  describe,
  isTensor,
  paperStorage,
  pitchOf,
  type DType,
  type Home,
  type Storage,
  type Tensor,
} from "./tensor.ts";
import type { Template, TextConstants } from "./wgsl.ts";

/** How a dispatch uses a tensor. `scalar`: the shader sees single numbers instead of vec4. */
export interface Binding {
  readonly tensor: Tensor;
  readonly access: "read" | "read_write";
  readonly scalar: boolean;
}

export const read = (tensor: Tensor): Binding => ({ tensor, access: "read", scalar: false });
export const write = (tensor: Tensor): Binding => ({ tensor, access: "read_write", scalar: false });
export const readScalars = (tensor: Tensor): Binding => ({ tensor, access: "read", scalar: true });
export const writeScalars = (tensor: Tensor): Binding => ({ tensor, access: "read_write", scalar: true });

/** A number known only when a program runs (rows of a table), with its maximum. */
export interface Count {
  readonly name: string;
  readonly capacity: number;
}

/** ceil(count / per) workgroups, computed at each run; `from` and `most`: of the part of the count that begins there. */
export interface CountedGroups {
  readonly count: Count;
  readonly per: number;
  readonly from?: number;
  readonly most?: number;
}

/** Workgroups of a counted grid, where the count is n. */
export const countedGroups = ({ per, from = 0, most = Infinity }: CountedGroups, n: number): number =>
  Math.ceil(Math.max(0, Math.min(most, n - from)) / per);

export type Groups = readonly [x: number | CountedGroups, y?: number | CountedGroups, z?: number | CountedGroups];

/** An f32 among the sizes. */
export interface FloatSize {
  readonly f32: number;
}

export const float = (value: number): FloatSize => ({ f32: value });

export interface DispatchSpec {
  readonly shader: Template;
  readonly constants?: TextConstants;
  /** The u32 and f32 values that replace $NAME. */
  readonly sizes?: Readonly<Record<string, number | FloatSize>>;
  /** Of the sizes, those that are constants on GPUs: with which their compilers make much better code (npm run bench:static). */
  readonly constantSizes?: readonly string[];
  /** In the shader's order; undefined ones are left out. */
  readonly bindings: Readonly<Record<string, Binding | undefined>>;
  readonly groups: Groups;
  /** Multiplications and additions; with a counted grid, at full capacity. */
  readonly flops: number;
  /** Bytes read and written if every tensor is moved once. Default: the sum of the bound tensors' sizes. */
  readonly bytes?: number;
}

export interface Dispatch extends Omit<DispatchSpec, "sizes" | "bindings"> {
  /** u32 values, and the bits of those that `floats` names. */
  readonly sizes: Readonly<Record<string, number>>;
  readonly floats: ReadonlySet<string>;
  readonly bindings: Readonly<Record<string, Binding>>;
  /** Layer path and op: "up_0.conv_0/conv2d". */
  readonly label: string;
  readonly bytes: number;
}

const bitsOf = ({ f32 }: FloatSize): number => new Uint32Array(Float32Array.of(f32).buffer)[0];

export class Graph {
  readonly dispatches: Dispatch[] = [];
  readonly records: OpRecord[] = [];
  readonly inputs = new Map<string, Tensor>();
  readonly outputs = new Map<string, Tensor>();
  readonly kept = new Map<string, Tensor>();
  /** Names of inputs that may get fewer rows than declared. */
  readonly partial = new Set<string>();
  readonly cuts: Cut[] = [];
  readonly tensors: Tensor[] = [];
  /** There are peers to exchange tensors with. */
  readonly peers: boolean;
  private readonly path: string[] = [];
  private readonly recomputed = new Map<Tensor, Tensor>();
  private depth = 0;

  /**
   * @param target what plans may depend on (adapter kind, features, limits)
   * @param options `peers`: record the cuts at which tensors are exchanged with them
   */
  constructor(
    readonly target: Target,
    { peers = false }: { peers?: boolean } = {},
  ) {
    this.peers = peers;
  }

  private tensor(name: string, shape: readonly number[], dtype: DType, home: Home, storage?: Storage): Tensor {
    if (shape.some((n) => !Number.isInteger(n) || n < 1)) {
      throw new SpadeError(
        "shape",
        describe({ name, shape, dtype }),
        "has an axis that is not a positive integer",
        "check the op's arguments",
      );
    }
    const t: Tensor = {
      id: this.tensors.length,
      name,
      shape: [...shape],
      dtype,
      pitch: pitchOf(shape, dtype),
      bytes: bytesOf(shape, dtype),
      home,
      storage,
    };
    this.tensors.push(t);
    return t;
  }

  /** A tensor that the caller fills at each run. `partial`: fewer rows than declared may be given (tables whose size varies). */
  input(name: string, shape: readonly number[], dtype: DType = "f32", partial = false): Tensor {
    if (this.inputs.has(name))
      throw new SpadeError("usage", `input "${name}"`, "is declared twice", "use another name");
    const t = this.tensor(name, shape, dtype, "input");
    this.inputs.set(name, t);
    if (partial) this.partial.add(name);
    return t;
  }

  /** A tensor in a buffer outside the program: a parameter, or a tensor that another program kept. */
  external(name: string, shape: readonly number[], dtype: DType, storage: Storage): Tensor {
    const t = this.tensor(name, shape, dtype, "external", storage);
    if (storage.offset % ALIGN) {
      throw new SpadeError(
        "usage",
        describe(t),
        `starts at byte ${storage.offset} of its buffer, where bindings start at multiples of ${ALIGN}`,
        `bind a range that starts at a multiple of ${ALIGN}`,
      );
    }
    if (storage.bytes < t.bytes) {
      throw new SpadeError(
        "shape",
        describe(t),
        `needs ${t.bytes} bytes and is given a buffer of ${storage.bytes}`,
        "bind the storage that was made for this shape",
      );
    }
    return t;
  }

  /** A tensor whose bytes were freed while plans still need its shape; compiling a program that binds it throws. */
  released(name: string, shape: readonly number[], dtype: DType): Tensor {
    return this.tensor(name, shape, dtype, "released");
  }

  /** Another graph's kept tensor, as an external of this one. Compile that graph first. */
  import(t: Tensor): Tensor {
    if (!t.storage)
      throw new SpadeError("usage", describe(t), "has no storage of its own", "keep it in the graph that computes it");
    return this.external(t.name, t.shape, t.dtype, t.storage);
  }

  /** A tensor inside the program; compiling assigns its arena and offset. */
  temp(name: string, shape: readonly number[], dtype: DType = "f32"): Tensor {
    return this.tensor(this.path.length ? `${this.path.join(".")}.${name}` : name, shape, dtype, "temp");
  }

  /** Names a tensor that the caller reads back. */
  output(name: string, t: Tensor): Tensor {
    if (this.outputs.has(name)) throw new SpadeError("usage", `output "${name}"`, "is named twice", "use another name");
    if (t.home === "temp") t.home = "output";
    this.outputs.set(name, t);
    return t;
  }

  /** Gives a result a separate buffer that keeps its values between runs, for other programs to import. */
  keep(name: string, t: Tensor): Tensor {
    if (t.home !== "temp" && t.home !== "kept")
      throw new SpadeError(
        "usage",
        describe(t),
        `is ${t.home} and can't be kept`,
        "keep only what the program computes",
      );
    if (this.kept.has(name)) throw new SpadeError("usage", `kept "${name}"`, "is named twice", "use another name");
    t.home = "kept";
    t.storage ??= paperStorage(name, t.bytes);
    this.kept.set(name, t);
    return t;
  }

  /**
   * Records a cut, where runs exchange tensors with peers. Without peers it records nothing and the tensors stay temporaries.
   * @notInPages
   */
  exchange(spec: CutSpec): void {
    if (this.peers && spec.tensors.length) this.cuts.push(makeCut(spec, this.dispatches));
  }

  /** Labels what `body` records: layer names in profiles, memory tables and errors. */
  scope<T>(name: string, body: () => T): T {
    this.path.push(name);
    try {
      return body();
    } finally {
      this.path.pop();
    }
  }

  get label(): string {
    return this.path.join(".");
  }

  /** Called by defineOp: runs the forward and records the outermost op for gradients(). */
  record<A, R>(op: OpDef<A, R>, args: A): R {
    this.depth++;
    try {
      const result = op.forward(this, args);
      if (this.depth === 1) this.records.push({ op: op as unknown as OpRecord["op"], args, result });
      return result;
    } finally {
      this.depth--;
    }
  }

  /**
   * Runs `body` without recording its ops: nobody differentiates the backward pass again.
   * @notInPages
   */
  unrecorded<T>(body: () => T): T {
    this.depth++;
    try {
      return body();
    } finally {
      this.depth--;
    }
  }

  /**
   * For the backward pass: the tensor itself, or a recomputed copy if its op has `recompute` set. That op's inputs are resolved in the
   * same way.
   * @notInPages
   */
  again(t: Tensor): Tensor {
    const known = this.recomputed.get(t);
    if (known) return known;
    const record = this.records.find((r) => r.result === t);
    if (!record?.op.recompute) return t;
    const args = Object.fromEntries(
      Object.entries(record.args as Record<string, unknown>).map(([k, v]) => [k, isTensor(v) ? this.again(v) : v]),
    );
    const fresh = this.unrecorded(() => record.op.forward(this, args as never)) as Tensor;
    this.recomputed.set(t, fresh);
    return fresh;
  }

  dispatch(spec: DispatchSpec): void {
    const label = this.path.length ? `${this.path.join(".")}/${spec.shader.name}` : spec.shader.name;
    const bindings = Object.entries(spec.bindings).filter((b): b is [string, Binding] => b[1] !== undefined);
    const { limits } = this.target;
    const least = (wanted: number, limit: keyof typeof limits, where = label): void => {
      if (wanted > limits[limit]) throw beyondLimit(where, wanted, limit, limits[limit]);
    };
    least(bindings.length, "maxStorageBuffersPerShaderStage");
    for (const [name, { tensor }] of bindings)
      least(tensor.bytes, "maxStorageBufferBindingSize", `${label}, ${name} = ${describe(tensor)}`);
    for (const g of spec.groups) {
      const n = typeof g === "object" ? countedGroups(g, g.count.capacity) : (g ?? 1);
      if (!(Number.isInteger(n) && n >= 0))
        throw new SpadeError("usage", label, `dispatches ${n} workgroups`, "give whole numbers");
      least(n, "maxComputeWorkgroupsPerDimension");
    }
    const sizes: Record<string, number> = {};
    const floats = new Set<string>();
    for (const [name, size] of Object.entries(spec.sizes ?? {})) {
      const n = (sizes[name] = typeof size === "number" ? size : bitsOf(size));
      if (typeof size !== "number") floats.add(name);
      if (n !== n >>> 0) throw new SpadeError("usage", label, `size ${name} is ${n}`, "give a u32");
    }
    const bytes = spec.bytes ?? bindings.reduce((sum, [, b]) => sum + b.tensor.bytes, 0);
    this.dispatches.push({ ...spec, sizes, floats, bindings: Object.fromEntries(bindings), label, bytes });
  }
}
