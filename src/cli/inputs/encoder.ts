// The encoder of a net with VAE: finds its file beside the generator's, and computes the style of a picture with it.

import { stat } from "node:fs/promises";
import { openCheckpointFile } from "../../formats/file.ts";
import { pilBicubicResize } from "../../pictures/pil_bicubic.ts";
import { readPhoto } from "../../datasets/photo.ts";
import type { Config } from "../../models/config.ts";
import { EncoderRunner, normalized } from "../../painting/encoder_runner.ts";
import { SpadeError, type Device } from "../../runtime/index.ts";
import { mapSize } from "./maps.ts";
import type { DrawableStyle, StyleWish } from "./style.ts";

/** The encoder's file: the one given, or <epoch>_net_E beside <epoch>_net_G; undefined where there is none. */
export async function findEncoder(weights: string, given: string | undefined): Promise<string | undefined> {
  if (given !== undefined) return given;
  const [, stem] = /^(.*)_net_G\.\w+$/.exec(weights) ?? [];
  if (stem === undefined) return undefined;
  for (const path of [".safetensors", ".pth"].map((ending) => `${stem}_net_E${ending}`))
    if (await stat(path).catch(() => undefined)) return path;
  return undefined;
}

/**
 * Like findEncoder, but fails if there is no encoder.
 * @param what the option that needs it, for the message
 * @throws SpadeError unsupported: no encoder found
 */
export async function needEncoder(weights: string, given: string | undefined, what: string): Promise<string> {
  const path = await findEncoder(weights, given);
  if (path !== undefined) return path;
  throw new SpadeError(
    "unsupported",
    what,
    `needs the net's encoder, and none lies beside ${weights}`,
    "give --encoder latest_net_E.safetensors, or --style mean, random or seed:N",
  );
}

/**
 * Opens an encoder.
 * @param config of the generator that takes the styles
 * @param size of the pictures
 */
export async function openEncoder(
  path: string,
  device: Device,
  config: Config,
  size: { width: number; height: number },
): Promise<EncoderRunner> {
  const checkpoint = await openCheckpointFile(path);
  try {
    return await EncoderRunner.open(checkpoint, device, { path, z_dim: config.z_dim, h: size.height, w: size.width });
  } finally {
    await checkpoint.close();
  }
}

/**
 * Reads the files that a picture's style needs, before a device is opened. The function that it gives resizes the picture to the net's
 * size like the published loader, and encodes its mean style. Other styles stay as they are.
 */
export async function prepareStyle(
  wish: StyleWish,
  weights: string,
  given: string | undefined,
): Promise<(device: Device, config: Config) => Promise<DrawableStyle>> {
  if (wish.kind !== "picture") return async () => wish;
  const { path } = wish;
  const file = await needEncoder(weights, given, `--style ${path}`);
  const photo = await readPhoto(path);
  return async (device, config) => {
    const size = mapSize(config);
    const encoder = await openEncoder(file, device, config, size);
    try {
      const { data } = pilBicubicResize(photo, size.width, size.height);
      return { kind: "fixed", name: path, z: (await encoder.encode(normalized(data))).mu };
    } finally {
      encoder.dispose();
    }
  };
}
