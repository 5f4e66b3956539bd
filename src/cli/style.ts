// --style: what varies the picture of one map. mean, random, seed:N, or a file with z.

import { randomInt } from "node:crypto";
import { openFile, openCheckpointFile } from "../formats/file.ts";
import { toF32 } from "../formats/tensors.ts";
import type { Config } from "../models/config.ts";
import { normalValues } from "../models/philox.ts";
import { SpadeError } from "../runtime/errors.ts";

export interface ChosenStyle {
  /** How to get it again: "mean", "seed:7", or the file. */
  name: string;
  z: Float32Array;
}

const PICTURE = /^(\x89PNG|\xff\xd8\xff|RIFF....WEBP|GIF8|BM)/s;

/** One style a picture: `random` draws a new one at each call. Undefined for nets without VAE, which have none. */
export async function styles(text: string | undefined, config: Config): Promise<() => ChosenStyle | undefined> {
  if (!config.use_vae) {
    if (text === undefined) return () => undefined;
    throw new SpadeError(
      "unsupported",
      `--style ${text}`,
      "this net was trained without VAE and has one picture a map",
      "leave --style out",
    );
  }
  const { z_dim } = config;
  if (text === undefined || text === "mean") return () => ({ name: "mean", z: new Float32Array(z_dim) });
  const seeded = (seed: number): ChosenStyle => ({ name: `seed:${seed}`, z: normalValues(seed, z_dim) });
  if (text === "random") return () => seeded(randomInt(2 ** 32));
  if (text.startsWith("seed:")) {
    const seed = Number(text.slice(5));
    if (!/^seed:\d+$/.test(text) || !Number.isSafeInteger(seed))
      throw new SpadeError(
        "usage",
        `--style ${text}`,
        "has no seed",
        "write seed:N with a whole number, for example seed:7",
      );
    return () => seeded(seed);
  }
  const z = await readZ(text, z_dim);
  return () => ({ name: text, z });
}

async function readZ(path: string, z_dim: number): Promise<Float32Array> {
  const access = await openFile(path).catch((error: unknown) => {
    if (!(error instanceof SpadeError)) throw error;
    throw new SpadeError(
      "usage",
      `--style ${path}`,
      `is neither mean, random, seed:N nor a file (${error.problem})`,
      "give one of those",
      error,
    );
  });
  const head = Buffer.from(await access.read(0, Math.min(16, access.size))).toString("latin1");
  await access.close();
  if (PICTURE.test(head)) {
    throw new SpadeError(
      "unsupported",
      `--style ${path}`,
      "is a picture, and taking the style of a picture needs the encoder, which is not part of this version",
      "give mean, random, seed:N, or a safetensors file with a tensor z",
    );
  }
  const source = await openCheckpointFile(path);
  try {
    if (!source.names().includes("z"))
      throw new SpadeError(
        "file",
        path,
        `holds no tensor z (but ${source.names().slice(0, 4).join(", ") || "nothing"})`,
        `give a file with a tensor z [${z_dim}]`,
      );
    const z = toF32(await source.read("z"));
    if (z.length !== z_dim)
      throw new SpadeError(
        "shape",
        `${path}, tensor z`,
        `has ${z.length} numbers where the net's z_dim is ${z_dim}`,
        "give a z that was made for this net",
      );
    return z;
  } finally {
    await source.close();
  }
}
