// The choices between variants of kernels that recordings make, and each of them alone: what may be chosen, and programs that compute nothing
// else, on the same random values.

import { conv2d } from "../../kernels/conv/conv2d.ts";
import { depthwiseConv } from "../../kernels/conv/depthwise_conv.ts";
import { labelTable } from "../../kernels/labels/label_table.ts";
import { blockedShape } from "../../kernels/parts/gemm.ts";
import { canRun, variantNames, VARIANTS, type VariantOp } from "../../kernels/parts/variants.ts";
import { normalValues } from "../../src/models/philox.ts";
import { bytesOf, Graph, product, Program, type Device, type Target, type Tensor } from "../../src/runtime/index.ts";
import { openConv, recordConv } from "./conv.ts";
import { backwardAlone } from "./kernels.ts";

/** How activations and weights are stored. */
export type Stored = "f32" | "f16";

/** A plan, or a part of one: variants by op and shape. */
export type Plan = Readonly<Record<string, string>>;

export interface Choice {
  /** As plan files write it. */
  readonly key: string;
  readonly op: VariantOp;
  readonly shape: Readonly<Record<string, number>>;
}

/** The numbers of a shape in the order in which `describe` writes them. */
const FIELDS: Record<VariantOp, string> = {
  gemm: "z m k n",
  conv2d: "kh kw stride cin cout h w",
  conv2d_dx: "kh kw stride cin cout h w",
  weight_gradient: "kh kw stride cin cout oh ow",
  depthwise_conv: "kh kw stride dilation c h w",
  label_table_dw: "k n",
};

export function choiceOf(key: string): Choice {
  const op = key.split(" ")[0] as VariantOp;
  const numbers = key.slice(op.length).match(/\d+/g) ?? [];
  const shape = Object.fromEntries(FIELDS[op].split(" ").map((field, i) => [field, Number(numbers[i])]));
  const written = `${op} ${(VARIANTS[op].describe as (shape: unknown) => string)(shape)}`;
  if (written !== key) throw new Error(`${key} was read as ${written}`);
  return { key, op, shape };
}

/** The keys of all choices that a recording makes, in their order. */
export function asked(target: Target, record: (target: Target) => void): string[] {
  const keys = new Set<string>();
  const variants = new Proxy(target.variants, {
    get(plan, key) {
      if (typeof key === "string" && key.includes(" ")) keys.add(key);
      return Reflect.get(plan, key) as unknown;
    },
    // A plan is checked before its first use, which would read every entry.
    ownKeys: () => [],
  });
  record({ ...target, variants });
  return [...keys];
}

const withPlan = (target: Target, plan: Plan): Target => ({ ...target, variants: { ...target.variants, ...plan } });

/** A program of one choice. Output "y". */
export interface Alone {
  readonly program: Program;
  readonly counts?: Record<string, number>;
  dispose(): void;
}

interface Recorded {
  readonly out: Tensor;
  readonly counts?: Record<string, number>;
}

/** What computes a choice of these ops alone; undefined: nothing here does. */
function record(g: Graph, { op, shape: s }: Choice): Recorded | undefined {
  const { kh, kw, stride } = s;
  if (op === "conv2d" || op === "conv2d_dx" || op === "weight_gradient") {
    const pad = kh >> 1;
    const input = (out: number, k: number): number => (out - 1) * stride + k - 2 * pad;
    const [h, w] = op === "weight_gradient" ? [input(s.oh, kh), input(s.ow, kw)] : [s.h, s.w];
    const x = g.input("x", [1, h, w, s.cin]);
    const weights = g.input("w", [kh * kw, s.cin, s.cout]);
    const y = conv2d(g, { x, w: weights, kh, kw, stride, pad });
    return { out: op === "conv2d" ? y : backwardAlone(g, y, op === "conv2d_dx" ? x : weights) };
  }
  if (op === "depthwise_conv") {
    const [x, w, bias] = [g.input("x", [1, s.h, s.w, s.c]), g.input("w", [kh * kw, s.c]), g.input("b", [s.c])];
    const pad = Array<number>(4).fill(s.dilation * (kh >> 1)) as [number, number, number, number];
    return { out: depthwiseConv(g, { x, w, bias, kh, kw, stride, dilation: s.dilation, pad, act: "relu6" }) };
  }
  // Products of label tables, one a tap. Their weights' gradient needs lists of a map.
  if (op !== "gemm" || s.z !== 9) return undefined;
  const [inner, outer] = ["inner", "outer"].map((name) => ({ name, capacity: s.m }));
  const out = labelTable(g, {
    a: g.input("a", [s.m, s.k]),
    w: g.input("w", blockedShape(9, s.k, s.n)),
    bias: g.input("b", [s.n]),
    windows: g.input("windows", [s.m, 9], "i32"),
    inner,
    outer,
  });
  return { out, counts: { inner: s.m, outer: s.m } };
}

/** Convs of the picture path have copies of their weights, and store what the adapter's pictures do. */
const isPicture = ({ op, shape: { kh, kw, stride } }: Choice): boolean =>
  op === "conv2d" && kh === kw && kh % 2 === 1 && stride === 1;

/** The shape as the table of variants takes it. */
export const shapeOf = ({ op, shape }: Choice): never =>
  ({ ...shape, copies: (op === "conv2d" || op === "conv2d_dx") && shape.stride === 1 }) as never;

const convOf = ({ shape: { cin, cout, kh: k, h, w } }: Choice) => ({ cin, cout, k, h, w });

/** Every way to compute a choice on this adapter, the plainest last; undefined: it can't be computed alone. */
export function candidates(device: Device, choice: Choice, fixed: Plan, dtype: Stored): Plan[] | undefined {
  const { key, op } = choice;
  const { target } = device;
  if (!isPicture(choice) && !record(new Graph(target), choice)) return undefined;
  const able = variantNames(op).filter((name) => canRun(op, name as never, target, shapeOf(choice)));
  const plans: Plan[] = [];
  for (const name of able) {
    const own = { ...fixed, [key]: name };
    const inside = asked(withPlan(target, own), (asking) => {
      if (isPicture(choice)) {
        const s = convOf(choice);
        const weights = device.alloc("w", bytesOf([s.k * s.k, s.cin, s.cout], dtype));
        recordConv(asking, s, weights, dtype);
        device.free(weights);
      } else record(new Graph(asking), choice);
    });
    const products = inside.filter((k) => k.startsWith("gemm "));
    // Tables whose columns are computed in parts have several.
    if (!inside.includes(key) || (op === "gemm" && products.length > 1)) return undefined;
    // Products inside, unless an earlier choice has settled them.
    const open = products.filter((k) => k !== key && !(k in fixed)).map(choiceOf);
    const combined = open.reduce<Plan[]>(
      (all, { key: of, shape }) =>
        all.flatMap((plan) =>
          variantNames("gemm")
            .filter((gemm) => canRun("gemm", gemm, target, shape as never))
            .map((gemm) => ({ ...plan, [of]: gemm })),
        ),
      [{ [key]: name }],
    );
    plans.push(...combined);
  }
  return plans;
}

/** Compiles a choice alone with a plan. Inputs depend on the choice alone. */
export async function openAlone(device: Device, choice: Choice, plan: Plan, dtype: Stored): Promise<Alone> {
  if (isPicture(choice)) {
    const s = convOf(choice);
    const x = normalValues(1, s.h * s.w * s.cin);
    const w = normalValues(2, s.cin * s.cout * s.k * s.k).map((v) => v / Math.sqrt(s.cin * s.k * s.k));
    const { program, dispose } = await openConv(device, s, x, w, { ...plan }, dtype);
    return { program, dispose };
  }
  const g = new Graph(withPlan(device.target, plan));
  const { out, counts } = record(g, choice)!;
  g.output("y", out);
  const program = await Program.compile(g, device, { name: choice.key });
  const rows = counts?.inner ?? 1;
  for (const [name, t] of g.inputs) {
    const size = product(t.shape);
    const values = t.dtype === "i32" ? Int32Array.from({ length: size }, (_, i) => (i * 7919) % rows) : normalValues(size, size); // prettier-ignore
    program.setInput(name, values);
  }
  return { program, counts, dispose: () => program.dispose() };
}
