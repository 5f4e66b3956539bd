// The single convolutions that peers.ts times, with the same seeded numbers for every engine.

import { modelChunks, OnnxGraph, writeModel } from "../../src/export/onnx/model.ts";
import { seeded } from "../../src/models/weights/seeded.ts";
import { join } from "node:path";
import { fileSink } from "../../src/formats/file.ts";
import type { ExecutionProvider } from "./ort.ts";
import { OrtPeer } from "./ort.ts";
import type { PeerTensor } from "./process.ts";
import { TfjsPeer } from "./tfjs.ts";

export interface ConvShape {
  cin: number;
  cout: number;
  k: number;
  h: number;
  w: number;
}

export const PEER_CONVS: ConvShape[] = [
  { cin: 128, cout: 128, k: 3, h: 128, w: 128 },
  { cin: 1024, cout: 1024, k: 3, h: 16, w: 16 },
  { cin: 64, cout: 64, k: 3, h: 256, w: 256 },
];

export const convName = (s: ConvShape): string => `${s.k}x${s.k} ${s.cin}->${s.cout} at ${s.h}x${s.w}`;

export const convFlops = (s: ConvShape): number => 2 * s.cin * s.cout * s.k * s.k * s.h * s.w;

export const convInput = (s: ConvShape): PeerTensor => ({
  shape: [1, s.cin, s.h, s.w],
  data: seeded("conv.x", [s.cin, s.h, s.w], 1),
});

/** Scaled so that the output varies as much as the input does. */
export const convWeight = (s: ConvShape): PeerTensor => {
  const shape = [s.cout, s.cin, s.k, s.k];
  return { shape, data: seeded("conv.w", shape, Math.sqrt(3 / (s.cin * s.k * s.k))) };
};

/**
 * x [1, Cin, H, W] -> y. One Conv, or `chain` of them in a row (Cin = Cout): they share one upload, one read-back and
 * one change to the engine's layout and back.
 */
export function convModel(s: ConvShape, chain = 1): Generator<Uint8Array, void> {
  const g = new OnnxGraph("conv");
  const { shape, data } = convWeight(s);
  const weight = g.constant("w", shape, () => data);
  const pad = s.k >> 1;
  let x = g.input("x", [1, s.cin, s.h, s.w]);
  for (let i = 1; i <= chain; i++) {
    const attributes = { kernel_shape: { ints: [s.k, s.k] }, pads: { ints: [pad, pad, pad, pad] } };
    x = g.node("Conv", `conv_${i}`, [x, weight], attributes, i === chain ? "y" : `y_${i}`);
  }
  g.output("y", [1, s.cout, s.h, s.w]);
  return modelChunks(g);
}

/** Opens a peer with one convolution, or a chain, and its input; output `y`. Writes the model into `folder`. */
export async function openConvOrt(s: ConvShape, ep: ExecutionProvider, folder: string, chain = 1): Promise<OrtPeer> {
  const path = join(folder, `conv_${s.cin}_${s.cout}_${s.k}_${s.h}_${s.w}_${chain}.onnx`);
  await writeModel(await fileSink(path), convModel(s, chain));
  const peer = await OrtPeer.open(path, ep);
  await peer.feed({ x: convInput(s) });
  return peer;
}

export const openConvTfjs = (s: ConvShape): Promise<TfjsPeer> =>
  TfjsPeer.open("conv", { x: convInput(s), w: convWeight(s) });
