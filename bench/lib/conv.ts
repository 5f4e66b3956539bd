// One of our convolutions as a compiled program, in any of its variants.

import { conv2d, deriveWeights, packConv } from "../../kernels/conv/conv2d.ts";
import type { ConvArgs } from "../../kernels/conv/conv_args.ts";
import { VARIANTS, type ShapeOf } from "../../kernels/parts/variants.ts";
import { encodeHost, Graph, pad4, Program, type Device, type Storage, type Target } from "../../src/runtime/index.ts";
import type { ConvShape } from "../peers/convs.ts";

export interface BenchConv {
  program: Program;
  /** The shaders that run, in order and without repetition. */
  shaders: string[];
  dispose(): void;
}

/** The plan's key of a conv of stride 1 with derived weights. */
export const convKey = (s: ConvShape): string =>
  `conv2d ${VARIANTS.conv2d.describe({ ...convShape(s), copies: true })}`;

export const convShape = (s: ConvShape): Omit<ShapeOf<"conv2d">, "copies"> => ({
  kh: s.k,
  kw: s.k,
  stride: 1,
  cin: pad4(s.cin),
  cout: s.cout,
  h: s.h,
  w: s.w,
});

/** A conv and the preparation of its weights, recorded. */
export interface RecordedConv {
  /** Derives copies of the weights; empty where the variant reads the packed ones. */
  prep: Graph;
  /** Input "x", output "y". */
  g: Graph;
}

/** @param weights where its packed weights lie */
export function recordConv(target: Target, s: ConvShape, weights: Storage, dtype: "f32" | "f16"): RecordedConv {
  const shape = [s.k * s.k, pad4(s.cin), s.cout];
  const prep = new Graph(target);
  const copies = deriveWeights(prep, prep.external("w", shape, dtype, weights), s);
  for (const [name, copy] of Object.entries(copies)) prep.keep(name, copy);
  const g = new Graph(target);
  const args: ConvArgs = {
    x: g.input("x", [1, s.h, s.w, s.cin], dtype),
    w: g.external("w", shape, dtype, weights),
    kh: s.k,
    kw: s.k,
    pad: s.k >> 1,
  };
  for (const [name, copy] of Object.entries(copies)) args[name as keyof typeof copies] = g.import(copy);
  g.output("y", conv2d(g, args));
  return { prep, g };
}

/**
 * @param x dense NHWC input  @param w published OIHW weights
 * @param variants a plan; without it the adapter's defaults. Derived weights are computed beforehand, as in a model. Output "y".
 * @param dtype of x, of the weights and of y
 */
export async function openConv(
  device: Device,
  s: ConvShape,
  x: Float32Array,
  w: Float32Array,
  variants: Record<string, string> = {},
  dtype: "f32" | "f16" = "f32",
): Promise<BenchConv> {
  const packed = packConv(w, [s.cout, s.cin, s.k, s.k]);
  const bytes = encodeHost({ shape: packed.shape, dtype }, packed.data);
  const storage = device.alloc("w", bytes.byteLength);
  device.upload(storage, bytes);
  const target = { ...device.target, variants: { ...device.target.variants, ...variants } };
  const { prep, g } = recordConv(target, s, storage, dtype);
  let prepared: Program | undefined;
  if (prep.dispatches.length) {
    prepared = await Program.compile(prep, device, { name: "weights" });
    await prepared.run();
  }
  const program = await Program.compile(g, device, { name: "conv" });
  program.setInput("x", x);
  return {
    program,
    shaders: [...new Set(g.dispatches.map((d) => d.shader.name))],
    dispose: () => {
      program.dispose();
      prepared?.dispose();
      device.free(storage);
    },
  };
}
