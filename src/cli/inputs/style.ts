// --style: the style vector z of a picture. mean, random, seed:N, a style stored with the net, a file with z, or a picture that the net's
// encoder turns into z.

import { randomInt } from "node:crypto";
import { openFile, openCheckpointFile } from "../../formats/file.ts";
import { toF32 } from "../../formats/tensors.ts";
import type { Config } from "../../models/config.ts";
import { normalValues } from "../../models/philox.ts";
import type { Preset } from "../../models/presets.ts";
import { foreign, SpadeError } from "../../runtime/errors.ts";

export interface ChosenStyle {
  /** The --style that gives it again: "mean", "seed:7", or the file. */
  name: string;
  z: Float32Array;
}

/** What --style asks for. `none`: the net has no VAE. `fixed`: one z for all. */
export type StyleWish =
  | { kind: "none" | "random" }
  | { kind: "seed"; seed: number }
  | ({ kind: "fixed" } & ChosenStyle)
  | { kind: "picture"; path: string };

/** A style that needs no encoder any more. */
export type DrawableStyle = Exclude<StyleWish, { kind: "picture" }>;

const PICTURE = /^(\x89PNG|\xff\xd8\xff|RIFF....WEBP|GIF8|BM)/s;

/**
 * Parses --style and reads the file that it names; a picture is recognised but not decoded. Without --style: the mean.
 * @param presets styles that are stored with the net
 */
export async function readStyle(
  text: string | undefined,
  config: Config,
  presets: readonly Preset[],
): Promise<StyleWish> {
  if (!config.use_vae) {
    if (text === undefined) return { kind: "none" };
    throw new SpadeError(
      "unsupported",
      `--style ${text}`,
      "this net was trained without VAE and has one picture a map",
      "leave --style out",
    );
  }
  const { z_dim } = config;
  if (text === undefined || text === "mean") return { kind: "fixed", name: "mean", z: new Float32Array(z_dim) };
  if (text === "random") return { kind: "random" };
  const stored = presets.find(({ name }) => name === text);
  if (stored) return { kind: "fixed", name: stored.name, z: stored.style };
  if (!text.startsWith("seed:")) return readFileStyle(text, z_dim, presets);
  const seed = Number(text.slice(5));
  if (!/^seed:\d+$/.test(text) || !Number.isSafeInteger(seed))
    throw new SpadeError(
      "usage",
      `--style ${text}`,
      "has no seed",
      "write seed:N with a whole number, for example seed:7",
    );
  return { kind: "seed", seed };
}

/** Draws a style; `random` gives a new one at each call. `nth`: number of the sample of one map, from 0; seed:N uses seed N + nth. */
export function drawStyle(wish: DrawableStyle, z_dim: number, nth = 0): ChosenStyle | undefined {
  const seeded = (seed: number): ChosenStyle => ({ name: `seed:${seed}`, z: normalValues(seed, z_dim) });
  switch (wish.kind) {
    case "none":
      return undefined;
    case "random":
      return seeded(randomInt(2 ** 32));
    case "seed":
      return seeded(wish.seed + nth);
    case "fixed":
      return wish;
  }
}

async function readFileStyle(path: string, z_dim: number, presets: readonly Preset[]): Promise<StyleWish> {
  const access = await openFile(path).catch((error: unknown) => {
    if (!(error instanceof SpadeError)) throw error;
    throw new SpadeError(
      "usage",
      `--style ${path}`,
      `is neither mean, random, seed:N, a style stored with the net nor a file (${error.problem})`,
      presets.length ? `stored are ${foreign(presets.map(({ name }) => name).join(", "), 400)}` : "give one of those",
      error,
    );
  });
  const head = Buffer.from(await access.read(0, Math.min(16, access.size))).toString("latin1");
  await access.close();
  if (PICTURE.test(head)) return { kind: "picture", path };
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
    return { kind: "fixed", name: path, z };
  } finally {
    await source.close();
  }
}
