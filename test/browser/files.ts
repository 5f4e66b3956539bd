// Weights for the page: a tiny net, and the same net in a file of several parts.

import { createSpade } from "../../src/node.ts";
import { seededGenerator, type HostState } from "../../src/models/weights/seeded.ts";
import { integrityOf, PART, sha256 } from "../../src/formats/manifest.ts";
import type { Lab } from "./harness.ts";
import { plain, stateFile, stripes, weights } from "../api/tiny.ts";

/** Its maps are 64x64, of 4 labels; it takes no style. */
export const tiny = (): Promise<Uint8Array> => weights(plain);

/** A file of a little more than `parts` parts: what the net does not read lies between its tensors. */
export function large(parts = 3): Promise<Uint8Array> {
  const tensors = [...seededGenerator(plain, 3, 1)];
  const filler = Float32Array.from({ length: (parts * PART) / 4 }, (_, i) => i % 1013);
  const padding: [string, { shape: number[]; data: Float32Array }] = [
    "filler",
    { shape: [filler.length], data: filler },
  ];
  const state: HostState = new Map([...tensors.slice(0, 20), padding, ...tensors.slice(20)]);
  return stateFile(state, { config: JSON.stringify(plain) });
}

/** A manifest's text. */
export async function manifest(bytes: Uint8Array): Promise<string> {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += PART) parts.push(await sha256(bytes.subarray(at, at + PART)));
  return JSON.stringify({ bytes: bytes.length, sha256: await sha256(bytes), parts });
}

export const integrity = async (bytes: Uint8Array): Promise<`sha256-${string}`> =>
  integrityOf(await sha256(bytes)) as `sha256-${string}`;

/** The hash of the tiny net's picture of stripes, painted in Node. */
export async function pictureInNode(bytes: Uint8Array): Promise<string> {
  const spade = await createSpade({ weights: bytes, dtype: "f32" });
  const { data } = await spade.generate(stripes(64, 64, 4));
  spade.dispose();
  return sha256(new Uint8Array(data));
}

/** Serves the tiny net as /net.safetensors. `expected`: the hash of its picture, as pictureInNode. */
export async function serveTiny({ server }: Lab): Promise<{ bytes: Uint8Array; expected: string }> {
  const bytes = await tiny();
  server.put("/net.safetensors", bytes);
  return { bytes, expected: await pictureInNode(bytes) };
}
