// One of our convolutions as a compiled program, in any of its variants.

import { conv2d, packConv } from "../../kernels/conv/conv2d.ts";
import type { ConvArgs } from "../../kernels/conv/conv_args.ts";
import { blockColumns } from "../../kernels/conv/block_columns.ts";
import { winogradWeights } from "../../kernels/conv/winograd.ts";
import { encodeHost, Graph, Program, type Device } from "../../src/runtime/index.ts";
import type { ConvShape } from "../peers/convs.ts";

export type ConvVariant = "winograd" | "direct" | "gemm";

export interface BenchConv {
  program: Program;
  dispose(): void;
}

/**
 * @param x dense NHWC input  @param w published OIHW weights
 * The variant's weights are derived beforehand, as in a model. Output "y".
 */
export async function openConv(
  device: Device,
  s: ConvShape,
  x: Float32Array,
  w: Float32Array,
  variant: ConvVariant,
  variants: Record<string, string> = {},
): Promise<BenchConv> {
  const packed = packConv(w, [s.cout, s.cin, s.k, s.k]);
  const bytes = encodeHost({ shape: packed.shape, dtype: "f32" }, packed.data);
  const storage = device.alloc("w", bytes.byteLength);
  device.upload(storage, bytes);
  const target = { ...device.target, variants: { ...device.target.variants, ...variants } };

  let prepared: Program | undefined;
  const prep = new Graph(target);
  const wt = prep.external("w", packed.shape, "f32", storage);
  const copy =
    variant === "winograd"
      ? winogradWeights(prep, { w: wt })
      : variant === "gemm"
        ? blockColumns(prep, { w: wt })
        : undefined;
  if (copy) {
    prep.keep("copy", copy);
    prepared = await Program.compile(prep, device, { name: "weights" });
    await prepared.run();
  }
  const g = new Graph(target);
  const args: ConvArgs = {
    x: g.input("x", [1, s.h, s.w, s.cin]),
    w: g.external("w", packed.shape, "f32", storage),
    kh: s.k,
    kw: s.k,
    pad: s.k >> 1,
  };
  if (copy) args[variant === "winograd" ? "winograd" : "blocked"] = g.import(copy);
  g.output("y", conv2d(g, args));
  const program = await Program.compile(g, device, { name: "conv" });
  program.setInput("x", x);
  return {
    program,
    dispose: () => {
      program.dispose();
      prepared?.dispose();
      device.free(storage);
    },
  };
}
